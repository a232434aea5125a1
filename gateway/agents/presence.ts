/** Where an agent is, and waiting for one that is not there yet. Driven by notifications, not by polling. */
import { CofferError } from '../../kernel/errors.ts';
import type { Store } from '../store/tx.ts';
import type { AgentDoc } from './hello.ts';
import { AGENT_CHANNEL } from './records.ts';

export interface AgentInfo extends AgentDoc { instanceId: string }

export interface Presence {
  /** The agent on whose stream a gateway is now. Throws AGENT.UNREACHABLE, AGENT.REFUSED or RESOURCE.NOT_FOUND. */
  find(instanceId: string): Promise<AgentInfo>;
  /** The same, after waiting for it to connect; an agent that is refused ends the wait. Rejects with the signal's reason. */
  wait(instanceId: string, signal: AbortSignal): Promise<AgentInfo>;
  close(): void;
}

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

  return {
    async find(instanceId) {
      const agent = await look(instanceId);
      if (!agent) throw new CofferError('AGENT.UNREACHABLE', `the agent of ${instanceId} is not connected`, { details: { retryAfterMs: 2_000 } });
      return agent;
    },
    async wait(instanceId, signal) {
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
          const agent = await look(instanceId);
          if (agent) return agent;
          await news;
        }
      } finally {
        signal.removeEventListener('abort', listener);
        listeners.delete(listener);
        if (listeners.size === 0 && waiting.get(instanceId) === listeners) waiting.delete(instanceId);
      }
    },
    close() {
      unlisten?.();
      unlisten = undefined;
    },
  };
}
