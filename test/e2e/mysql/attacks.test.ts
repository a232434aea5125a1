/** No tenant, root included, reaches the host or becomes management. */
import { describe, expect, it } from 'vitest';
import { useServer } from '../../support/sql-family/server.ts';
import { tenantScenarios } from '../../support/sql-family/tenants.ts';
import { attacks } from './attacks.ts';
import { harnessOptions } from './fixture.ts';

describe('a tenant', () => {
  const server = useServer({ ...harnessOptions(), ports: { mysql: 21_505 } });
  tenantScenarios(server, {
    attacks, refusal: /ERROR (1044|1045|1142|1227|1238|1370|1465|1698|3530|3630|3948) /,
    databases: ['other'], withoutTls: ['--ssl-mode=DISABLED'], systemUsers: ['mysql.session'],
  });

  it('cannot kill management\'s sessions, and sees no text of a password in them', async () => {
    await server.harness.call('probe', []);
    const ids = (await server.ask('root', "select id from information_schema.processlist where user = 'coffer'")).split('\n').filter(Boolean);
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) await expect(server.ask('root', `kill ${id}`)).rejects.toThrow(/ERROR (1094|1095|3909|1227)/);
  });
  it('may as root administer data, users and grants, but pass on no more than it has', async () => {
    await server.ask('root', "create database mine; create table mine.t (a int); create user helper identified by 'Helper-password-1'; grant all on mine.* to helper; grant select on *.* to helper");
    const helper = { user: 'helper', password: 'Helper-password-1', database: 'mine' };
    await server.client.ask(helper, 'insert into t values (1);');
    await expect(server.client.ask(helper, 'select * from mysql.user;')).rejects.toThrow(/ERROR 1142/);
    await expect(server.client.ask(helper, 'select * from coffer.marks;')).rejects.toThrow(/ERROR 1142/);
    await server.ask('root', 'drop user helper; drop database mine');
  });
  it('as root keeps its rights in a later database of the name of one it had given to itself', async () => {
    await server.ask('root', "create database again; grant select, insert on again.* to 'root'@'%' with grant option");
    await server.harness.call('databases.delete', ['again']);
    await server.harness.call('databases.create', [{ name: 'again' }]);
    await server.ask('root', 'create table again.t (a int); drop database again');
  });
  it('hides no account behind a name of the system: what root made so goes with root', async () => {
    await server.ask('root', "create user 'coffer'@'%' identified by 'Hidden-password-1'; grant all on shop.* to 'coffer'@'%'; create user 'system user'@'%' identified by 'Hidden-password-1'; create user 'root'@'127.0.0.1' identified by 'Hidden-password-1'");
    const hidden = { user: 'coffer', password: 'Hidden-password-1', database: 'shop' };
    expect(await server.client.ask(hidden, 'select current_user();')).toBe('coffer@%');
    await expect(server.client.ask(hidden, 'select * from coffer.marks;')).rejects.toThrow(/ERROR 1142/);
    const held = server.client.spawn({ ...hidden, user: 'system user', database: null });
    held.stdin.write("select 'in';\n");
    await new Promise((resolve) => held.stdout.once('data', resolve));
    const gone = new Promise((resolve) => held.once('close', resolve));
    await server.harness.call('root.disable', []);
    await expect(server.client.ask(hidden, 'select 1;')).rejects.toThrow(/ERROR 1045/);
    held.stdin.end('select 1;\n');
    expect(await gone).not.toBe(0);
    expect(await server.asManagement("select group_concat(User, '@', Host order by User) from mysql.user where User like 'coffer%' or User in ('root', 'system user')")).toBe('coffer@localhost');
    expect(await server.harness.call('root.isEnabled', [])).toBe(false);
  });
  it('and after all of it, management is whole and nobody has a power it had not', async () => {
    expect(await server.harness.call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    expect(await server.asManagement("select group_concat(distinct User order by User) from mysql.user where 'Y' in (Super_priv, File_priv, Shutdown_priv, Reload_priv, Repl_slave_priv, Create_tablespace_priv) and User not like 'mysql.%'")).toBe('');
    expect(await server.asManagement("select group_concat(distinct USER order by USER) from mysql.global_grants where PRIV = 'SYSTEM_USER' and USER not like 'mysql.%'")).toBe('coffer');
    expect(await server.asManagement("select concat(@@global.max_connections > 1, @@global.require_secure_transport, @@global.local_infile, coalesce(@@global.secure_file_priv, 'NULL'), @@global.partial_revokes, @@global.mandatory_roles, @@global.gtid_mode)")).toBe('110NULL1ON');
  });
});
