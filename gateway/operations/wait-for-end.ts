/** Waits for operations to end: woken by NOTIFY, all that are waited for are looked at in one statement. */
import type { Log } from '../../kernel/log.ts';
import type { Store } from '../store/tx.ts';
import { END_CHANNEL } from './operation-rows.ts';

export interface EndWatch {
  /** Resolves true when the operation has ended (or is gone), false at the timeout or abort. */
  wait(id: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
  close(): void;
}

/** A NOTIFY may be lost with its connection. */
const SLOW_POLL_MS = 2_000;

export function createEndWatch(deps: { store: Store; log: Log }): EndWatch {
  const { store, log } = deps;
  const waiting = new Map<string, Set<(hasEnded: boolean) => void>>();
  let unlisten: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;

  const tell = (id: string): void => { for (const resolve of waiting.get(id) ?? []) resolve(true); };

  async function look(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    try {
      const open = await store.query<{ id: string }>(`select o.id from operation o where o.id = any($1::text[]) and o.state in ('PENDING', 'RUNNING', 'CANCELLING')`, [ids]);
      const isOpen = new Set(open.map((row) => row.id));
      for (const id of ids) if (!isOpen.has(id)) tell(id);
    } catch (error) {
      log.warn({ err: (error as Error).message }, 'cannot see whether operations have ended; trying again');
    }
  }

  function begin(): void {
    unlisten ??= store.listen(END_CHANNEL, (id) => { if (id === '') void look([...waiting.keys()]); else tell(id); });
    timer ??= setInterval(() => void look([...waiting.keys()]), SLOW_POLL_MS).unref();
  }

  return {
    async wait(id, timeoutMs, signal) {
      begin();
      let resolveWait!: (hasEnded: boolean) => void;
      const ended = new Promise<boolean>((resolve) => { resolveWait = resolve; });
      const set = waiting.get(id) ?? new Set();
      waiting.set(id, set.add(resolveWait));
      const timeout = setTimeout(() => resolveWait(false), timeoutMs);
      const abort = (): void => resolveWait(false);
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted) abort();
      try {
        // After we are on the list: an end before this look is seen, one after it is told.
        await look([id]);
        return await ended;
      } finally {
        clearTimeout(timeout);
        signal?.removeEventListener('abort', abort);
        set.delete(resolveWait);
        if (set.size === 0 && waiting.get(id) === set) waiting.delete(id);
      }
    },
    close() {
      unlisten?.();
      clearInterval(timer);
      for (const set of waiting.values()) for (const resolve of set) resolve(false);
    },
  };
}
