/** A look into an installation's store, for what no client may see: locks, leases, secrets. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Installation } from './installation.ts';

export async function lookIntoStore<Row extends object>(coffer: Pick<Installation, 'home' | 'env'>, sql: string, values: unknown[] = []): Promise<Row[]> {
  const connectionString = coffer.env['DATABASE_URL'] ?? (await readFile(join(coffer.home, 'control/store-url'), 'utf8')).trim();
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
