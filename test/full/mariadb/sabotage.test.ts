/** What tenants may do within their rights, what a superuser may break, and what becomes of management. */
import { describe, expect, it } from 'vitest';
import { grantScenarios, hostScenarios, lockScenarios, managementScenario, programScenarios, secretScenarios } from '../../support/sql-family/scenarios.ts';
import { password, useServer } from '../../support/sql-family/server.ts';
import { harnessOptions } from '../../e2e/mariadb/fixture.ts';

describe.each(['11.8', '10.11'])('a server of %s', (track) => {
  const server = useServer({ ...harnessOptions(track), ports: { mariadb: 21_527 } });
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  hostScenarios(server);
  grantScenarios(server);
  lockScenarios(server);
  secretScenarios(server);
  programScenarios(server, track === '10.11' ? ['coffer', 'mariadb.sys'] : ['coffer'], 'mysql.global_priv');

  it('has a binary log and transaction ids from birth', async () => {
    expect(await server.asManagement("select concat_ws(',', @@global.log_bin, @@global.gtid_strict_mode, @@global.binlog_format, @@global.binlog_expire_logs_seconds, @@global.gtid_binlog_pos <> '')")).toBe('ON,ON,ROW,86400,1');
  });
  // There is no account that a superuser could not change. No tenant is one; where somebody made one all the same:
  managementScenario(server, 'management that a superuser broke is noticed, and repaired with everything else kept', [
    ["alter user coffer@localhost identified by 'another one'", /another password/],
    ['alter user coffer@localhost account lock', /locked/],
    ['revoke create user, drop on *.* from coffer@localhost', /lacks privileges/],
    ["update mysql.global_priv set Priv = json_set(Priv, '$.auth_or', json_array(json_object(), json_object('plugin', 'unix_socket'))) where User = 'coffer'", /other means/],
  ]);
  it('a repair takes powers that only a superuser can have given', async () => {
    await server.user('mighty');
    await server.user('grand');
    await call('root.enable', [password]);
    await server.asManagement("grant super, reload, select on *.* to 'mighty'@'%' with grant option");
    await server.asManagement("grant create user on *.* to 'root'@'%'");
    await call('repair', []);
    expect(await server.asManagement("select group_concat(User) from mysql.user where 'Y' in (Super_priv, Reload_priv, Create_user_priv, Grant_priv, Select_priv)")).toBe('coffer');
    expect(await server.ask('mighty', 'create table theirs (a int); select 1')).toBe('1');
    expect(await server.ask('root', 'select count(*) from theirs')).toBe('0');
    await call('root.disable', []);
    for (const name of ['mighty', 'grand']) await call('users.delete', [{ name }]);
  });
  it('a repair drops accounts that hide behind a name of the system, and what the server does not go by', async () => {
    const hidden = ["'coffer'@'%'", "'mariadb.sys'@'%'", "'mysql'@'localhost'", "'root'@'127.0.0.1'"];
    await call('root.enable', [password]);
    for (const name of hidden) await server.asManagement(`create user ${name} identified by '${password}'`);
    for (const name of hidden) await server.asManagement(`grant super, select, create user on *.* to ${name} with grant option`);
    await server.asManagement("create role 'coffer_helper'");
    await server.asManagement("create user 'nowhere'@'db.example'");
    await server.asManagement("grant super on *.* to 'nowhere'@'db.example'");
    await server.asManagement("insert into mysql.global_priv (Host, User, Priv) select '', 'everywhere', Priv from mysql.global_priv where User = 'coffer' and Host = '%'");
    expect(await server.ask('coffer', 'select count(*) > 0 from mysql.global_priv', null)).toBe('1');
    await call('stop', ['orderly']);
    await call('start', []);
    expect(await server.ask('everywhere', 'select count(*) > 0 from mysql.global_priv', null)).toBe('1');
    await call('repair', []);
    expect(await server.asManagement("select group_concat(User, '@', Host order by User) from mysql.global_priv where User not in ('PUBLIC')")).toBe('coffer@localhost,mariadb.sys@localhost,root@%');
    for (const name of ['coffer', 'everywhere']) await expect(server.ask(name, 'select 1', null)).rejects.toThrow(/ERROR 1045/);
    await call('root.disable', []);
  });
  it('a repair takes rights on the system\'s own tables, however they were given', async () => {
    const given: [user: string, grant: string][] = [
      ["'of_database'@'%'", 'select, update on mysql.*'], ["'of_coffer'@'%'", 'select on coffer.*'], ["'of_table'@'%'", 'select, update on mysql.global_priv'], ["'of_column'@'%'", 'select (Host) on mysql.global_priv'],
      ["'of_pattern'@'%'", 'select on `%`.*'], ["'of_name'@'%'", 'select on `mysq_`.*'], ["'root'@'%'", 'select on mysql.*'], ['worker', 'super, reload on *.*'], ['worker', 'select, update on mysql.*'], ['public', 'select on mysql.*'],
    ];
    const users = ['of_database', 'of_coffer', 'of_table', 'of_column', 'of_pattern', 'of_name', 'of_role', 'of_nothing', 'worker'];
    for (const name of users) await server.user(name);
    await call('root.enable', [password]);
    await server.asManagement("create role 'worker'");
    for (const [subject, grant] of given) await server.asManagement(`grant ${grant} to ${subject}${subject.includes('of_database') ? ' with grant option' : ''}`);
    await server.asManagement("grant 'worker' to 'of_role'@'%'");
    await server.asManagement("set default role 'worker' for 'of_role'@'%'");
    const look = (name: string): Promise<string> => server.ask(name, name === 'of_coffer' ? 'select count(*) from coffer.marks' : 'select count(Host) > 0 from mysql.global_priv');
    for (const name of [...users, 'root']) expect(await look(name), name).toMatch(/^\d+$/);
    await call('repair', []);
    for (const name of [...users, 'root']) await expect(look(name), name).rejects.toThrow(/ERROR (1142|1143|1044)/);
    for (const name of [...users, 'root']) expect(await server.ask(name, `create table t_${name} (a int); select count(*) from t_${name}`)).toBe('0');
    expect(await server.ask('of_role', 'select current_role()')).toBe('worker');
    await expect(server.ask('of_role', 'flush privileges')).rejects.toThrow(/ERROR 1227/);
    await call('repair', []);
    await call('root.disable', []);
    await server.asManagement('drop role worker');
    for (const name of users) await call('users.delete', [{ name }]);
  });
});
