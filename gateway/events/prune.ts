/**
 * Keeps the log small. What a reader may rely on:
 *
 * - A START, END, ERROR or INFO event stays for `keepDays`. A cursor older than what is gone is answered with the
 *   present (`reset: true`), never with a stream that has a hole.
 * - A PROGRESS event stays for `keepProgressMinutes`, and beyond that as long as it is the latest of its kind about
 *   its subject (for an operation: until the operation has ended). So whoever resumes later may miss steps in between,
 *   but never the state things came to; such a cursor needs no reset.
 *
 * Gateways take turns by an advisory lock; every batch is a short transaction.
 */
import type { Log } from '../../kernel/log.ts';
import type { Store } from '../store/tx.ts';

export interface PruneOptions { keepProgressMinutes?: number; keepDays?: number }
export interface Pruned { progress: number; others: number }

export const pruneDefaults = { keepProgressMinutes: 60, keepDays: 90 } as const;
const LOCK = 72707370;
const BATCH = 2_000;
/** What is left over is taken at the next round. */
const MAX_BATCHES = 200;

const DELETE_PROGRESS = `with old as (
    select e.id from event e where e.phase = 'PROGRESS' and e.at < now() - make_interval(mins => $1) and e.id > $2::bigint
       and exists (select 1 from event n where n.subject = e.subject and (n.xid, n.id) > (e.xid, e.id)
                     and case when e.type = 'operation.updated'
                              then n.operation_id = e.operation_id and (n.type = e.type or n.phase in ('END', 'ERROR'))
                              else n.type = e.type or n.phase = 'INFO' and n.type = 'instance.deleted' end)
     order by e.id limit ${BATCH}),
  gone as (delete from event where id in (select id from old) returning id)
  select count(*)::int as count, coalesce(max(id), 0)::text as last from gone`;

/** The oldest first, and never past one that stays: so the horizon is one position. */
const DELETE_OTHERS = `with oldest as (select e.xid, e.id, e.generation, e.at from event e order by e.xid, e.id limit ${BATCH}),
  young as (select xid, id from oldest where at >= now() - make_interval(days => $1) order by xid, id limit 1),
  old as (select o.* from oldest o where not exists (select 1 from young y where (y.xid, y.id) <= (o.xid, o.id))),
  gone as (delete from event where id in (select id from old) returning xid, id, generation),
  last as (select generation, xid, id from gone order by generation desc, xid desc, id desc limit 1),
  marked as (insert into event_horizon (id, generation, xid, event_id) select 1, generation, xid, id from last
     on conflict (id) do update set generation = excluded.generation, xid = excluded.xid, event_id = excluded.event_id, pruned_at = now()
      where (event_horizon.generation, event_horizon.xid, event_horizon.event_id) < (excluded.generation, excluded.xid, excluded.event_id)
     returning 1)
  select count(*)::int as count, (select count(*) from marked)::int as marked from gone`;

/** Null when another gateway is at it. */
export async function pruneEvents(store: Store, options: PruneOptions = {}): Promise<Pruned | null> {
  const { keepProgressMinutes, keepDays } = { ...pruneDefaults, ...options };
  const pruned: Pruned = { progress: 0, others: 0 };
  const inTurn = <T>(work: (tx: Pick<Store, 'query'>) => Promise<T>): Promise<T | null> =>
    store.transaction(async (tx) => {
      const [row] = await tx.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [LOCK]);
      return row?.mine ? work(tx) : null;
    });
  let last = '0';
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const rows = await inTurn((tx) => tx.query<{ count: number; last: string }>(DELETE_PROGRESS, [keepProgressMinutes, last]));
    if (!rows) return null;
    pruned.progress += rows[0]!.count;
    last = rows[0]!.last;
    if (rows[0]!.count < BATCH) break;
  }
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const rows = await inTurn((tx) => tx.query<{ count: number }>(DELETE_OTHERS, [keepDays]));
    if (!rows) return null;
    pruned.others += rows[0]!.count;
    if (rows[0]!.count < BATCH) break;
  }
  return pruned;
}

/** Runs `pruneEvents` and what else is to be forgotten, now and then, until closed. */
export function createPruner(deps: { store: Store; log: Log; intervalMs?: number; tasks: ((store: Store) => Promise<unknown>)[] }): { close(): Promise<void> } {
  const { store, log, intervalMs = 10 * 60_000 } = deps;
  let current: Promise<void> = Promise.resolve();
  let isRunning = false;
  const round = async (): Promise<void> => {
    for (const task of deps.tasks) await task(store).catch((error: Error) => log.warn({ err: error.message }, 'pruning failed; trying again at the next round'));
  };
  const timer = setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    current = round().finally(() => { isRunning = false; });
  }, intervalMs).unref();
  return {
    async close() {
      clearInterval(timer);
      await current;
    },
  };
}
