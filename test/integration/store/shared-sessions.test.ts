import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isPlainRead } from '../../../gateway/store/shared-sessions.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { createTestStore, type TestStore } from '../../support/store.ts';

let server: TestPostgres;
let test: TestStore;
beforeAll(async () => { server = await startTestPostgres(); });
afterAll(() => server.stop());
beforeEach(async () => { test = await createTestStore(server); });
afterEach(() => test.store.close());

const sessionOf = async (text: string): Promise<number> => (await test.store.query<{ pid: number }>(text))[0]!.pid;
const PLAIN = 'select pg_backend_pid() as pid';

describe('plain reads', () => {
  it('share two sessions, however many are asked at once', async () => {
    const pids = await Promise.all(Array.from({ length: 50 }, () => sessionOf(PLAIN)));
    expect(new Set(pids).size).toBeLessThanOrEqual(2);
  });

  it('fail alone, and answer whoever asked', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => test.store.query<{ n: number }>('select 100 / (10 - $1::int) as n', [n])));
    const expected = Array.from({ length: 20 }, (_, n) => (n === 10 ? 'rejected' : Math.trunc(100 / (10 - n))));
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value[0]!.n : answer.status))).toEqual(expected);
  });

  it('do not wait behind a statement that waits for a lock', async () => {
    await test.store.query('create table t (id int primary key, n int)');
    await test.store.query('insert into t values (1, 0)');
    const order: string[] = [];
    await test.store.transaction(async (tx) => {
      await tx.query('select n from t where id = 1 for update');
      const waiting = [
        test.store.query('update t set n = n + 1 where id = 1').then(() => order.push('write')),
        ...Array.from({ length: 3 }, () => test.store.query('select n from t where id = 1 for share').then(() => order.push('locking read'))),
      ];
      await Promise.all(Array.from({ length: 5 }, () => test.store.query('select n from t where id = 1').then(() => order.push('read'))));
      return { waiting };
    }).then(({ waiting }) => Promise.all(waiting));
    expect(order.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'read'));
    expect(order).toHaveLength(9);
  });

  it('go on when their session was ended, and the statement on its way is asked again', async () => {
    const slow = test.store.query<{ pid: number }>('select pg_backend_pid() as pid from pg_sleep(0.3)');
    const end = (): Promise<unknown[]> => test.store.transaction((tx) => tx.query("select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_backend_pid() as pid from%' and state = 'active' and pid <> pg_backend_pid()"));
    while ((await end()).length === 0);
    expect((await slow)[0]!.pid).toBeGreaterThan(0);
    expect(await sessionOf(PLAIN)).toBeGreaterThan(0);
  });

  it('are told from what takes a lock or writes', () => {
    expect(['select 1', '  SELECT doc from instance'].map(isPlainRead)).toEqual([true, true]);
    expect(['update t set n = 1', 'with x as (insert into t values (1)) select 1', 'select 1 from t for update', 'select 1 from t FOR NO KEY UPDATE', 'select 1 from t for key share', 'select pg_advisory_lock(1)']
      .map(isPlainRead)).toEqual([false, false, false, false, false, false]);
  });
});

describe('a transaction whose first statement goes out with its beginning', () => {
  it('leaves nothing when that statement fails, and its session serves on', async () => {
    await test.store.query('create table t (n int primary key)');
    await expect(test.store.transaction((tx) => tx.query('insert into t values (1), (1)'))).rejects.toMatchObject({ code: '23505' });
    await expect(test.store.transaction(async (tx) => { await tx.query('insert into t values (1)'); await tx.query('select 1/0'); })).rejects.toMatchObject({ code: '22012' });
    expect(await test.store.query('select n from t')).toEqual([]);
    await test.store.transaction((tx) => tx.query('insert into t values (2)'));
    expect(await test.store.query('select n from t')).toEqual([{ n: 2 }]);
  });

  it('takes statements that do not wait for each other, in their order', async () => {
    await test.store.query('create table t (n int primary key)');
    await test.store.transaction((tx) => Promise.all([tx.query('insert into t values (1)'), tx.query('update t set n = n + 1'), tx.query('update t set n = n * 10')]));
    expect(await test.store.query('select n from t')).toEqual([{ n: 20 }]);
    const refused = test.store.transaction((tx) => Promise.all([tx.query('update t set n = 0'), tx.query('insert into t values (0)'), tx.query('update t set n = 5')]));
    await expect(refused).rejects.toMatchObject({ code: '23505' });
    expect(await test.store.query('select n from t')).toEqual([{ n: 20 }]);
  });
});
