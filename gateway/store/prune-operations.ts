/** An operation that has ended is kept as long as the events that tell of it. */
import type { Tx } from './tx.ts';

const BATCH = 1_000;
const MAX_BATCHES = 100;

/** Answers how many were forgotten. Ids are in the order of creation: only the oldest are looked at, and never past young ones. */
export async function pruneOperations(store: Tx, olderThanDays: number): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const rows = await store.query(
      `with oldest as (select id, finished_at from operation order by id limit ${BATCH})
       delete from operation where id in (select id from oldest where finished_at < now() - make_interval(days => $1)) returning 1 as gone`,
      [olderThanDays],
    );
    total += rows.length;
    if (rows.length < BATCH) break;
  }
  return total;
}
