import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startTestPostgres();
});
afterAll(() => server.stop());

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('databases are isolated from each other', async () => {
  const [one, other] = [await server.createDatabase(), await server.createDatabase()];
  await ask(one, 'create table only_here (id int)');
  await expect(ask(other, 'select * from only_here')).rejects.toThrow('only_here');
});

test('a database can be copied from another one', async () => {
  const original = await server.createDatabase({ name: 'original' });
  await ask(original, 'create table t (id int)');
  const copy = await server.createDatabase({ template: 'original' });
  expect(await ask(copy, 'select * from t')).toEqual([]);
});

test('what was committed survives a crash', async () => {
  const url = await server.createDatabase();
  await ask(url, 'create table t as select 1 as id');
  await server.kill();
  await expect(ask(url, 'select 1')).rejects.toThrow('ECONNREFUSED');
  await server.restart();
  expect(await ask(url, 'select * from t')).toEqual([{ id: 1 }]);
});

test('the loopback interface alone does not let anybody in', async () => {
  const url = new URL(server.url);
  url.password = 'guessed';
  await expect(ask(url.href, 'select 1')).rejects.toThrow('password authentication failed');
});
