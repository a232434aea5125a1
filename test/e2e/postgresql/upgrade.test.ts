/** What owners of databases, and accidents, can leave behind that pg_upgrade stumbles over; the kit looks at the way itself. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import type { GuestHarness } from '../../../strategies/conformance/index.ts';
import type { Finding } from '../../../strategies/spi/guest.ts';
import { harnessOptions } from './fixture.ts';
import { createPsql } from './psql.ts';
import { password } from './server.ts';

const ways = [['15', '17'], ...(process.env['COFFER_TEST_FULL'] ? [['15', '18'], ['17', '18']] : [])] as [string, string][];
const many = process.env['COFFER_TEST_FULL'] ? 14_000 : 0;
const unhurried = ['statement_timeout', 'lock_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout'].map((name) => `-c ${name}=0`).join(' ') + ' -c local_preload_libraries=';
/** Beside the folder's others. */
const portOf = (from: string, to: string): number => 21_480 + Number(from) - 15 + (to === '18' ? 5 : 0);

describe.each(ways)('an upgrade from %s to %s', (from, to) => {
  let harness: GuestHarness;
  const ask = (login: { user: string; password: string; database: string }, sql: string, environment: Record<string, string> = {}): Promise<string> => createPsql(harness.facts).ask(login, sql, environment);
  const asOwner = (sql: string): Promise<string> => ask({ user: 'anna', password, database: 'shop' }, sql);
  const asManagement = (sql: string, database = 'postgres'): Promise<string> => ask({ user: 'coffer', password: harness.facts.managementSecret, database }, sql, { PGHOST: harness.facts.paths.run, PGSSLMODE: 'disable', PGOPTIONS: unhurried });
  const check = async (): Promise<Finding[]> => harness.call('upgrade.check', [await harness.build(to)]);

  beforeAll(async () => {
    harness = await createProcessHarness({ ...harnessOptions(from), ports: { postgresql: portOf(from, to) } });
    await harness.call('initialise', []);
    await harness.call('start', []);
    await harness.call('databases.create', [{ name: 'shop' }]);
    await harness.call('users.create', [{ name: 'anna', password, grants: [{ database: 'shop', privileges: [] }] }]);
  });
  afterAll(() => harness?.dispose());

  it('is vetoed by names of databases that pg_upgrade cannot hand on, of closed ones too', async () => {
    await asManagement('create database "two\nlines"');
    await asManagement('create database "re\rturn" with allow_connections false');
    const messages = expect.stringMatching(/line break in its name.*rename it.*alter database … rename to/) as string;
    const findings = await check();
    expect(findings.filter(({ subject }) => subject !== null)).toEqual([{ severity: 'ERROR', subject: 're\\rturn', message: messages }, { severity: 'ERROR', subject: 'two\\nlines', message: messages }]);
    await asManagement('drop database "two\nlines"');
    await asManagement('drop database "re\rturn"');
  });

  it('is vetoed by a database that was not dropped to the end, which is told once', async () => {
    await asManagement('create database half');
    await asManagement("update pg_database set datconnlimit = -2 where datname = 'half'");
    expect(await check()).toEqual([{ severity: 'ERROR', subject: 'half', message: expect.stringMatching(/not dropped to the end.*drop it/) as string }]);
    // Between builds of one version it is in nobody's way.
    await harness.call('upgrade.finish', [await harness.build(from)]);
    await asManagement('drop database half');
  });

  it('is vetoed by what asks for columns of the server that the new version does not have', async () => {
    await asOwner(from === '15' ? 'create view seen as select buffers_backend, checkpoints_req from pg_stat_bgwriter; create view names as select d.daticulocale from pg_database d' : 'create view seen as select wal_sync, wal_write from pg_stat_wal; create view names as select a.attcacheoff from pg_attribute a');
    await asOwner('create view others as select a.*, t.relname, r.rolname, d.datname as called from pg_stat_activity a, pg_stat_user_tables t, pg_roles r, pg_database d');
    const [ofTable, ofView] = from === '15' ? ['pg_database.daticulocale', 'pg_stat_bgwriter.buffers_backend, pg_stat_bgwriter.checkpoints_req'] : ['pg_attribute.attcacheoff', 'pg_stat_wal.wal_sync, pg_stat_wal.wal_write'];
    const message = (name: string, columns: string): string => expect.stringContaining(`view public.${name} asks for ${columns}, which PostgreSQL ${to}.`) as string;
    expect(await check()).toEqual([{ severity: 'ERROR', subject: 'shop', message: message('names', ofTable) }, { severity: 'ERROR', subject: 'shop', message: message('seen', ofView) }]);
    await asOwner('drop view seen, names');
  });

  it('sorts anew what is whole, and says which index cannot be', async () => {
    const sameBuild = await harness.build(from);
    await asOwner("create collation other (provider = icu, locale = 'de'); create table twice as select 'a'::text as word from generate_series(1, 2)");
    await expect(asOwner('create unique index concurrently half_made on twice (word collate other)')).rejects.toThrow(/could not create unique index/);
    const outdate = (): Promise<string> => asManagement("update pg_collation set collversion = '1' where collname = 'other'", 'shop');
    await outdate();
    await harness.call('upgrade.finish', [sameBuild]);
    expect(await asOwner("select count(*) from pg_collation where collversion <> pg_collation_actual_version(oid)")).toBe('0');

    await asOwner("create function inner_one(text) returns text language sql immutable as 'select upper($1)'; create function outer_one(text) returns text language plpgsql immutable as 'begin return inner_one($1); end'");
    await asOwner("drop index half_made; truncate twice; create index by_name on twice (outer_one(word) collate other); insert into twice values ('b')");
    await outdate();
    await expect(harness.call('upgrade.finish', [sameBuild])).rejects.toThrow(/the index public\.by_name in shop could not be sorted anew: .*inner_one\(text\) does not exist/);
    await asOwner('drop table twice; drop collation other');
  });

  it('is not ended by what owners set for the sessions of their database, nor by what they have or what it is called', async () => {
    await asOwner("create table kept as select 'here'::text as word");
    // More than a server without a line has room to lock, which is seen only where all are locked at once.
    for (let left = many; left > 0; left -= 1_000) await asOwner(`do $$ begin for i in 1..1000 loop execute format('create table many_${left}_%s ()', i); if i % 500 = 0 then commit; end if; end loop; end $$`);
    // What a later version of the extension brings itself.
    await asOwner(from === '15' ? "create extension fuzzystrmatch; create function daitch_mokotoff(text) returns text[] language sql as 'select null::text[]'" : "create extension pgcrypto; create function fips_mode() returns boolean language sql as 'select true'");
    // A server gives columns that are added an option of its own, which not every later one knows.
    await asManagement('create database "-dash=and=equals"');
    await asManagement("create table grown (a int); alter table grown add b text default 'there'; insert into grown values (1)", '-dash=and=equals');
    const settings = ["statement_timeout = '3ms'", "lock_timeout = '1ms'", "idle_session_timeout = '1ms'", "idle_in_transaction_session_timeout = '1ms'", "role = 'anna'", 'default_transaction_read_only = on', "local_preload_libraries = 'none_such'", ...(from === '15' ? [] : ["transaction_timeout = '30ms'"])];
    for (const setting of settings) await asManagement(`alter database shop set ${setting}`);
    expect(await check()).toEqual([]);
    await harness.call('stop', ['orderly']);
    const former = await harness.build(from);
    await harness.changeBuild(await harness.build(to));
    await harness.call('upgrade.run', [former]);
    expect((await readFile(join(harness.facts.paths.data, 'PG_VERSION'), 'utf8')).trim()).toBe(to);
    await harness.call('configure', []);
    await harness.call('start', []);
    await harness.call('upgrade.finish', [former]);
    expect(await ask({ user: 'anna', password, database: 'shop' }, 'select word from kept', { PGOPTIONS: unhurried })).toBe('here');
    expect(await asManagement("select array_to_string(setconfig, ' ') from pg_db_role_setting where setdatabase = (select oid from pg_database where datname = 'shop')")).toContain('statement_timeout=3ms');
    expect(await asManagement('select b from grown', '-dash=and=equals')).toBe('there');
  });
});
