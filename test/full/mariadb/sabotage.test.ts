/** What tenants may do within their rights, what a superuser may break, and what becomes of management. */
import { describe, expect, it } from 'vitest';
import { hostScenarios, lockScenarios, secretScenarios } from '../../support/sql-family/scenarios.ts';
import { password, useServer } from '../../support/sql-family/server.ts';
import { harnessOptions } from '../../e2e/mariadb/fixture.ts';

describe.each(['11.8', '10.11'])('a server of %s', (track) => {
  const server = useServer({ ...harnessOptions(track), ports: { mariadb: 21_527 } });
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  hostScenarios(server);
  lockScenarios(server);
  secretScenarios(server);

  it('has a binary log and transaction ids from birth', async () => {
    expect(await server.asManagement("select concat_ws(',', @@global.log_bin, @@global.gtid_strict_mode, @@global.binlog_format, @@global.binlog_expire_logs_seconds, @@global.gtid_binlog_pos <> '')")).toBe('ON,ON,ROW,86400,1');
  });
  // There is no account that a superuser could not change. No tenant is one; where somebody made one all the same:
  it('management that a superuser broke is noticed, and repaired with everything else kept', async () => {
    await server.user('keeper');
    await server.ask('keeper', 'create table kept (a int); insert into kept values (7)');
    const damages: [sql: string, told: RegExp][] = [
      ["alter user coffer@localhost identified by 'another one'", /another password/],
      ['alter user coffer@localhost account lock', /locked/],
      ['revoke create user, drop on *.* from coffer@localhost', /lacks privileges/],
      ["update mysql.global_priv set Priv = json_set(Priv, '$.auth_or', json_array(json_object(), json_object('plugin', 'unix_socket'))) where User = 'coffer'", /other means/],
    ];
    for (const [sql, told] of damages) {
      // Its connection stays, whatever becomes of the account.
      await call('probe', []);
      await server.asManagement(sql);
      expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: true, detail: expect.stringMatching(told) as string });
      await call('repair', []);
      expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    }
    await server.asManagement('drop user coffer@localhost');
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
});
