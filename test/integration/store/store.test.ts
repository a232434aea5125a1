import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cp } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appendEvent } from '../../../gateway/events/append.ts';
import { storeLimits as limits } from '../../../gateway/store/connection.ts';
import { ensureInstallation, raiseGeneration } from '../../../gateway/store/installation.ts';
import { selectInstanceDocs } from '../../../gateway/store/instance-document.ts';
import { migrate } from '../../../gateway/store/migrate.ts';
import { createMigrationCheck } from '../../../gateway/store/migration-check.ts';
import { pruneIdempotencyKeys } from '../../../gateway/store/prune-idempotency-keys.ts';
import { pruneOperations } from '../../../gateway/store/prune-operations.ts';
import { schemaLevel } from '../../../gateway/store/schema-level.ts';
import { createStore } from '../../../gateway/store/store.ts';
import { isUniqueViolation } from '../../../gateway/store/tx.ts';
import { silentLog } from '../../../kernel/log.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { connectTo, createTestStore, migrationsFolder, type TestStore } from '../../support/store.ts';

let server: TestPostgres;
let test: TestStore;
beforeAll(async () => { server = await startTestPostgres(); });
afterAll(() => server.stop());
beforeEach(async () => { test = await createTestStore(server); });
afterEach(() => test.store.close());

describe('a transaction', () => {
  it('is there as a whole or not at all', async () => {
    await test.store.query('create table t (n int primary key)');
    await expect(test.store.transaction(async (tx) => {
      await tx.query('insert into t values (1)');
      throw new Error('no');
    })).rejects.toThrow('no');
    expect(await test.store.query('select n from t')).toEqual([]);
    expect(await test.store.transaction((tx) => tx.query('insert into t values (2) returning n'))).toEqual([{ n: 2 }]);
    const twice = test.store.transaction((tx) => tx.query('insert into t values (2)'));
    await expect(twice).rejects.toSatisfy((e) => isUniqueViolation(e, 't') && !isUniqueViolation(e, 'u'));
  });

  it('that swallowed an error does not pretend to have committed', async () => {
    await expect(test.store.transaction(async (tx) => { await tx.query('select 1/0').catch(() => {}); })).rejects.toThrow(/rolled back/);
  });

  it('cannot be used after its end', async () => {
    let leaked!: Promise<unknown>;
    await test.store.transaction(async (tx) => { leaked = new Promise((resolve) => setImmediate(resolve)).then(() => new Promise((r) => setTimeout(r, 20))).then(() => tx.query('select 1')); });
    await expect(leaked).rejects.toThrow(/has ended/);
  });

  it('that meets another one is repeated until both are done', async () => {
    await test.store.query('create table t (id int primary key, n int)');
    await test.store.query('insert into t values (1, 0), (2, 0)');
    let runs = 0;
    let both = (): void => {};
    const met = new Promise<void>((resolve) => { let waiting = 2; both = () => { if (--waiting === 0) resolve(); }; });
    const cross = (first: number, second: number) => test.store.transaction(async (tx) => {
      runs += 1;
      await tx.query('update t set n = n + 1 where id = $1', [first]);
      both();
      await met;
      await tx.query('update t set n = n + 1 where id = $1', [second]);
    });
    await Promise.all([cross(1, 2), cross(2, 1)]);
    expect(await test.store.query('select n from t')).toEqual([{ n: 2 }, { n: 2 }]);
    expect(runs).toBeGreaterThan(2);
  });

  it('survives a store that is killed and comes back', async () => {
    await test.store.query('create table t (n int)');
    const done = test.store.transaction(async (tx) => {
      await tx.query('insert into t values (1)');
      const [count] = await tx.query<{ n: number }>('select count(*)::int as n from t');
      if (kills-- > 0) await server.kill().then(() => void server.restart());
      await tx.query('insert into t values (2)');
      return count;
    });
    expect(await done).toEqual({ n: 1 });
    expect(await test.store.query('select n from t order by n')).toEqual([{ n: 1 }, { n: 2 }]);
  });
  let kills = 1;

  it('that lasts too long is ended, so that it does not hold back the events of all others', async () => {
    const settings = await test.store.transaction((tx) => tx.query<{ name: string; setting: string }>(
      "select name, setting from pg_settings where name in ('transaction_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout') order by name"));
    expect(settings.map((s) => Number(s.setting))).toEqual([limits.idleInTransactionTimeoutMs, limits.statementTimeoutMs, limits.transactionTimeoutMs]);
    const hasty = createStore({ url: test.url, maxConnections: 1, log: silentLog, limits: { transactionTimeoutMs: 100 } });
    await expect(hasty.transaction((tx) => tx.query('select pg_sleep(5)'))).rejects.toThrow(/transaction timeout/);
    expect(await hasty.query('select 1 as one')).toEqual([{ one: 1 }]);
    await hasty.close();
  });
});

describe('a store that does not answer', () => {
  it('is told as such, in bounded time', async () => {
    const gone = createStore({ url: 'postgresql://postgres@127.0.0.1:21099/none', maxConnections: 2, log: silentLog, limits: { lostWindowMs: 300 } });
    await expect(gone.transaction((tx) => tx.query('select 1'))).rejects.toMatchObject({ code: 'STORE.UNAVAILABLE' });
    await gone.close();
  });
});

describe('a snapshot', () => {
  it('shows one moment, whatever commits meanwhile, and holds no event back', async () => {
    await test.store.query('create table t (n int)');
    await test.store.snapshot(async (tx, text) => {
      expect(text).toMatch(/^\d+:\d+:/);
      const before = await tx.query('select count(*)::int as n from t');
      await test.store.query('insert into t values (1)');
      expect(await tx.query('select count(*)::int as n from t')).toEqual(before);
      const [open] = await test.store.query<{ free: boolean }>('select pg_snapshot_xmin(pg_current_snapshot()) = pg_snapshot_xmax(pg_current_snapshot()) as free');
      expect(open!.free).toBe(true);
    });
  });
});

describe('notifications', () => {
  it('arrive, and everybody is woken after the connection was lost', async () => {
    const heard: string[] = [];
    let tell = (): void => {};
    const stop = test.store.listen('some_channel', (payload) => { heard.push(payload); tell(); });
    const until = async (isDone: () => boolean): Promise<void> => { while (!isDone()) await new Promise<void>((resolve) => { tell = resolve; }); };
    await until(() => heard.length > 0);
    await test.store.query(`select pg_notify('some_channel', 'hello')`);
    await until(() => heard.includes('hello'));
    const before = heard.length;
    await test.store.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'coffer-listen' and datname = current_database()`);
    await until(() => heard.length > before);
    expect(heard.at(-1)).toBe('');
    await test.store.query(`select pg_notify('some_channel', 'again')`);
    await until(() => heard.includes('again'));
    stop();
  });
});

describe('statements', () => {
  it('can be counted, and the pool tells how full it is', async () => {
    const seen: string[] = [];
    const stop = test.store.onStatement((text) => seen.push(text));
    await test.store.transaction((tx) => tx.query('select 1'));
    stop();
    await test.store.query('select 2');
    expect(seen).toEqual(['begin', 'select 1', 'commit']);
    expect(test.store.gauges()).toMatchObject({ waiting: 0, max: 10 });
  });

  it('are planned anew when a neighbouring release changed a table', async () => {
    await test.store.query('create table t (n int)');
    const one = createStore({ url: test.url, maxConnections: 1, log: silentLog });
    const text = `select * from t where n > $1 and 'long enough to be prepared' <> '' order by n`;
    expect(await one.query(text, [0])).toEqual([]);
    await test.store.query('alter table t add column m int default 7');
    await test.store.query('insert into t values (1)');
    expect(await one.query(text, [0])).toEqual([{ n: 1, m: 7 }]);
    expect(await one.transaction((tx) => tx.query(text, [0]))).toEqual([{ n: 1, m: 7 }]);
    await one.close();
  });
});

describe('migrations', () => {
  it('are applied once by two gateways that start together, and Prisma agrees', async () => {
    const url = await server.createDatabase();
    const applied = await Promise.all([migrate({ url, folder: migrationsFolder, log: silentLog }), migrate({ url, folder: migrationsFolder, log: silentLog })]);
    expect(applied.map((names) => names.length).sort()).toEqual([0, applied.flat().length]);
    const client = await connectTo(url);
    const { rows } = await client.query('select migration_name, length(checksum) as sum, finished_at is not null as finished, applied_steps_count from _prisma_migrations order by 1');
    expect(rows.map((r: { migration_name: string }) => r.migration_name)).toEqual(applied.flat());
    expect(rows[0]).toMatchObject({ sum: 64, finished: true, applied_steps_count: 1 });
    await client.end();
  });

  it('of a newer release are left alone, unless it says that this one cannot run any more', async () => {
    await test.store.query("insert into _prisma_migrations (id, checksum, migration_name, finished_at) values ('x', 'y', '29990101000000_later', now())");
    expect(await migrate({ url: test.url, folder: migrationsFolder, log: silentLog })).toEqual([]);
    const later = schemaLevel.current + 1;
    await test.store.query('update installation set schema_level = $1', [later]);
    await expect(migrate({ url: test.url, folder: migrationsFolder, log: silentLog })).rejects.toMatchObject({ code: 'STORE.TOO_NEW', message: expect.stringContaining('newer release') as string });
    expect(await migrate({ url: test.url, folder: migrationsFolder, log: silentLog, level: later })).toEqual([]);
  });

  it('that are missing, or of a newer release, are told to who asks whether all is well', async () => {
    const problem = await createMigrationCheck(test.store, migrationsFolder);
    expect(await problem()).toBeNull();
    await test.store.query('update installation set schema_level = 99');
    expect(await problem()).toMatch(/newer release.*needs schema level 99/);
    await test.store.query("update _prisma_migrations set rolled_back_at = now() where migration_name like '%_init'");
    expect(await problem()).toMatch(/lacks 1 of this release's migrations \(\d+_init/);
  });

  it('that fail leave nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coffer-migrations-'));
    await cp(migrationsFolder, folder, { recursive: true });
    await mkdir(join(folder, '29990101000000_broken'));
    await writeFile(join(folder, '29990101000000_broken', 'migration.sql'), 'create table half (n int); select 1/0;');
    await expect(migrate({ url: test.url, folder, log: silentLog })).rejects.toThrow(/29990101000000_broken failed and was undone/);
    expect(await test.store.query("select to_regclass('half') as half")).toEqual([{ half: null }]);
    await rm(folder, { recursive: true });
  });
});

describe('the installation', () => {
  it('is one, whoever starts first', async () => {
    await test.store.query('delete from installation');
    const all = await Promise.all([1, 2, 3].map(() => ensureInstallation(test.store)));
    expect(new Set(all.map((i) => i.trustDomain)).size).toBe(1);
    expect(all[0]).toMatchObject({ generation: 1, schemaLevel: 1, trustDomain: expect.stringMatching(/^coffer-[a-z2-7]{10}\.internal$/) as string });
    expect(await raiseGeneration(test.store)).toBe(2);
  });
});

describe('an instance\'s document', () => {
  it('is complete, with times in UTC, and the one that events carry', async () => {
    await test.store.query(
      `insert into instance (id, project_id, name, datastore, track, version_id, flavor_id, volume_gb, volume_type, host_id, region, zone, intent, status, management_secret, agent, volume_used_bytes, created_at, updated_at)
       values ('inst_1', 'proj_1', 'db', 'postgresql', '17', 'dsv_1', 'flv_1', 5, 'directory', 'host_1', 'r', 'z', 'RUNNING', 'BUILDING', '\\x00', '{"capabilities": ["users"]}', 5000000000,
               '2026-01-02 03:04:05+00', '2026-01-02 03:04:05.678+02')`);
    const [doc] = await selectInstanceDocs(test.store, 'i.id = $1', ['inst_1']);
    expect(doc).toMatchObject({ id: 'inst_1', createdAt: '2026-01-02T03:04:05.000Z', updatedAt: '2026-01-02T01:04:05.678Z', deletedAt: null, capabilities: ['users'], volumeUsedBytes: 5e9, task: null, conditions: [], tags: [] });
    await test.store.transaction((tx) => appendEvent(tx, { type: 'instance.updated', phase: 'INFO', actor: 'a', subject: 'inst_1', doc: 'instance' }));
    const [event] = await test.store.query<{ doc: unknown }>('select doc from event');
    expect(event!.doc).toEqual(doc);
    await appendEvent(test.store, { type: 'thing.told', phase: 'INFO', actor: 'a', subject: 'x', doc: { a: 1 }, data: { b: 2 } });
    expect(await test.store.query(`select doc, data, generation, project_id from event where type = 'thing.told'`)).toEqual([{ doc: { a: 1 }, data: { b: 2 }, generation: 1, project_id: null }]);
  });

  it('gives its name back when it is deleted', async () => {
    const insert = (id: string) => test.store.query(
      `insert into instance (id, project_id, name, datastore, track, version_id, flavor_id, volume_gb, volume_type, host_id, region, zone, intent, status, management_secret)
       values ($1, 'p', 'db', 'x', '1', 'v', 'f', 1, 't', 'h', 'r', 'z', 'RUNNING', 'BUILDING', '\\x00')`, [id]);
    await insert('a');
    await expect(insert('b')).rejects.toSatisfy((e) => isUniqueViolation(e, 'instance'));
    await test.store.query("update instance set deleted_at = now() where id = 'a'");
    await insert('b');
  });
});

describe('idempotency keys', () => {
  it('are forgotten after a day', async () => {
    for (const [key, age] of [['old', '25 hours'], ['young', '23 hours']] as const) {
      await test.store.query(`insert into idempotency_key (project_id, key, mutation, input_hash, answer, created_at) values ('p', $1, 'm', 'h', '{}', now() - $2::interval)`, [key, age]);
    }
    expect(await pruneIdempotencyKeys(test.store)).toBe(1);
    expect(await test.store.query('select key from idempotency_key')).toEqual([{ key: 'young' }]);
  });
});

describe('operations', () => {
  it('are forgotten some time after their end, and never before it', async () => {
    for (const [id, ended] of [['op_1', '91 days'], ['op_2', null], ['op_3', '89 days'], ['op_4', '91 days']] as const) {
      await test.store.query(
        `insert into operation (id, kind, workflow_version, subject_id, actor, state, lock_mode, input, cancellable, deadline, finished_at)
         values ($1, 'k', 1, 's', 'a', 'SUCCEEDED', 'SHARED', '{}', false, now(), now() - $2::interval)`, [id, ended]);
    }
    expect(await pruneOperations(test.store, 90)).toBe(2);
    expect(await test.store.query('select id from operation order by id')).toEqual([{ id: 'op_2' }, { id: 'op_3' }]);
  });
});
