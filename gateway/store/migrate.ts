/**
 * Applies `prisma/migrations/<name>/migration.sql` the way `prisma migrate deploy` does (same lock, same table, same
 * checksums), so that Prisma's own tools agree about what is there. Runs at every start of a gateway; two that start
 * at once wait for each other.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { CofferError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { connectionConfig } from './connection.ts';
import { schemaLevel } from './schema-level.ts';

export interface MigrateOptions {
  url: string;
  /** the folder `prisma/migrations` */
  folder: string;
  log: Log;
  /** level of this release; tests play other releases */
  level?: number;
}
interface Migration { name: string; sql: string; checksum: string }
interface Applied { name: string; checksum: string; isFinished: boolean }

const PRISMA_LOCK = 72707369;
/** Another gateway may be building an index. */
const LOCK_TIMEOUT_MS = 120_000;

const TABLE = `create table if not exists _prisma_migrations (
  id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
  migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
  started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`;

/** Answers the names of the migrations that were applied now. */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const known = await readMigrations(options.folder);
  const client = new pg.Client({ ...connectionConfig(options.url, 'coffer-migrate'), query_timeout: LOCK_TIMEOUT_MS });
  client.on('error', () => {}); // the running statement reports it
  await client.connect();
  try {
    await client.query(`select set_config('lock_timeout', '${LOCK_TIMEOUT_MS}', false)`);
    await client.query('select pg_advisory_lock($1)', [PRISMA_LOCK]);
    await refuseNewerStore(client, options.level ?? schemaLevel.current);
    await client.query(TABLE);
    const pending = decidePending(known, await readApplied(client));
    for (const migration of pending) {
      options.log.info({ migration: migration.name }, 'migrating the store');
      await apply(client, migration);
    }
    return pending.map((migration) => migration.name);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Pure. Unknown migrations are a neighbouring release's and none of our business: the level decides about those. */
export function decidePending(known: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const byName = new Map(applied.map((row) => [row.name, row]));
  return known.filter((migration) => {
    const row = byName.get(migration.name);
    if (!row) return true;
    if (!row.isFinished) throw new Error(`the migration ${row.name} was begun on this store and never finished: restore the store, or finish it by hand and run \`prisma migrate resolve\``);
    if (row.checksum !== migration.checksum) throw new Error(`the migration ${row.name} differs from the one this store was made with: run the release that made the store, or start with an empty one`);
    return false;
  });
}

async function refuseNewerStore(client: pg.Client, level: number): Promise<void> {
  const exists = await client.query<{ found: boolean }>(`select to_regclass('installation') is not null as found`);
  if (!exists.rows[0]?.found) return;
  const { rows } = await client.query<{ schema_level: number }>('select schema_level from installation where id = 1');
  const needed = rows[0]?.schema_level ?? 0;
  if (needed <= level) return;
  throw new CofferError('STORE.TOO_NEW', `this store was written by a newer release of Coffer (it needs schema level ${needed}, this release has ${level})`);
}

async function readApplied(client: pg.Client): Promise<Applied[]> {
  const { rows } = await client.query<Applied>(
    'select migration_name as name, checksum, finished_at is not null as "isFinished" from _prisma_migrations where rolled_back_at is null',
  );
  return rows;
}

/** One transaction a migration: it is there as a whole, with its row, or not at all. */
async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.sql);
    await client.query(
      'insert into _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count) values ($1, $2, clock_timestamp(), $3, now(), 1)',
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw new Error(`the migration ${migration.name} failed and was undone: ${(error as Error).message}`, { cause: error });
  }
}

export async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  return Promise.all(names.map(async (name) => {
    const bytes = await readFile(join(folder, name, 'migration.sql'));
    return { name, sql: bytes.toString('utf8'), checksum: createHash('sha256').update(bytes).digest('hex') };
  }));
}
