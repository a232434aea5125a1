/** What tenants may do within their rights, what an operator may break, and what becomes of management. */
import { describe, expect, it } from 'vitest';
import { grantScenarios, hostScenarios, lockScenarios, managementScenario, programScenarios, secretScenarios } from '../../support/sql-family/scenarios.ts';
import { password, useServer } from '../../support/sql-family/server.ts';
import { harnessOptions } from '../../e2e/mysql/fixture.ts';

describe('a server', () => {
  const server = useServer({ ...harnessOptions(), ports: { mysql: 21_506 } });
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  hostScenarios(server);
  grantScenarios(server);
  lockScenarios(server);
  secretScenarios(server);
  programScenarios(server, ['coffer', 'mysql.session'], 'mysql.user');

  it('takes a network in its short form', async () => {
    await server.user('near', { shop: [] }, '127.0.0.0/8');
    expect(await server.ask('near', 'select current_user()')).toBe('near@127.0.0.0/8');
    expect((await call('users.list', [])).filter((user) => user.name === 'near')).toHaveLength(1);
    await call('users.delete', [{ name: 'near', host: '127.0.0.0/8' }]);
  });
  it('has a binary log and transaction ids from birth, the clone plugin, and nothing read from persisted settings', async () => {
    expect(await server.asManagement("select concat_ws(',', @@global.log_bin, @@global.gtid_mode, @@global.enforce_gtid_consistency, @@global.persisted_globals_load, @@global.binlog_expire_logs_seconds)")).toBe('1,ON,ON,0,86400');
    expect(await server.asManagement("select plugin_status from information_schema.plugins where plugin_name = 'clone'")).toBe('ACTIVE');
    expect(await server.asManagement("select count(*) from information_schema.plugins where plugin_name = 'mysqlx' and plugin_status = 'ACTIVE'")).toBe('0');
    expect(await server.asManagement('select @@global.gtid_executed <> \'\'')).toBe('1');
  });
  it('is managed while it takes no writes, and says so where one is wanted', async () => {
    await server.user('reader');
    await server.asManagement('set global super_read_only = on');
    try {
      expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
      expect((await call('users.list', [])).map((user) => user.name)).toContain('reader');
      expect((await call('databases.list', [])).map((database) => database.name)).toEqual(expect.arrayContaining(['shop']));
      expect(await call('configure', [])).toEqual({ changed: false, restartRequired: [] });
      await server.harness.issueCertificate();
      await call('tls.rotate', []);
      await expect(call('users.delete', [{ name: 'reader' }])).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining('takes no changes') as string });
      await call('stop', ['orderly']);
      await call('start', []);
    } finally {
      await server.asManagement('set global super_read_only = off').catch(() => undefined);
    }
    await call('users.delete', [{ name: 'reader' }]);
  });
  managementScenario(server, 'management that was lost is noticed, and repaired with everything else kept', [
    ["alter user 'coffer'@'localhost' identified by 'another one'", /another password/],
    ["alter user 'coffer'@'localhost' account lock", /locked/],
    ["revoke create user, drop on *.* from 'coffer'@'localhost'", /lacks privileges/],
    ["revoke connection_admin on *.* from 'coffer'@'localhost'", /lacks CONNECTION_ADMIN/],
  ]);
  it('a repair takes powers that only a superuser can have given', async () => {
    await server.user('mighty');
    await call('root.enable', [password]);
    await server.asManagement("grant system_variables_admin, connection_admin on *.* to 'mighty'@'%'");
    await server.asManagement("grant system_user on *.* to 'root'@'%'");
    await call('repair', []);
    expect(await server.asManagement("select group_concat(distinct USER) from mysql.global_grants where PRIV in ('SYSTEM_USER', 'SYSTEM_VARIABLES_ADMIN', 'CONNECTION_ADMIN') and USER not like 'mysql.%'")).toBe('coffer');
    expect(await call('root.isEnabled', [])).toBe(true);
    await call('root.disable', []);
    await call('users.delete', [{ name: 'mighty' }]);
  });
  it('a repair drops accounts that hide behind a name of the system, and nobody else', async () => {
    const hidden = ["'coffer'@'%'", "'mysql.session'@'%'", "'root'@'127.0.0.1'"];
    await call('root.enable', [password]);
    for (const name of hidden) await server.asManagement(`create user ${name} identified by '${password}'`);
    for (const name of hidden) await server.asManagement(`grant select, create user on *.* to ${name} with grant option`);
    await server.asManagement("create role 'coffer_role'");
    await server.asManagement("grant system_user on *.* to 'coffer_role'@'%'");
    // A host to be looked up: the server does not go by it once it was restarted.
    await server.asManagement("create user 'nowhere'@'db.example'");
    await server.asManagement("grant select on *.* to 'nowhere'@'db.example'");
    expect(await server.ask('coffer', 'select count(*) > 0 from mysql.user', null)).toBe('1');
    await call('repair', []);
    expect(await server.asManagement("select group_concat(User, '@', Host order by User) from mysql.user where User like 'coffer%' or User like 'mysql.%' or User = 'root'")).toBe('coffer@localhost,mysql.infoschema@localhost,mysql.session@localhost,mysql.sys@localhost,root@%');
    await expect(server.ask('coffer', 'select 1', null)).rejects.toThrow(/ERROR 1045/);
    await call('root.disable', []);
    await call('users.delete', [{ name: 'nowhere', host: 'db.example' }]);
  });
  it('a repair takes rights on the system\'s own tables, however they were given', async () => {
    const given: [user: string, grant: string][] = [
      ['of_database', 'select, update on mysql.*'], ['of_coffer', 'select on coffer.*'], ['of_table', 'select, update on mysql.user'], ['of_column', 'select (Host) on mysql.user'], ['of_all', 'select, update on *.*'], ['root', 'select on mysql.*'], ['worker', 'select, update on mysql.*'],
    ];
    const users = ['of_database', 'of_coffer', 'of_table', 'of_column', 'of_all', 'of_role', 'of_management'];
    for (const name of users) await server.user(name);
    await call('root.enable', [password]);
    await server.asManagement("create role 'worker'");
    for (const [user, grant] of given) await server.asManagement(`grant ${grant} to '${user}'@'%'${user === 'of_database' ? ' with grant option' : ''}`);
    for (const [role, host, user] of [['worker', '%', 'of_role'], ['coffer', 'localhost', 'of_management']]) {
      await server.asManagement(`insert into mysql.role_edges values ('${host}', '${role}', '%', '${user}', 'N')`);
      await server.asManagement(`insert into mysql.default_roles values ('%', '${user}', '${host}', '${role}')`);
    }
    await call('stop', ['orderly']);
    await call('start', []);
    const look = (name: string): Promise<string> => server.ask(name, name === 'of_coffer' ? 'select count(*) from coffer.marks' : 'select count(Host) > 0 from mysql.user');
    for (const name of [...users, 'root']) expect(await look(name), name).toMatch(/^\d+$/);
    await call('repair', []);
    for (const name of [...users, 'root']) await expect(look(name), name).rejects.toThrow(/ERROR (1142|1143|1044)/);
    for (const name of [...users, 'root']) expect(await server.ask(name, `create table t_${name} (a int); select count(*) from t_${name}`)).toBe('0');
    expect(await server.ask('of_role', 'select current_role()')).toBe('`worker`@`%`');
    await call('repair', []);
    await call('root.disable', []);
    await server.asManagement("drop role 'worker'");
    for (const name of users) await call('users.delete', [{ name }]);
  });
});
