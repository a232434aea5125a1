/** What tenants may do within their rights, what an operator may break, and what becomes of management. */
import { describe, expect, it } from 'vitest';
import { hostScenarios, lockScenarios, secretScenarios } from '../../support/sql-family/scenarios.ts';
import { password, useServer } from '../../support/sql-family/server.ts';
import { harnessOptions } from '../../e2e/mysql/fixture.ts';

describe('a server', () => {
  const server = useServer({ ...harnessOptions(), ports: { mysql: 21_506 } });
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  hostScenarios(server);
  lockScenarios(server);
  secretScenarios(server);

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
  it('management that was lost is noticed, and repaired with everything else kept', async () => {
    await server.user('keeper');
    await server.ask('keeper', 'create table kept (a int); insert into kept values (7)');
    const damages: [sql: string, told: RegExp][] = [
      ["alter user 'coffer'@'localhost' identified by 'another one'", /another password/],
      ["alter user 'coffer'@'localhost' account lock", /locked/],
      ["revoke create user, drop on *.* from 'coffer'@'localhost'", /lacks privileges/],
      ["revoke connection_admin on *.* from 'coffer'@'localhost'", /lacks CONNECTION_ADMIN/],
    ];
    for (const [sql, told] of damages) {
      // Its connection stays, whatever becomes of the account.
      await call('probe', []);
      await server.asManagement(sql);
      expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: true, detail: expect.stringMatching(told) as string });
      await call('repair', []);
      expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    }
    await server.asManagement("drop user 'coffer'@'localhost'");
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: true });
    await call('stop', ['immediate']);
    await expect(call('start', [])).rejects.toThrow(/refuses the management account/);
    await call('repair', []);
    await call('repair', []);
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    expect(await server.ask('keeper', 'select a from kept')).toBe('7');
    await call('users.update', [{ name: 'keeper' }, { password }]);
    await call('users.delete', [{ name: 'keeper' }]);
  });
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
});
