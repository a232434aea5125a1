/** No tenant, root included, reaches the host or becomes management. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuestHarness, Login } from '../../../strategies/conformance/index.ts';
import { manifest } from '../../../strategies/datastores/mysql/manifest.ts';
import { openConnection } from '../../../strategies/datastores/sql-family/wire/connection.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import { askAsManagement, createSqlClient, type SqlClient } from '../../support/sql-family/stock-client.ts';
import { attacks } from './attacks.ts';
import { harnessOptions } from './fixture.ts';

/** What the server says when it refuses for want of a right: anything else would be a mistake in the attack. */
const refusal = /ERROR (1044|1045|1142|1227|1238|1370|1465|1698|3530|3630|3948) /;
const password = 'Attack-password-1';

describe('a tenant', () => {
  let harness: GuestHarness;
  let client: SqlClient;
  const login = (user: string): Login => ({ user, password, database: user === 'outsider' ? null : 'shop' });

  beforeAll(async () => {
    harness = await createProcessHarness({ ...harnessOptions(), ports: { mysql: 21_505 } });
    client = createSqlClient(harness.facts, manifest);
    await harness.call('initialise', []);
    await harness.call('start', []);
    for (const name of ['shop', 'other']) await harness.call('databases.create', [{ name }]);
    await harness.call('users.create', [{ name: 'user', password, grants: [{ database: 'shop', privileges: [] }] }]);
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

  it('management is not let in over TCP, its secret known', async () => {
    const coffer = { user: 'coffer', password: harness.facts.managementSecret, database: null };
    await expect(client.ask(coffer, 'select 1;')).rejects.toThrow(/ERROR 1045/);
    await expect(client.ask(coffer, 'select 1;', ['--ssl-mode=DISABLED'])).rejects.toThrow(/ERROR (1045|2061|3159)/);
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
    await expect(over('mysql.session', '')).rejects.toThrow(/Access denied|locked/);
  });
  it('cannot kill management\'s sessions, and sees no text of a password in them', async () => {
    await harness.call('probe', []);
    const ids = (await client.ask(login('root'), "select id from information_schema.processlist where user = 'coffer';")).split('\n').filter(Boolean);
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) await expect(client.ask(login('root'), `kill ${id};`)).rejects.toThrow(/ERROR (1094|1095|3909|1227)/);
  });
  it('may as root administer data, users and grants, but pass on no more than it has', async () => {
    await client.ask(login('root'), "create database mine; create table mine.t (a int); create user helper identified by 'Helper-password-1'; grant all on mine.* to helper; grant select on *.* to helper;");
    const helper = { user: 'helper', password: 'Helper-password-1', database: 'mine' };
    await client.ask(helper, 'insert into t values (1);');
    await expect(client.ask(helper, 'select * from mysql.user;')).rejects.toThrow(/ERROR 1142/);
    await expect(client.ask(helper, 'select * from coffer.marks;')).rejects.toThrow(/ERROR 1142/);
    await client.ask(login('root'), 'drop user helper; drop database mine;');
  });
  it('as root keeps its rights when a database is called what stands for all of them', async () => {
    await harness.call('databases.create', [{ name: '%' }]);
    await client.ask(login('root'), 'create table `%`.t (a int); insert into `%`.t values (1);');
    await harness.call('databases.delete', ['%']);
    await client.ask(login('root'), 'create table shop.roots (a int); drop table shop.roots;');
  });
  it('as root keeps its rights in a later database of the name of one it had given to itself', async () => {
    await client.ask(login('root'), "create database again; grant select, insert on again.* to 'root'@'%' with grant option;");
    await harness.call('databases.delete', ['again']);
    await harness.call('databases.create', [{ name: 'again' }]);
    await client.ask(login('root'), 'create table again.t (a int); drop database again;');
  });
  it('hides no account behind a name of the system: what root made so goes with root', async () => {
    await client.ask(login('root'), "create user 'coffer'@'%' identified by 'Hidden-password-1'; grant all on shop.* to 'coffer'@'%'; create user 'system user'@'%' identified by 'Hidden-password-1'; create user 'root'@'127.0.0.1' identified by 'Hidden-password-1';");
    const hidden = { user: 'coffer', password: 'Hidden-password-1', database: 'shop' };
    expect(await client.ask(hidden, 'select current_user();')).toBe('coffer@%');
    await expect(client.ask(hidden, 'select * from coffer.marks;')).rejects.toThrow(/ERROR 1142/);
    const held = client.spawn({ ...hidden, user: 'system user', database: null });
    held.stdin.write("select 'in';\n");
    await new Promise((resolve) => held.stdout.once('data', resolve));
    const gone = new Promise((resolve) => held.once('close', resolve));
    await harness.call('root.disable', []);
    await expect(client.ask(hidden, 'select 1;')).rejects.toThrow(/ERROR 1045/);
    held.stdin.end('select 1;\n');
    expect(await gone).not.toBe(0);
    expect(await askAsManagement(harness.facts, "select group_concat(User, '@', Host order by User) from mysql.user where User like 'coffer%' or User in ('root', 'system user')")).toBe('coffer@localhost');
    expect(await harness.call('root.isEnabled', [])).toBe(false);
  });
  it('and after all of it, management is whole and nobody has a power it had not', async () => {
    expect(await harness.call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    expect(await askAsManagement(harness.facts, "select group_concat(distinct User order by User) from mysql.user where 'Y' in (Super_priv, File_priv, Shutdown_priv, Reload_priv, Repl_slave_priv, Create_tablespace_priv) and User not like 'mysql.%'")).toBe('');
    expect(await askAsManagement(harness.facts, "select group_concat(distinct USER order by USER) from mysql.global_grants where PRIV = 'SYSTEM_USER' and USER not like 'mysql.%'")).toBe('coffer');
    expect(await askAsManagement(harness.facts, "select concat(@@global.max_connections > 1, @@global.require_secure_transport, @@global.local_infile, coalesce(@@global.secure_file_priv, 'NULL'), @@global.partial_revokes, @@global.mandatory_roles, @@global.gtid_mode)")).toBe('110NULL1ON');
  });
});
