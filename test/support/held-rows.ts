/** Rows that somebody else holds, so that those who want them at the same moment are seen to wait and then go on one after the other. */
import { expect } from 'vitest';
import type { Store } from '../../gateway/store/tx.ts';
import type { TestPostgres } from './postgres.ts';
import { connectTo } from './store.ts';

/** Begins `works` while the rows are held, waits until each of them waits, and lets them go. */
export async function whileHeld<T>(server: TestPostgres, store: Store, rows: { text: string; values: unknown[] }, works: readonly (() => Promise<T>)[]): Promise<T[]> {
  const [{ name } = { name: '' }] = await store.query<{ name: string }>('select current_database() as name');
  const other = await connectTo(Object.assign(new URL(server.url), { pathname: `/${name}` }).href);
  try {
    await other.query('begin');
    await other.query(rows.text, rows.values);
    const begun = Promise.all(works.map((work) => work()));
    begun.catch(() => {}); // it is awaited below
    await expect.poll(async () => (await store.query<{ n: number }>(`select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`))[0]!.n, { timeout: 10_000, interval: 10 }).toBe(works.length);
    await other.query('rollback');
    return await begun;
  } finally {
    await other.end();
  }
}
