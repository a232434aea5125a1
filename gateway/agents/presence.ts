/** Where an agent is, and waiting for one that is not there yet: driven by notifications, with a slow look besides, since one may be lost. */
import { CofferError } from '../../kernel/errors.ts';
import type { EngineState } from '../domain/instance/observation.ts';
import type { Store } from '../store/tx.ts';
import type { AgentDoc } from './hello.ts';
import { AGENT_CHANNEL } from './records.ts';

export interface AgentInfo extends AgentDoc { instanceId: string }

export interface Presence {
  /** The agent on whose stream a gateway is now. Throws AGENT.UNREACHABLE, AGENT.REFUSED or RESOURCE.NOT_FOUND. */
  find(instanceId: string): Promise<AgentInfo>;
  /** Resolves when the agent's last report on record says that the engine is in one of the states. Rejects with the signal's reason. */
  waitForEngine(instanceId: string, states: readonly EngineState[], signal: AbortSignal): Promise<void>;
  /** The same as `find`, after waiting for it to connect; an agent that is refused ends the wait. Rejects with the signal's reason. */
  wait(instanceId: string, signal: AbortSignal): Promise<AgentInfo>;
  close(): void;
}

const SLOW_LOOK_MS = 2_000;

interface Row { agent: AgentDoc | null; present: boolean; deleted: boolean }

export function createPresence(store: Store): Presence {
  const waiting = new Map<string, Set<() => void>>();
  let unlisten: (() => void) | undefined;

  function hear(instanceId: string): void {
    // An empty payload follows a reconnect: whatever happened meanwhile went unheard, so everybody looks.
    const woken = instanceId === '' ? [...waiting.values()] : [waiting.get(instanceId) ?? new Set<() => void>()];
    for (const listeners of woken) for (const listener of listeners) listener();
  }

  async function look(instanceId: string): Promise<AgentInfo | null> {
    const [row] = await store.query<Row>(
      'select agent, (agent_gateway is not null) as present, (deleted_at is not null) as deleted from instance where id = $1', [instanceId]);
    if (!row || row.deleted) throw new CofferError('RESOURCE.NOT_FOUND', `instance ${instanceId} was not found`);
    if (row.agent?.refused) throw new CofferError('AGENT.REFUSED', `the agent of ${instanceId} does not fit this gateway: ${row.agent.refused}`);
    return row.present && row.agent ? { ...row.agent, instanceId } : null;
  }

  /** Asks `is` again whenever something of the instance was notified, until it has an answer. */
  async function until<T>(instanceId: string, signal: AbortSignal, is: () => Promise<T | null>): Promise<T> {
    unlisten ??= store.listen(AGENT_CHANNEL, hear);
    let wake = (): void => {};
    const listener = (): void => wake();
    const listeners = waiting.get(instanceId) ?? new Set();
    waiting.set(instanceId, listeners.add(listener));
    signal.addEventListener('abort', listener);
    try {
      for (;;) {
        signal.throwIfAborted();
        // Ready to be woken before looking, so that nothing falls between.
        const news = new Promise<void>((resolve) => { wake = resolve; });
        const found = await is();
        if (found !== null) return found;
        const slow = setTimeout(wake, SLOW_LOOK_MS);
        await news;
        clearTimeout(slow);
      }
    } finally {
      signal.removeEventListener('abort', listener);
      listeners.delete(listener);
      if (listeners.size === 0 && waiting.get(instanceId) === listeners) waiting.delete(instanceId);
    }
  }

  return {
    async find(instanceId) {
      const agent = await look(instanceId);
      if (!agent) throw new CofferError('AGENT.UNREACHABLE', `the agent of ${instanceId} is not connected`, { details: { retryAfterMs: 2_000 } });
      return agent;
    },
    wait: (instanceId, signal) => until(instanceId, signal, () => look(instanceId)),
    async waitForEngine(instanceId, states, signal) {
      await until(instanceId, signal, async () => {
        const rows = await store.query(`select 1 from instance where id = $1 and (deleted_at is not null or observation->>'engine' = any($2::text[]))`, [instanceId, states]);
        return rows.length > 0 ? true : null;
      });
    },
    close() {
      unlisten?.();
      unlisten = undefined;
    },
  };
}
