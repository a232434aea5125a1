/** The handlers of what `api.js` adds to the API. */
import { GuestFault } from '@coffer/plugin-sdk';
import { ask, info } from './management.js';

const lookEveryMs = 100;

/** @typedef {import('@coffer/plugin-sdk').GuestContext} Context */

/** @type {NonNullable<import('@coffer/plugin-sdk').GuestHalf['graphql']>} */
export const additions = {
  fields: {
    async memory(ctx) {
      const told = await info(ctx, 'memory');
      const bytes = (/** @type {string} */ name) => Number(told.get(name));
      return { usedBytes: bytes('used_memory'), peakBytes: bytes('used_memory_peak'), limitBytes: bytes('maxmemory') };
    },
    async keyspace(ctx, { number }) {
      const told = (await info(ctx, 'keyspace')).get(`db${Number(number)}`) ?? '';
      const count = (/** @type {string} */ name) => Number(new RegExp(`${name}=(\\d+)`).exec(told)?.[1] ?? 0);
      return { keys: count('keys'), expiring: count('expires') };
    },
  },
  actions: {
    /** One that runs is waited for: it may be this operation's, begun before the agent was restarted. */
    async rewriteLog(ctx) {
      const told = () => info(ctx, 'persistence');
      const isBusy = (/** @type {Map<string, string>} */ now) => now.get('aof_rewrite_in_progress') === '1' || now.get('aof_rewrite_scheduled') === '1';
      if (!isBusy(await told())) await ask(ctx, ['BGREWRITEAOF']);
      ctx.progress(0.1, 'the append-only file is being written anew');
      for (;;) {
        const now = await told();
        if (isBusy(now)) {
          ctx.signal.throwIfAborted();
          await new Promise((resolve) => { setTimeout(resolve, lookEveryMs); });
        } else if (now.get('aof_last_bgrewrite_status') === 'ok') return;
        else throw new GuestFault('FAILED', 'the engine could not write the file; its log tells why');
      }
    },
  },
};
