/**
 * Subscriptions on the event log: the present and then every change, or every change since a cursor. Any gateway can
 * continue what another began.
 *
 * - Without a cursor: join the live stream (it buffers), read the present together with its MVCC snapshot in one
 *   transaction, then drop what that snapshot already showed.
 * - With one: read on from the table until the position is within memory, then join the live stream and take the rest
 *   from memory, both without giving up the thread in between, so nothing falls into the gap.
 * - With one that is of another generation, ahead of the store or older than the prune horizon: the present, marked
 *   as a reset.
 */
import { CofferError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Store } from '../store/tx.ts';
import { createBuffer } from './buffer.ts';
import { decodeCursor, encodeCursor, isAfter, parseSnapshot, type Cursor, type Position } from './cursor.ts';
import type { Entry } from './event-row.ts';
import type { EventFeed, FeedItem, FeedRequest, LogEvent } from './feed.ts';
import { createHistory } from './history.ts';
import { createLimiter } from './limiter.ts';
import { createLogReader } from './log-reader.ts';
import { concerns, type Scope } from './routes.ts';
import { createStreamFilter } from './stream-filter.ts';

export const feedLimits = {
  /** events that wait for one subscriber before it is ended */
  maxBuffered: 2_000,
  /** statements of subscriptions that begin or resume, at once; 500 of them take turns */
  readsAtOnce: 4,
} as const;

const BEGINNING: Position = { xid: 0, id: 0 };

export interface RunningFeed extends EventFeed {
  /** Subscriptions wait for it by themselves; call it to be ready before the first. */
  start(): Promise<void>;
  /** `heldMs`: for how long an open transaction (anybody's on the server) has held events back. `readAgoMs`: since the log was last read. */
  stats(): { subscriptions: number; recentEvents: number; heldMs: number; readAgoMs: number | null };
  close(): Promise<void>;
}

export function createEventFeed(deps: { store: Store; generation: number; log: Log; maxBuffered?: number }): RunningFeed {
  const { store, generation } = deps;
  const reader = createLogReader(deps);
  const limiter = createLimiter(feedLimits.readsAtOnce);
  const history = createHistory({ store, generation, limiter });
  const maxBuffered = deps.maxBuffered ?? feedLimits.maxBuffered;
  const open = new Set<() => void>();

  /** Null when the present has to be told instead. */
  async function resumable(text: string): Promise<Cursor | null> {
    const cursor = decodeCursor(text);
    if (!cursor || cursor.generation !== generation) return null;
    // Another gateway may be a moment ahead of this one; a cursor that is still ahead after a fresh read is not ours.
    if (isAfter(cursor.position, reader.position())) await reader.poke();
    return isAfter(cursor.position, reader.position()) ? null : cursor;
  }

  async function* subscribe<S>(request: FeedRequest<S>): AsyncGenerator<FeedItem<S>, void, undefined> {
    const { signal } = request;
    const scope: Scope = { subject: request.subject, projectId: request.projectId };
    const buffer = createBuffer(maxBuffered);
    const close = (): void => buffer.close();
    let detach = (): void => {};
    const join = (): void => { detach = reader.attach(scope, buffer.push); };
    signal.addEventListener('abort', close, { once: true });
    open.add(close);
    try {
      await reader.start();
      const cursor = request.after ? await resumable(request.after) : null;
      let isReset = Boolean(request.after) && !cursor;
      let filter = createStreamFilter(generation, cursor?.position ?? BEGINNING, cursor?.snapshot ?? null);
      const told = (entry: Entry): LogEvent | null => {
        const event = filter.pass(entry);
        return event && request.accept && !request.accept(event) ? null : event;
      };
      if (cursor) {
        let from = cursor.position;
        let rest = reader.recent(from);
        while (!rest && !signal.aborted) {
          const page = await history(scope, from);
          isReset = page.isPruned;
          if (isReset) break;
          for (const entry of page.entries) {
            const event = told(entry);
            if (event) yield { kind: 'event', event };
          }
          from = page.end;
          rest = reader.recent(from);
        }
        // No await between the look into memory and this: what comes later comes through the buffer.
        if (rest && !isReset) {
          join();
          filter.skipTo(from);
          for (const entry of rest) {
            const event = concerns(scope, entry) ? told(entry) : null;
            if (event) yield { kind: 'event', event };
          }
        }
      }
      if (signal.aborted) return;
      if (!cursor || isReset) {
        const from = reader.position();
        join();
        const present = await limiter(() => store.snapshot(async (tx, text) => {
          const [newest] = await tx.query<{ id: string }>('select coalesce(max(id), 0) as id from event');
          return { value: await request.snapshot(tx.query), text: `${text}:${newest!.id}` };
        }));
        const snapshot = parseSnapshot(present.text);
        filter = createStreamFilter(generation, BEGINNING, snapshot);
        if (signal.aborted) return;
        yield { kind: 'snapshot', cursor: encodeCursor(generation, from, snapshot), reset: isReset, value: present.value };
      }
      for (let batch = await buffer.take(); batch; batch = await buffer.take()) {
        for (const entry of batch) {
          const event = told(entry);
          if (event) yield { kind: 'event', event };
          if (signal.aborted) return;
        }
      }
      if (buffer.isOverflown()) {
        throw new CofferError('SUBSCRIPTION.TOO_SLOW', `the subscriber fell more than ${maxBuffered} events behind; subscribe again after its last cursor`);
      }
    } finally {
      detach();
      open.delete(close);
      signal.removeEventListener('abort', close);
    }
  }

  return {
    subscribe,
    start: reader.start,
    position: () => encodeCursor(generation, reader.position()),
    lagMs: reader.lagMs,
    stats: () => ({ subscriptions: open.size, recentEvents: reader.recentSize(), heldMs: reader.heldMs(), readAgoMs: reader.readAgoMs() }),
    async close() {
      for (const end of open) end();
      await reader.close();
    },
  };
}
