/** No tenant, root included, reaches the host or becomes management. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useServer } from '../../support/sql-family/server.ts';
import { tenantScenarios } from '../../support/sql-family/tenants.ts';
import { attacks } from './attacks.ts';
import { harnessOptions, withoutTls } from './fixture.ts';

describe.each(['11.8', '10.11'])('a tenant on %s', (track) => {
  const server = useServer({ ...harnessOptions(track), ports: { mariadb: 21_526 } });
  tenantScenarios(server, {
    attacks, refusal: /ERROR (1044|1045|1142|1227|1238|1370|1410|1465|1698|1959|4166) /,
    databases: ['other', 'a_b', 'axb'], own: ['a_b'], withoutTls, systemUsers: ['mariadb.sys', 'root', '', 'mysql'],
  });

  it('a table is made in the data, wherever it was asked for', async () => {
    await server.client.run(server.login('root'), "drop table if exists placed; create table placed (a int) engine=InnoDB data directory = '/tmp/coffer-attack'; create table placed2 (a int) engine=MyISAM data directory = '/tmp/coffer-attack';");
    expect(existsSync('/tmp/coffer-attack')).toBe(false);
  });
  it('cannot kill management\'s sessions', async () => {
    await server.harness.call('probe', []);
    const ids = (await server.ask('root', "select id from information_schema.processlist where user = 'coffer'")).split('\n').filter(Boolean);
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) await expect(server.ask('root', `kill ${id}`)).rejects.toThrow(/ERROR (1095|1094)/);
    await server.client.run(server.login('root'), 'kill user coffer@localhost;');
    expect((await server.ask('root', "select id from information_schema.processlist where user = 'coffer'")).split('\n')).toEqual(expect.arrayContaining(ids));
  });
  it('may as root administer the data of every database, of its own and of later ones', async () => {
    await server.ask('root', 'create database mine; create table mine.t (a int); insert into mine.t values (1); create view shop.v as select * from mine.t; drop view shop.v');
    await server.harness.call('databases.create', [{ name: 'later' }]);
    await server.ask('root', 'create table later.t (a int); drop table later.t; drop database mine');
    expect(await server.ask('root', "select count(*) from information_schema.processlist where user = 'root'")).toBe('1');
  });
  it('and after all of it, management is whole and nobody has a power it had not', async () => {
    expect(await server.harness.call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    expect(await server.asManagement("select group_concat(User order by User) from mysql.user where 'Y' in (Super_priv, File_priv, Shutdown_priv, Reload_priv, Repl_slave_priv, Create_tablespace_priv, Create_user_priv, Select_priv)")).toBe('coffer');
    expect(await server.asManagement('select concat(@@global.max_connections > 1, @@global.require_secure_transport, @@global.local_infile)')).toBe('1ONOFF');
    expect((await server.harness.call('users.list', [])).map((user) => user.name)).toEqual(['outsider', 'user']);
  });
});
