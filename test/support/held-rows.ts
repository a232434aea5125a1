/** Rows that somebody else holds, so that those who want them at the same moment are seen to wait and then go on one after the other. */
import { expect } from 'vitest';
import type { Store } from '../../gateway/store/tx.ts';
import { connectTo } from './store.ts';

/** Resolves when so many sessions wait for a lock that somebody holds. */
export const seeWaiting = (store: Store, count: number): Promise<void> => expect.poll(async () =>
  (await store.query<{ n: number }>(`select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`))[0]!.n, { timeout: 10_000, interval: 10 }).toBe(count);

/** Begins `works` while the rows are held, waits until each of them waits, and lets them go. */
export async function whileHeld<T>({ url, store }: { url: string; store: Store }, rows: { text: string; values: unknown[] }, works: readonly (() => Promise<T>)[]): Promise<T[]> {
  const other = await connectTo(url);
  try {
    await other.query('begin');
    await other.query(rows.text, rows.values);
    const begun = Promise.all(works.map((work) => work()));
    begun.catch(() => {}); // it is awaited below
    await seeWaiting(store, works.length);
    await other.query('rollback');
    return await begun;
  } finally {
    await other.end();
  }
}
