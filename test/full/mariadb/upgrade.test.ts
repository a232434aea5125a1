/** From 10.11 to 11.8: what only a server that nobody reaches may do, and what becomes of a way that cannot be gone to its end. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NamedBuild } from '../../../strategies/spi/guest.ts';
import { password, type Server, useServer } from '../../support/sql-family/server.ts';
import { harnessOptions } from '../../e2e/mariadb/fixture.ts';

const mib = 1024 ** 2;
const xid = "'left','behind',7";

const useOld = (options: object = {}) => {
  const server = useServer({ ...harnessOptions('10.11'), ports: { mariadb: 21_528 }, ...options });
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  let builds: { from: NamedBuild; to: NamedBuild };
  beforeAll(async () => {
    builds = { from: await server.harness.build('10.11'), to: await server.harness.build('11.8') };
    await server.user('anna');
  });
  return {
    server, call,
    check: () => call('upgrade.check', [builds.to]),
    /** `bin`: in place of the build's own */
    async stop(bin?: string) {
      await call('stop', ['orderly']);
      await server.harness.keepData();
      await server.harness.changeBuild(bin === undefined ? builds.to : { ...builds.to, bin });
    },
    next: (): NamedBuild => builds.to,
    run: () => call('upgrade.run', [builds.from]),
    kill: (atHandleCall: number) => server.harness.callAndKill('upgrade.run', [builds.from], { atHandleCall }),
    async goOn() {
      await call('configure', []);
      await call('start', []);
    },
    async goBack() {
      expect(await server.harness.processes()).toEqual([]);
      await server.harness.putDataBack();
      await server.harness.changeBuild(builds.from);
      await call('configure', []);
      await call('start', []);
    },
  };
};
const asAnna = (server: Server, sql: string): Promise<string> => server.ask('anna', sql);

describe('the whole way', () => {
  const { server, call, check, stop, run, kill, goOn } = useOld();
  let position = '';
  beforeAll(async () => {
    await call('root.enable', [password]);
    await asAnna(server, 'create table prices (a int) with system versioning; insert into prices values (1), (2); update prices set a = 3 where a = 2');
    await asAnna(server, 'create table parts (a int) with system versioning partition by system_time (partition p0 history, partition pn current); insert into parts values (7)');
    await asAnna(server, 'create table strict (a int check (a > 0)) with system versioning; set check_constraint_checks = off; insert into strict values (-1)');
    await asAnna(server, 'create table 名 (a int) with system versioning; insert into 名 values (8), (9)');
    await call('databases.create', [{ name: '库' }]);
    await asAnna(server, 'create table `ü"`` x` (a int) with system versioning; insert into `ü"`` x` values (6)');
    await asAnna(server, 'create table gone (a int); create view broken as select a from gone; drop table gone');
    await asAnna(server, 'create table ticks (a int); create event tick on schedule every 1 second do insert into ticks values (1)');
    position = await asAnna(server, 'drop event tick; select @@global.gtid_binlog_pos');
  });

  it('is told beforehand, with what it will take', async () => {
    const found = await check();
    expect(found.map(({ severity, subject }) => [severity, subject])).toEqual([['WARNING', 'shop.parts'], ['WARNING', 'shop.prices'], ['WARNING', 'shop.strict'], ['WARNING', 'shop.ü"` x'], ['WARNING', 'shop.名'], ['WARNING', 'utf8mb4']]);
  });

  it('is gone to its end, also when it was cut off in the middle', async () => {
    await stop();
    let kills = 0;
    while (!(await kill(++kills)).finished) await server.harness.putDataBack();
    expect(kills).toBeGreaterThan(5);
    await server.harness.putDataBack();
    await run();
    expect(await server.harness.processes()).toEqual([]);
    await goOn();
  });
  it('tables show what they have, with their history', async () => {
    expect(await asAnna(server, 'select group_concat(a order by a) from prices; select group_concat(a order by a) from prices for system_time all; select a from parts; select a from strict')).toBe('1,3\n1,2,3\n7\n-1');
    await asAnna(server, 'insert into prices values (4)');
    await expect(asAnna(server, 'insert into strict values (-2)')).rejects.toThrow(/CONSTRAINT/);
  });
  it('whatever they are called', async () => {
    expect(await asAnna(server, 'select group_concat(a order by a) from 名; select a from `ü"`` x`')).toBe('8,9\n6');
    expect(await server.asManagement('show databases')).toContain('库');
  });
  it('what was broken is as broken as before', async () => {
    await expect(asAnna(server, 'select a from broken')).rejects.toThrow(/ERROR 1356/);
    await asAnna(server, 'create table gone (a int); select a from broken');
  });
  it('management has no more rights than it is made with, who had all on a database has all, and nobody else is there', async () => {
    const rights = await server.asManagement('show grants');
    expect(rights).toMatch(/ SUPER.* CONNECTION ADMIN.* READ_ONLY ADMIN/);
    expect(rights).not.toMatch(/SET USER|FEDERATED|REPLICATION|REPLAY|FILE|SHUTDOWN/);
    expect(await server.asManagement("select group_concat(User order by User) from mysql.db where Show_create_routine_priv = 'Y'")).toBe('anna,root');
    expect(await server.ask('root', 'select count(*) from prices')).toBe('3');
    expect(await server.asManagement("select group_concat(User, '@', Host order by User) from mysql.global_priv where User <> 'PUBLIC'")).toBe('anna@%,coffer@localhost,mariadb.sys@localhost,root@%');
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false, version: expect.stringMatching(/^11\.8\./) as string });
  });
  it('passes nothing of it on to what follows the server', async () => {
    expect((await asAnna(server, 'select @@global.gtid_binlog_pos')).split('-').slice(0, 2)).toEqual(position.split('-').slice(0, 2));
    const [before, after] = [position, await server.asManagement("select @@global.gtid_binlog_pos")].map((text) => Number(text.split('-')[2]));
    // What this test wrote after it: a row, a table.
    expect(after! - before!).toBe(2);
  });
  it('is not gone again by a repeat on data that are there already', async () => {
    await call('stop', ['orderly']);
    await run();
    await goOn();
    expect(await asAnna(server, 'select count(*) from prices')).toBe('3');
  });
});

describe('a distributed transaction that was prepared and left', () => {
  const { server, check, stop, run, goBack } = useOld();
  beforeAll(() => asAnna(server, `create table kept (a int) with system versioning; insert into kept values (1); xa start ${xid}; insert into kept values (2); xa end ${xid}; xa prepare ${xid}`));

  it('is a veto before anything stops, with the words that end it', async () => {
    const [found] = (await check()).filter(({ severity }) => severity === 'ERROR');
    expect(found).toMatchObject({ subject: expect.stringMatching(/left/) as string, message: expect.stringMatching(/XA COMMIT .*left.*XA ROLLBACK .*left/) as string });
    expect(await asAnna(server, 'select a from kept')).toBe('1');
  });
  it('prepared after the question, it ends the upgrade at once, and is there when the server is back', async () => {
    await stop();
    const startedAt = Date.now();
    await expect(run()).rejects.toThrow(/distributed transaction is prepared/);
    expect(Date.now() - startedAt).toBeLessThan(30_000);
    await goBack();
    const [found] = (await check()).filter(({ severity }) => severity === 'ERROR');
    const [, words] = /(XA COMMIT .*), or /.exec(found!.message) ?? [];
    await asAnna(server, words!);
    expect(await asAnna(server, 'select group_concat(a) from kept')).toBe('1,2');
    expect((await check()).filter(({ severity }) => severity === 'ERROR')).toEqual([]);
  });
});

describe('a table for which there is no room', () => {
  const { server, stop, run, goBack } = useOld({ volumeBytes: 512 * mib });
  const volume = (): string => dirname(server.harness.facts.paths.data);

  it('is no success, though mariadb-upgrade takes it for one; the data are as they were', async (test) => {
    if (server.harness.facts.volumeBytes === null) return test.skip();
    await asAnna(server, "create table large (a int, b longblob) with system versioning; insert into large select seq, repeat('x', 1048576) from seq_1_to_60");
    await stop();
    const { bavail, bsize } = await statfs(volume());
    const ballast = join(volume(), 'ballast');
    await writeFile(ballast, Buffer.alloc(bavail * bsize - 40 * mib));
    await expect(run()).rejects.toThrow(/could not bring everything over: Failed to ALTER TABLE `shop`.`large` FORCE: .*full/);
    await writeFile(ballast, '');
    await goBack();
    expect(await asAnna(server, 'select count(*) from large')).toBe('60');
  });
});

describe('a table that mariadb-upgrade passed over without a word', () => {
  const { server, next, stop, run, goBack } = useOld();
  let folder = '';
  beforeAll(async () => { await chmod(folder = await mkdtemp(join(tmpdir(), 'coffer-silent-')), 0o755); });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is asked of the server: no success, and the data are as they were', async () => {
    await asAnna(server, 'create table plain (a int); create table kept (a int) with system versioning; insert into kept values (1), (2)');
    const bin = join(folder, 'usr/bin');
    await promisify(execFile)('cp', ['-as', join(next().bin, '..'), join(folder, 'usr')]);
    // The program itself, which looks at the system's tables alone then.
    await rm(join(bin, 'mariadb-upgrade'));
    await writeFile(join(bin, 'mariadb-upgrade'), `#!/bin/sh\nexec ${join(next().bin, 'mariadb-upgrade')} "$@" --upgrade-system-tables\n`, { mode: 0o755 });
    await stop(bin);
    await expect(run()).rejects.toThrow(/could not bring everything over: shop\.kept: Table rebuild required[^;]*$/);
    await goBack();
    expect(await asAnna(server, 'select group_concat(a order by a) from kept')).toBe('1,2');
  });
});

/** Where agent and engine are one user, what is left over is known by other signs. */
describe('a server that was killed, as one user with its agent', () => {
  const { server, call, stop, run, kill, goOn, goBack } = useOld({ isolated: false });
  beforeAll(() => asAnna(server, 'create table kept (a int) with system versioning; insert into kept values (1)'));

  it('ends at once where the data are none, and says why', async () => {
    await call('stop', ['immediate']);
    await stop();
    await truncate(join(server.harness.facts.paths.data, 'ibdata1'));
    const startedAt = Date.now();
    await expect(run()).rejects.toThrow(/the server of 11\.8.* ended on the data with code \d+: .*InnoDB/);
    expect(Date.now() - startedAt).toBeLessThan(30_000);
    await goBack();
    expect(await asAnna(server, 'select a from kept')).toBe('1');
  });
  it('is recovered by the later version', async () => {
    await asAnna(server, 'insert into kept values (2)');
    await server.harness.signalEngine('SIGKILL');
    await stop();
    expect((await kill(5)).finished).toBe(false);
    await server.harness.putDataBack();
    await run();
    await goOn();
    expect(await asAnna(server, 'select group_concat(a order by a) from kept')).toBe('1,2');
  });
});
