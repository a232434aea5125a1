/**
 * Migrations of the control plane's store, made and checked against a throw-away PostgreSQL.
 *
 *     node scripts/migration.ts new <name>    writes prisma/migrations/<time>_<name>/migration.sql from what changed
 *     node scripts/migration.ts check         fails when prisma/schema.prisma and the migrations differ
 *
 * Read the SQL of a new one before it is committed: migrations only expand, see prisma/schema.prisma.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestPostgres } from '../test/support/postgres.ts';
import { diffMigrations, LOCK_FILE, LOCK_FILE_CONTENT, nameMigration } from './migration-files.ts';
import { ROOT } from './run.ts';

const PATHS = { migrations: join(ROOT, 'prisma/migrations'), schema: join(ROOT, 'prisma/schema.prisma') };

async function withServer<T>(work: (url: string) => Promise<T>): Promise<T> {
  const server = await startTestPostgres();
  try {
    return await work(await server.createDatabase());
  } finally {
    await server.stop();
  }
}

async function create(title: string): Promise<void> {
  const name = nameMigration(title, new Date());
  const sql = await withServer((url) => diffMigrations(url, PATHS, 'sql'));
  if (!sql) {
    console.log('prisma/schema.prisma and the migrations already agree: nothing to write');
    return;
  }
  await mkdir(join(PATHS.migrations, name), { recursive: true });
  await writeFile(join(PATHS.migrations, name, 'migration.sql'), `${sql}\n`);
  await writeFile(join(PATHS.migrations, LOCK_FILE), LOCK_FILE_CONTENT);
  console.log(`prisma/migrations/${name}/migration.sql`);
}

async function check(): Promise<void> {
  const drift = await withServer((url) => diffMigrations(url, PATHS, 'summary'));
  if (!drift) return;
  console.error(`${drift}\n\nprisma/schema.prisma and prisma/migrations differ: node scripts/migration.ts new <name>`);
  process.exitCode = 1;
}

const [command, ...words] = process.argv.slice(2);
try {
  if (command === 'new') await create(words.join(' '));
  else if (command === 'check') await check();
  else throw new Error('usage: node scripts/migration.ts new <name> | check');
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
