import { mkdir, rename, rm } from 'node:fs/promises';
import { GuestFault } from '@coffer/plugin-sdk';
import { additions } from './additions.js';
import { configure, read } from './configure.js';
import { describe } from './describe.js';
import { configOf, put, putConfig, putStartingConfig, readText, usersOf, withSystemUsers } from './files.js';
import { ask, manage } from './management.js';
import { resize } from './resize.js';
import { EngineError, Silence } from './resp.js';
import { users } from './users.js';

/** @typedef {import('@coffer/plugin-sdk').GuestContext} Context */

const lookEveryMs = 20;
const probeTimeoutMs = 1_500;
const strangers = new Set(['WRONGPASS', 'NOAUTH', 'NOPERM']);

/** @type {import('@coffer/plugin-sdk').GuestHalf} */
export const guest = {
  users,
  graphql: additions,
  configuration: { describe, read },
  configure,
  resize,
  async initialise(ctx) {
    if ((await readText(usersOf(ctx))) !== null) return;
    await ctx.engine.killLeftovers();
    const aside = `${ctx.paths.data}.new`;
    await rm(aside, { recursive: true, force: true });
    await rm(ctx.paths.data, { recursive: true, force: true });
    await mkdir(aside, { mode: 0o700 });
    await put(ctx, `${aside}/users.acl`, withSystemUsers(ctx, ''));
    await ctx.engine.own(aside, 0o700);
    await rename(aside, ctx.paths.data);
  },
  async start(ctx) {
    if ((await readText(usersOf(ctx))) === null) throw new GuestFault('FAILED', 'the instance has no data: initialise it first');
    // A start that was cut off before its pid was on record left an engine that holds port and data.
    if (ctx.engine.pid() === null) await ctx.engine.killLeftovers();
    await (ctx.engine.pid() === null ? putStartingConfig(ctx) : putConfig(ctx));
    await ctx.engine.start({ command: `${ctx.paths.bin}/valkey-server`, args: [configOf(ctx)], cwd: ctx.paths.data, logFile: 'valkey.log' });
    for (;;) {
      const { state, detail, managementLost } = await guest.probe(ctx);
      if (managementLost) throw new GuestFault('FAILED', 'the engine refuses the management account');
      if (state === 'ok') return;
      if (ctx.engine.pid() === null) throw new GuestFault('FAILED_TO_START', `the engine ended: ${(await ctx.engine.logTail(5)).join(' / ')}`);
      if (ctx.signal.aborted) throw new GuestFault('RETRYABLE', `the engine was not ready in time (${detail ?? state})`);
      await new Promise((resolve) => { setTimeout(resolve, lookEveryMs); });
    }
  },
  async stop(ctx, mode) {
    if (ctx.engine.pid() === null) return;
    await ctx.engine.signal(mode === 'orderly' ? 'SIGTERM' : 'SIGKILL');
    await ctx.engine.exited(ctx.signal);
  },
  async probe(ctx) {
    const found = (/** @type {'ok' | 'starting' | 'down' | 'hung'} */ state, /** @type {string | null} */ detail = null, managementLost = false) =>
      ({ state, detail, version: state === 'ok' ? ctx.version : null, managementLost });
    if (ctx.engine.pid() === null) return found('down');
    try {
      await manage(ctx, AbortSignal.any([ctx.signal, AbortSignal.timeout(probeTimeoutMs)]), ['PING']);
      return found('ok');
    } catch (error) {
      if (error instanceof Silence) return found('hung', error.message);
      if (!(error instanceof EngineError)) return found(ctx.engine.pid() === null ? 'down' : 'starting');
      if (error.kind === 'LOADING') return found('starting', 'loading the data into memory');
      // It answers, though it has no room for us, or does not know us any more.
      return found('ok', error.message, strangers.has(error.kind));
    }
  },
  async repair(ctx) {
    const before = await readText(usersOf(ctx));
    if (before === null) throw new GuestFault('FAILED', 'the instance has no data to repair');
    const isSound = ctx.engine.pid() !== null && withSystemUsers(ctx, before) === before && !(await guest.probe(ctx)).managementLost;
    if (!isSound) {
      await guest.stop(ctx, 'orderly');
      await put(ctx, usersOf(ctx), withSystemUsers(ctx, (await readText(usersOf(ctx))) ?? before));
    }
    await guest.start(ctx);
  },
  tls: {
    /** New connections get the new certificate; those that are open stay. */
    async rotate(ctx) {
      const { certificate, key, ca } = ctx.tls;
      if (ctx.engine.pid() !== null) await ask(ctx, ['CONFIG', 'SET', 'tls-cert-file', certificate, 'tls-key-file', key, 'tls-ca-cert-file', ca]);
    },
  },
};
