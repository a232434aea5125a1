/** Prisma's CLI with our schema engine: without the internet, and on what the stock adapter gets wrong. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { diffMigrations } from '../../../scripts/migration-files.ts';
import { runCommand } from '../../../scripts/run.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';

let server: TestPostgres;
let folder: string;
beforeAll(async () => {
  [server, folder] = await Promise.all([startTestPostgres(), mkdtemp(join(tmpdir(), 'coffer-schema-'))]);
});
afterAll(() => Promise.all([server.stop(), rm(folder, { recursive: true, force: true })]));

async function project(schema: string, sql: string) {
  const paths = { schema: join(folder, 'schema.prisma'), migrations: join(folder, 'migrations') };
  await mkdir(join(paths.migrations, '20260101000000_first'), { recursive: true });
  await writeFile(join(paths.migrations, '20260101000000_first/migration.sql'), sql);
  await writeFile(paths.schema, `datasource db {\n  provider = "postgresql"\n}\n${schema}`);
  return paths;
}

const MODEL = 'model Thing {\n  id Int @id\n  kind String\n}\n';
const TABLE = 'create table "Thing" (id int not null, kind text not null, constraint "Thing_pkey" primary key (id));';

test('the migrations are deployed, and deployed they are up to date', async () => {
  const url = (await server.createDatabase()).replace(/[^/]+$/, 'made_by_the_cli');
  const prisma = (...args: string[]) => runCommand('prisma', args, { env: { DATABASE_URL: url } });
  expect(await prisma('migrate', 'deploy')).toMatchObject({ code: 0 });
  expect(await prisma('migrate', 'status')).toMatchObject({ code: 0, output: expect.stringContaining('up to date') });
});

test('a database that cannot be reached is said so', async () => {
  const DATABASE_URL = 'postgresql://nobody:x@127.0.0.1:9/nothing';
  const { code, output } = await runCommand('prisma', ['migrate', 'status'], { env: { DATABASE_URL } });
  expect(code).toBe(1);
  expect(output).toContain('P1001');
});

test('what the schema has and the migrations lack is written as SQL', async () => {
  const paths = await project(`${MODEL}model Other {\n  id Int @id\n}\n`, TABLE);
  expect(await diffMigrations(await server.createDatabase(), paths, 'sql')).toContain('CREATE TABLE "Other"');
});

test('functions, triggers, checks and partial indexes of a migration are no difference', async () => {
  const paths = await project(
    MODEL,
    `${TABLE}
     create function f() returns trigger language plpgsql as $$ begin perform ';'; return new; end; $$;
     create trigger t before insert on "Thing" for each row execute function f();
     alter table "Thing" add check (kind <> '');
     create unique index one_a on "Thing" (kind) where kind = 'a';`,
  );
  expect(await diffMigrations(await server.createDatabase(), paths, 'summary')).toBe('');
});

test('a migration that fails names itself, and no shadow database stays', async () => {
  const paths = await project(MODEL, `${TABLE} nonsense;`);
  const url = await server.createDatabase();
  await expect(diffMigrations(url, paths, 'sql')).rejects.toThrow('20260101000000_first');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("select datname from pg_database where datname like 'prisma_migrate_shadow%'");
  await client.end();
  expect(rows).toEqual([]);
});
