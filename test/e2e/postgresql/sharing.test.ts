/** Who can do what in which database, in the ways applications and people really work. */
import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { password, tracks, useServer } from './server.ts';

describe.each(tracks)('on %s', (track) => {
  const server = useServer(track);
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  const refused = (user: string, sql: string, database?: string): Promise<void> => expect(server.ask(user, sql, database)).rejects.toThrow(/permission denied|must be owner/);
  const grantsOf = async (name: string): Promise<unknown> => (await call('users.list', [])).find((user) => user.name === name)?.grants;

  it('users change and drop what another made, in schemas of their own too', async () => {
    await server.user('ann');
    await server.user('ben');
    await server.ask('ann', 'create schema stock; create table stock.items (id serial primary key, name text); create type mood as enum (\'ok\'); create function one() returns int language sql as \'select 1\'; create view names as select name from stock.items');
    await server.ask('ben', "alter table stock.items add column price int; insert into stock.items (name, price) values ('pen', 2); create index on stock.items (price); alter type mood add value 'well'; create or replace function one() returns int language sql as 'select 2'; truncate stock.items; drop view names; drop schema stock cascade");
  });
  it('they own together whatever a pool or a tool resets', async () => {
    expect(await server.ask('ann', 'discard all; create table after_discard (a int)')).toBe('');
    await server.ask('ann', 'reset role; reset all; reset session authorization; create table after_reset (a int)');
    await server.ask('ben', 'alter table after_discard add b int; alter table after_reset add b int');
    expect(await server.ask('ann', 'select session_user')).toBe('ann');
  });
  it('a user of several databases owns in each what belongs there', async () => {
    await call('databases.create', [{ name: 'second' }]);
    await server.user('both', { shop: [], second: [] });
    await server.ask('both', 'create table here (a int)', 'shop');
    await server.ask('both', 'create table there (a int)', 'second');
    await server.ask('ann', 'alter table here add b int');
    expect(await server.ask('both', "select tableowner from pg_tables where tablename = 'there'", 'second')).toBe('coffer_own_second');
    expect(await grantsOf('both')).toEqual([{ database: 'second', privileges: ['ALL'] }, { database: 'shop', privileges: ['ALL'] }]);
  });
  it('databases whose long names begin alike share nothing', async () => {
    const [one, two] = ['n'.repeat(62) + '1', 'n'.repeat(62) + '2'];
    for (const name of [one, two]) await call('databases.create', [{ name }]);
    await server.user('longish', { [one]: [] });
    await server.ask('longish', 'create table t (a int)', one);
    await refused('longish', 'select 1', two);
    expect(await grantsOf('longish')).toEqual([{ database: one, privileges: ['ALL'] }]);
    for (const name of [one, two]) await call('databases.delete', [name]);
  });
  it('a dump of one database restores into another', async () => {
    await server.ask('ann', "create table cargo (id serial primary key, t text); insert into cargo (t) values ('gold'); grant select on cargo to ben");
    await server.user('looker', { shop: ['SELECT'] });
    const { facts } = server.harness;
    const environment = { PGPASSWORD: password, PGSSLMODE: 'verify-full', PGSSLROOTCERT: facts.caFile, LC_ALL: 'C.UTF-8' };
    const tool = (name: string, args: string[], input = ''): Promise<{ code: number; stdout: string; stderr: string }> => new Promise((resolve) => {
      const child = execFile(`${facts.paths.bin}/${name}`, ['-h', facts.host, '-p', String(facts.ports['postgresql']), ...args], { env: environment, maxBuffer: 1 << 26 }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }));
      child.stdin?.end(input);
    });
    // One who may only read can dump, too.
    const dump = await tool('pg_dump', ['-U', 'looker', '-d', 'shop', '--no-owner', '--no-privileges']);
    expect(dump.stderr).toBe('');
    await call('databases.create', [{ name: 'copy' }]);
    await call('grants.grant', [{ name: 'ann' }, [{ database: 'copy', privileges: [] }]]);
    const restore = (text: string): ReturnType<typeof tool> => tool('psql', ['-U', 'ann', '-d', 'copy', '-X', '-q', '-v', 'ON_ERROR_STOP=1'], text);
    expect(await restore(dump.stdout)).toMatchObject({ code: 0, stderr: '' });
    expect(await server.ask('ann', "select t || ' of ' || tableowner from cargo, pg_tables where tablename = 'cargo'", 'copy')).toBe('gold of coffer_own_copy');

    // Into a database of the same name (a move to another instance) nothing has to be left out.
    const whole = await tool('pg_dump', ['-U', 'ann', '-d', 'copy']);
    await call('databases.delete', ['copy']);
    await call('databases.create', [{ name: 'copy' }]);
    await refused('ann', 'select 1', 'copy');
    await call('grants.grant', [{ name: 'ann' }, [{ database: 'copy', privileges: [] }]]);
    expect(await restore(whole.stdout)).toMatchObject({ code: 0, stderr: '' });
    expect(await server.ask('ann', 'select t from cargo', 'copy')).toBe('gold');
    await call('databases.delete', ['copy']);
  });
  it('each privilege is what it says, also for what is made later', async () => {
    await server.ask('ann', 'create table ledger (id serial primary key, n int); insert into ledger (n) values (1)');
    await server.user('reads', { shop: ['select'] });
    await server.user('adds', { shop: ['INSERT', 'SELECT'] });
    await server.user('changes', { shop: ['UPDATE', 'DELETE', 'SELECT'] });
    await server.user('visits', { shop: ['CONNECT'] });
    await server.user('sketches', { shop: ['TEMP'] });
    await server.ask('ann', 'create schema later; create table later.ledger (id serial primary key, n int); insert into later.ledger (n) values (1)');
    for (const table of ['ledger', 'later.ledger']) {
      expect(await server.ask('reads', `select count(*) from ${table}`)).toBe('1');
      await refused('reads', `insert into ${table} (n) values (2)`);
      await refused('reads', `select nextval(pg_get_serial_sequence('${table}', 'id'))`);
      await server.ask('adds', `insert into ${table} (n) values (2)`);
      await refused('adds', `update ${table} set n = 3`);
      await server.ask('changes', `update ${table} set n = 3; delete from ${table} where id = 2`);
      await refused('changes', `insert into ${table} (n) values (2)`);
      await refused('changes', `truncate ${table}`);
      await refused('visits', `select * from ${table}`);
    }
    for (const user of ['reads', 'adds', 'changes', 'visits']) {
      await refused(user, 'create table mine (a int)');
      await refused(user, 'create temp table mine (a int)');
      await refused(user, 'create schema mine');
    }
    await server.ask('sketches', 'create temp table mine (a int)');
    expect(await grantsOf('adds')).toEqual([{ database: 'shop', privileges: ['SELECT', 'INSERT'] }]);
    expect(await grantsOf('sketches')).toEqual([{ database: 'shop', privileges: ['TEMPORARY'] }]);
    await call('grants.grant', [{ name: 'reads' }, [{ database: 'shop', privileges: [] }]]);
    await server.ask('reads', 'create table grown (a int)');
    await server.ask('ann', 'drop table grown');
  });
  it('what a user made as itself, and what it was given by others, goes with the grant', async () => {
    await server.user('solo', { shop: [], second: [] });
    for (const database of ['shop', 'second']) await server.ask('solo', 'set role none; create schema solo; create table solo.own (a int); create sequence solo.s; create type solo.t as (a int); create function solo.f() returns int language sql security definer as \'select 1\'; alter default privileges grant select on tables to public', database);
    await server.ask('ann', 'grant select on cargo to solo with grant option; grant connect on database shop to solo');
    await server.ask('solo', 'set role none; grant select on cargo to visits');
    await call('grants.revoke', [{ name: 'solo' }, ['shop']]);
    await refused('solo', 'select 1');
    expect(await server.asManagement("select count(*) from pg_shdepend d join pg_roles r on r.oid = d.refobjid where r.rolname = 'solo' and d.dbid = (select oid from pg_database where datname = 'shop')")).toBe('0');
    await server.ask('ann', 'drop schema solo cascade');
    expect(await server.ask('solo', 'set role none; select count(*) from solo.own', 'second')).toBe('0');
    await call('users.delete', [{ name: 'solo' }]);
    await server.ask('both', 'drop schema solo cascade', 'second');
  });
  it('what can be revoked is, whichever of the databases are gone', async () => {
    await call('databases.create', [{ name: 'archive' }]);
    await server.user('several', { shop: [], archive: [] });
    await expect(call('grants.revoke', [{ name: 'several' }, ['shop', 'gone', 'archive']])).rejects.toMatchObject({ code: 'MISSING', message: expect.stringContaining('"gone"') as string });
    expect(await grantsOf('several')).toEqual([]);
    await call('users.delete', [{ name: 'several' }]);
    await call('databases.delete', ['archive']);
  });
  it('character sets and collations are what was asked for', async () => {
    const wanted = [{ name: 'l_c', collation: 'C' }, { name: 'l_icu', collation: 'icu:de-DE' }, { name: 'l_tag', collation: 'und-u-ks-level2' }, { name: 'l_latin', characterSet: 'LATIN1', collation: 'C' }, { name: 'l_ascii', characterSet: 'sql_ascii' }, { name: 'l_icu_latin', characterSet: 'LATIN9', collation: 'sv' }];
    for (const database of wanted) await call('databases.create', [database]);
    const found = Object.fromEntries((await call('databases.list', [])).map((one) => [one.name, `${one.characterSet} ${one.collation}`]));
    expect(found).toMatchObject({ shop: 'UTF8 C.UTF-8', l_c: 'UTF8 C', l_icu: 'UTF8 icu:de-DE', l_tag: 'UTF8 icu:und-u-ks-level2', l_latin: 'LATIN1 C', l_ascii: 'SQL_ASCII C', l_icu_latin: 'LATIN9 icu:sv' });
    await server.user('sorter', { l_c: [], l_icu: [], shop: [] });
    const sorted = (database: string): Promise<string> => server.ask('sorter', "select string_agg(x, '' order by x) from unnest(array['b', 'ä', 'a', 'Z']) x", database);
    expect(await sorted('l_icu')).toBe('aäbZ');
    expect(await sorted('l_c')).toBe('Zabä');
    expect(await server.ask('sorter', "select upper('straße ä')", 'shop')).toBe('STRAßE Ä');
    for (const { name } of wanted) await call('databases.delete', [name]);
  });
  it('root makes a database with SQL, and users can be let into it like any other', async () => {
    await call('root.enable', [password]);
    await server.ask('root', 'create database "own work"', 'postgres');
    await server.ask('root', 'create database other', 'postgres');
    await server.ask('root', 'create table made_by_root (a int)', 'own work');
    await call('grants.grant', [{ name: 'ann' }, [{ database: 'own work', privileges: [] }]]);
    await server.ask('ann', 'alter table made_by_root add b int; insert into made_by_root values (1, 2)', 'own work');
    await refused('ben', 'select 1', 'own work');
    await server.ask('root', 'create table later (a int); select * from made_by_root', 'own work');
    await server.ask('ann', 'drop table later', 'own work');
    // Its other database is still its own until somebody is let in or root goes.
    expect(await server.asManagement("select pg_get_userbyid(datdba) from pg_database where datname = 'other'")).toBe('root');
    await call('root.disable', []);
    expect(await server.asManagement("select pg_get_userbyid(datdba) from pg_database where datname = 'other'")).toBe('coffer_own_other');
    for (const name of ['own work', 'other']) await call('databases.delete', [name]);
  });
  it('root renames and gives away databases; rights follow the database', async () => {
    await call('databases.create', [{ name: 'old' }]);
    await call('grants.grant', [{ name: 'ann' }, [{ database: 'old', privileges: [] }]]);
    await call('root.enable', [password]);
    await server.ask('root', 'alter database old rename to new', 'postgres');
    expect(await grantsOf('ann')).toContainEqual({ database: 'new', privileges: ['ALL'] });
    // The old name is free for another database, with rights of its own.
    await call('databases.create', [{ name: 'old' }]);
    await refused('ann', 'select 1', 'old');
    await call('grants.grant', [{ name: 'ben' }, [{ database: 'old', privileges: [] }]]);
    await refused('ben', 'select 1', 'new');
    await server.ask('ann', 'create table before (a int)', 'new');
    await server.ask('root', 'alter database new owner to root', 'postgres');
    await refused('ann', 'select 1', 'new');
    expect(await grantsOf('ann')).not.toContainEqual({ database: 'new', privileges: ['ALL'] });
    for (const name of ['ann', 'ben']) await call('grants.grant', [{ name }, [{ database: 'new', privileges: [] }]]);
    await server.ask('ann', 'alter table before add b int; create table shared (a int)', 'new');
    await server.ask('ben', 'alter table shared add b int', 'new');
    await call('root.disable', []);
    for (const name of ['old', 'new']) await call('databases.delete', [name]);
    expect(await server.asManagement("select count(*) from pg_roles where rolname like 'coffer\\_%old%' or rolname like 'coffer\\_%new%'")).toBe('0');
  });
  it.skipIf(track === '15')('root makes roles, and none that is in management\'s way', async () => {
    await call('root.enable', [password]);
    await server.ask('root', `create role helper login password '${password}'; create role coffer_own_trap; create role coffer_own_squat login password 'x'; grant helper to coffer_own_squat; grant coffer_own_squat to helper with admin option`, 'postgres').catch(() => undefined);
    await server.ask('root', `create role coffer_own_snare login password '${password}'`, 'postgres');
    await call('databases.create', [{ name: 'snare' }]);
    expect(await server.asManagement("select r.rolcanlogin from pg_database d join pg_roles r on r.oid = d.datdba where datname = 'snare'")).toBe('f');
    await refused('helper', 'select 1', 'snare');
    await call('grants.grant', [{ name: 'helper' }, [{ database: 'snare', privileges: [] }]]);
    await server.ask('helper', 'create table t (a int)', 'snare');
    await server.ask('root', `alter role helper password 'changed by root'`, 'postgres');
    await call('root.disable', []);
    await call('users.delete', [{ name: 'helper' }]);
    await call('databases.delete', ['snare']);
    expect(await call('root.isEnabled', [])).toBe(false);
  });
  it('a trap of root\'s stays behind without root\'s rights', async () => {
    await call('root.enable', [password]);
    await call('databases.create', [{ name: 'vault' }]);
    await server.ask('root', "create table secrets (s text); insert into secrets values ('x'); create function peek() returns setof text language sql security definer as 'select s from public.secrets'; set role none; create function who() returns text language sql security definer as 'select current_user::text'", 'vault');
    await call('root.disable', []);
    await server.user('vaulter', { vault: ['SELECT'] });
    expect(await server.ask('vaulter', 'select who()', 'vault')).toBe('coffer_own_vault');
    await call('databases.delete', ['vault']);
  });
  it('a database that an earlier call had half dropped is deleted', async () => {
    await call('databases.create', [{ name: 'half' }]);
    // As a drop that was cut off leaves it: nothing but another drop is taken any more.
    await server.asManagement("update pg_database set datconnlimit = -2 where datname = 'half'");
    await call('databases.delete', ['half']);
    expect((await call('databases.list', [])).map(({ name }) => name)).not.toContain('half');
  });
  it('the server is built as promised', async () => {
    const settings = await server.asManagement("select string_agg(name || '=' || setting, ' ' order by name) from pg_settings where name in ('data_checksums', 'password_encryption', 'ssl', 'ssl_min_protocol_version', 'shared_preload_libraries', 'server_encoding', 'fsync')");
    expect(settings).toBe('data_checksums=on fsync=on password_encryption=scram-sha-256 server_encoding=UTF8 shared_preload_libraries= ssl=on ssl_min_protocol_version=TLSv1.2');
    expect(await server.asManagement("select count(*) from pg_authid where rolpassword is not null and rolpassword not like 'SCRAM-SHA-256$%'")).toBe('0');
    if (track === '15') await server.asManagement("alter system set ssl = off; alter system set listen_addresses = '*'; alter system set hba_file = '/tmp/hba'");
    else await expect(server.asManagement('alter system set ssl = off')).rejects.toThrow(/not allowed in this environment/);
    await call('stop', ['orderly']);
    await call('start', []);
    expect(await server.asManagement('select setting from pg_settings where name = \'ssl\'')).toBe('on');
  });
});
