/**
 * Reads the event log once for the whole process and hands each event to the subscriptions it concerns.
 *
 * A transaction writes its events when it begins to matter and shows them when it commits, and a later one may commit
 * earlier. Invariant: the reader never passes the oldest transaction that is still open (`pg_snapshot_xmin`), so what
 * it has passed is complete. It stands at the last event it read, not at that horizon (cursor.ts says why).
 *
 * NOTIFY says when to look; rows above the horizon are looked at again shortly, because the commit that lowers the
 * horizon need not be one that notifies; and now and then it looks unasked, because news may be lost with the process
 * that sent them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../kernel/log.ts';
import type { Store } from '../store/tx.ts';
import { EVENT_CHANNEL } from './append.ts';
import type { Position } from './cursor.ts';
import { eventColumnsSql, toEntry, type Entry, type EventRow } from './event-row.ts';
import { createRecent, floorOf, type Recent } from './recent.ts';
import { createRoutes, type Scope } from './routes.ts';

export const readerLimits = {
  batch: 1_000,
  /** events kept in memory for those who resume; the first ones are read at start */
  recentEntries: 4_096,
  recentBytes: 8 * 1024 * 1024,
  prefill: 2_000,
  /** between two reads while events stream in: a burst is one read, not hundreds */
  minIntervalMs: 4,
  heldPollMs: 5,
  /** after a second of waiting for the same open transaction */
  heldLongPollMs: 25,
  /** when no NOTIFY came: one may have been lost with its connection */
  slowPollMs: 1_000,
  errorDelayMs: 500,
} as const;

export interface LogReader {
  /** Reads from now on; resolves when the present position is known. */
  start(): Promise<void>;
  /** Everything up to here has been handed out. */
  position(): Position;
  attach(scope: Scope, push: (entry: Entry) => void): () => void;
  recent(after: Position): readonly Entry[] | null;
  /** Resolves after one read that began after the call. */
  poke(): Promise<void>;
  lagMs(): number;
  /** For how long events have waited for the same oldest open transaction, of whomever on the server. */
  heldMs(): number;
  /** Since the last look that succeeded; null before the first. */
  readAgoMs(): number | null;
  recentSize(): number;
  close(): Promise<void>;
}

const READ = `with h as materialized (select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin)
  select exists (select 1 from event w where (w.xid, w.id) > ($1::bigint, $2::bigint) and w.xid >= h.xmin) as held, r.*
    from h left join lateral (
      select ${eventColumnsSql('e')} from event e
       where (e.xid, e.id) > ($1::bigint, $2::bigint) and e.xid < h.xmin and e.generation = $3 order by e.xid, e.id limit ${readerLimits.batch}) r on true
   order by r.xid, r.id`;
const PREFILL = `with h as materialized (select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin)
  select false as held, p.xid as pruned_xid, p.event_id as pruned_id, r.*
    from h left join event_horizon p on p.generation = $1 left join lateral (
      select ${eventColumnsSql('e')} from event e where e.xid < h.xmin and e.generation = $1 order by e.xid desc, e.id desc limit ${readerLimits.prefill}) r on true
   order by r.xid, r.id`;
type ReadRow = { held: boolean; pruned_xid?: string | null; pruned_id?: string | null } & { [K in keyof EventRow]: EventRow[K] | null };

export function createLogReader(deps: { store: Store; generation: number; log: Log }): LogReader {
  const { store, generation, log } = deps;
  const routes = createRoutes();
  let recent: Recent = createRecent({ xid: 0, id: 0 }, { maxEntries: 0, maxBytes: 0 });
  let position: Position = { xid: 0, id: 0 };
  let lag = 0;
  let heldSince: number | null = null;
  let readAt: number | null = null;
  let wanted = false;
  let wake: (() => void) | undefined;
  let pokes: (() => void)[] = [];
  let closed = false;
  let running: Promise<void> | undefined;
  let stopListening = (): void => {};

  const entriesOf = (rows: readonly ReadRow[]): Entry[] =>
    rows.filter((row) => row.id !== null).map((row) => toEntry(row as unknown as EventRow, generation));

  async function prefill(): Promise<void> {
    const rows = await store.query<ReadRow>(PREFILL, [generation]);
    const entries = entriesOf(rows);
    const pruned = { xid: Number(rows[0]!.pruned_xid ?? 0), id: Number(rows[0]!.pruned_id ?? 0) };
    const floor = floorOf(entries, entries.length === readerLimits.prefill, pruned);
    recent = createRecent(floor, { maxEntries: readerLimits.recentEntries, maxBytes: readerLimits.recentBytes });
    recent.add(entries);
    position = entries.at(-1)?.position ?? pruned;
    readAt = performance.now();
  }

  /** True when there may be more at once. */
  async function readOnce(): Promise<boolean> {
    const rows = await store.query<ReadRow>(READ, [position.xid, position.id, generation]);
    const entries = entriesOf(rows);
    const first = rows[0]!;
    const isFull = entries.length === readerLimits.batch;
    const last = entries.at(-1);
    if (last) position = last.position;
    recent.add(entries);
    readAt = performance.now();
    heldSince = first.held ? (heldSince ?? performance.now()) : null;
    if (last) lag = Math.max(0, rows.at(-1)!.age_ms ?? 0);
    // The position is moved before anybody is told: who attaches now starts behind these.
    for (const entry of entries) routes.deliver(entry);
    return isFull;
  }

  const pauseMs = (): number =>
    heldSince === null ? readerLimits.slowPollMs : performance.now() - heldSince < 1_000 ? readerLimits.heldPollMs : readerLimits.heldLongPollMs;

  async function rest(): Promise<void> {
    if (wanted || closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs());
      wake = () => { clearTimeout(timer); resolve(); };
    });
    wake = undefined;
  }

  async function loop(): Promise<void> {
    while (!closed) {
      await rest();
      if (closed) break;
      wanted = false;
      const answered = pokes;
      pokes = [];
      try {
        const startedAt = performance.now();
        while (!closed && (await readOnce())) { /* until the batch is not full */ }
        const early = readerLimits.minIntervalMs - (performance.now() - startedAt);
        if (early > 0 && wanted) await delay(early);
      } catch (error) {
        if (!closed) log.warn({ err: (error as Error).message }, 'cannot read the event log; trying again');
        await delay(readerLimits.errorDelayMs);
      }
      for (const resolve of answered) resolve();
    }
    for (const resolve of pokes) resolve();
  }

  const look = (): void => { wanted = true; wake?.(); };
  let starting: Promise<void> | undefined;
  return {
    start: () => (starting ??= prefill().then(() => {
      if (closed) return;
      stopListening = store.listen(EVENT_CHANNEL, look);
      running = loop();
    }, (error: unknown) => { starting = undefined; throw error; })),
    position: () => position,
    attach: routes.attach,
    recent: (after) => recent.after(after),
    poke: () => (closed ? Promise.resolve() : new Promise<void>((resolve) => { pokes.push(resolve); look(); })),
    lagMs: () => lag,
    heldMs: () => (heldSince === null ? 0 : performance.now() - heldSince),
    readAgoMs: () => (readAt === null ? null : performance.now() - readAt),
    recentSize: () => recent.size(),
    async close() {
      closed = true;
      stopListening();
      wake?.();
      await running;
    },
  };
}
