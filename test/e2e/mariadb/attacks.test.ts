/** No tenant, root included, reaches the host or becomes management. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuestHarness, Login } from '../../../strategies/conformance/index.ts';
import { manifest } from '../../../strategies/datastores/mariadb/manifest.ts';
import { openConnection } from '../../../strategies/datastores/sql-family/wire/connection.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import { askAsManagement, createSqlClient, type SqlClient } from '../../support/sql-family/stock-client.ts';
import { attacks } from './attacks.ts';
import { harnessOptions, withoutTls } from './fixture.ts';

/** What the server says when it refuses for want of a right: anything else would be a mistake in the attack. */
const refusal = /ERROR (1044|1045|1142|1227|1238|1370|1410|1465|1698|1959|4166) /;
const password = 'Attack-password-1';

describe.each(['11.8', '10.11'])('a tenant on %s', (track) => {
  let harness: GuestHarness;
  let client: SqlClient;
  const login = (user: string): Login => ({ user, password, database: user === 'outsider' ? null : 'shop' });

  beforeAll(async () => {
    harness = await createProcessHarness({ ...harnessOptions(track), ports: { mariadb: 21_526 } });
    client = createSqlClient(harness.facts, manifest);
    await harness.call('initialise', []);
    await harness.call('start', []);
    for (const name of ['shop', 'other', 'a_b', 'axb']) await harness.call('databases.create', [{ name }]);
    await harness.call('users.create', [{ name: 'user', password, grants: ['shop', 'a_b'].map((database) => ({ database, privileges: [] })) }]);
    await harness.call('users.create', [{ name: 'outsider', password, grants: [] }]);
    await harness.call('root.enable', [password]);
  });
  afterAll(() => harness?.dispose());

  it.each(attacks.map((attack) => [attack.who, attack.title, attack] as const))('%s: %s is refused', async (_who, _title, attack) => {
    const result = await client.run(login(attack.who), `${attack.sql};`, ['--local-infile=1']);
    expect(result.stderr).toMatch(refusal);
    expect(result.exitCode).not.toBe(0);
    expect(existsSync('/tmp/coffer-attack')).toBe(false);
  });

  it('a table is made in the data, wherever it was asked for', async () => {
    await client.run(login('root'), "drop table if exists placed; create table placed (a int) engine=InnoDB data directory = '/tmp/coffer-attack'; create table placed2 (a int) engine=MyISAM data directory = '/tmp/coffer-attack';");
    expect(existsSync('/tmp/coffer-attack')).toBe(false);
  });
  it('management is not let in over TCP, its secret known', async () => {
    const coffer = { user: 'coffer', password: harness.facts.managementSecret, database: null };
    await expect(client.ask(coffer, 'select 1;')).rejects.toThrow(/ERROR 1045/);
    await expect(client.ask(coffer, 'select 1;', withoutTls)).rejects.toThrow(/ERROR (1045|3159)/);
  });
  it('the socket admits management only, and only with its secret', async () => {
    const place = { socketPath: join(harness.facts.paths.run, 'server.sock') };
    const over = async (user: string, secret: string): Promise<string> => {
      const connection = await openConnection(place, { user, password: secret, database: null }, 5_000);
      connection.close();
      return 'in';
    };
    expect(await over('coffer', harness.facts.managementSecret)).toBe('in');
    await expect(over('coffer', 'not the secret')).rejects.toThrow(/Access denied/);
    for (const user of ['mariadb.sys', 'root', '', 'mysql']) await expect(over(user, '')).rejects.toThrow(/Access denied|locked/);
  });
  it('cannot kill management\'s sessions', async () => {
    await harness.call('probe', []);
    const ids = (await client.ask(login('root'), "select id from information_schema.processlist where user = 'coffer';")).split('\n').filter(Boolean);
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) await expect(client.ask(login('root'), `kill ${id};`)).rejects.toThrow(/ERROR (1095|1094)/);
    await client.run(login('root'), 'kill user coffer@localhost;');
    expect((await client.ask(login('root'), "select id from information_schema.processlist where user = 'coffer';")).split('\n')).toEqual(expect.arrayContaining(ids));
  });
  it('may as root administer the data of every database, of its own and of later ones', async () => {
    await client.ask(login('root'), 'create database mine; create table mine.t (a int); insert into mine.t values (1); create view shop.v as select * from mine.t; drop view shop.v;');
    await harness.call('databases.create', [{ name: 'later' }]);
    await client.ask(login('root'), 'create table later.t (a int); drop table later.t; drop database mine;');
    expect(await client.ask(login('root'), "select count(*) from information_schema.processlist where user = 'root';")).toBe('1');
  });
  it('as root keeps its rights when a database is called what stands for all of them', async () => {
    await harness.call('databases.create', [{ name: '%' }]);
    await client.ask(login('root'), 'create table `%`.t (a int); insert into `%`.t values (1);');
    await harness.call('databases.delete', ['%']);
    await client.ask(login('root'), 'create table shop.roots (a int); drop table shop.roots;');
  });
  it('and after all of it, management is whole and nobody has a power it had not', async () => {
    expect(await harness.call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    expect(await askAsManagement(harness.facts, "select group_concat(User order by User) from mysql.user where 'Y' in (Super_priv, File_priv, Shutdown_priv, Reload_priv, Repl_slave_priv, Create_tablespace_priv, Create_user_priv, Select_priv)")).toBe('coffer');
    expect(await askAsManagement(harness.facts, 'select concat(@@global.max_connections > 1, @@global.require_secure_transport, @@global.local_infile)')).toBe('1ONOFF');
    expect((await harness.call('users.list', [])).map((user) => user.name)).toEqual(['outsider', 'user']);
  });
});
