/** A key is remembered for a day; later the same request makes a new thing. */
import type { Tx } from './tx.ts';

export const IDEMPOTENCY_KEY_HOURS = 24;
const BATCH = 5_000;
const MAX_BATCHES = 100;

/** Answers how many were forgotten. Small batches: no transaction of ours stays open for long. */
export async function pruneIdempotencyKeys(store: Tx, olderThanHours: number = IDEMPOTENCY_KEY_HOURS): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const rows = await store.query(
      `delete from idempotency_key where ctid in
         (select ctid from idempotency_key where created_at < now() - make_interval(hours => $1) limit ${BATCH}) returning 1 as gone`,
      [olderThanHours],
    );
    total += rows.length;
    if (rows.length < BATCH) break;
  }
  return total;
}
