/** No tenant, root included, becomes or harms the management account, and nobody comes in by another way. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import cassandra from 'cassandra-driver';
import { beforeAll, describe, expect, it } from 'vitest';
import { createSelfSigned } from '../../../strategies/datastores/cassandra/guest/self-signed.ts';
import { attacks } from './attacks.ts';
import { password, useServer } from './server.ts';

/** What the server says when it refuses for want of a right, or because the thing is off: anything else would be a mistake in the attack. */
const refusal = /has no \w+ permission|does not have sufficient privileges|Only superusers|You aren't allowed|not authorized|is not user-modifiable|schema is protected|Cannot (CREATE|ALTER|DROP) <|not support(ed)? by|(is|are) disabled|not modifiable|Invalid (custom indexer|compaction strategy) class|coffer already exists/i;

describe('a tenant', () => {
  const server = useServer(2, { isStarted: true });
  beforeAll(async () => {
    const { harness, driver, management } = server;
    await harness.call('databases.create', [{ name: 'vault' }]);
    await server.user('eve');
    await server.user('other', {});
    await harness.call('root.enable', [password]);
    for (const cql of ['create table shop.goods (a int primary key, b int)', 'create table vault.gold (a int primary key)', 'insert into vault.gold (a) values (1)']) await driver.ask(management, cql);
  });

  it.each(attacks.map((attack) => [attack.who, attack.title, attack] as const))('%s: %s, in vain', async (_who, _title, { who, cql }) => {
    const told = await server.ask(who === 'user' ? 'eve' : 'root', cql).then(() => 'it was done', (error: Error) => error.message);
    expect(told).toMatch(refusal);
  });

  it('does not get in as management or as the well-known superuser', async () => {
    for (const user of ['coffer', 'cassandra']) {
      for (const secret of ['coffer', 'cassandra', password]) await expect(server.driver.ask({ user, password: secret, database: null }, 'select role from system_auth.roles')).rejects.toThrow(/incorrect|credentials/i);
    }
  });
  it('that is root does everything in its keyspaces and with its users, and no more', async () => {
    for (const cql of [
      `create keyspace roots with replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1}`, 'create table roots.t (a int primary key)', 'insert into roots.t (a) values (1)', 'drop keyspace roots',
      'insert into vault.gold (a) values (3)', 'grant select on keyspace vault to other', 'revoke select on keyspace vault from other',
      `create role helper with login = true and password = 'x'`, 'grant select on keyspace shop to helper', 'drop role helper', `alter role other with password = '${password}'`,
    ]) await server.ask('root', cql);
  });
  it('that is root leaves names behind that management can live with', async () => {
    for (const name of [`x' or role = 'coffer`, `coffer' --`, '"', 'a/b/c']) await server.ask('root', `create role "${name.replaceAll('"', '""')}" with login = true and password = 'x'`).catch(() => undefined);
    for (const name of ['coffer_x', 'Coffer', 'cassandra']) await server.ask('root', `create role "${name}" with login = true and password = 'x'`);
    const names = async (): Promise<string[]> => (await server.harness.call('users.list', [])).map((user) => user.name);
    expect(await names()).toEqual(expect.arrayContaining(['coffer_x', 'Coffer', 'cassandra', 'eve']));
    for (const name of ['coffer_x', 'Coffer', 'cassandra']) await server.harness.call('users.delete', [{ name }]);
    expect(await names()).toEqual(expect.not.arrayContaining(['coffer_x', 'Coffer', 'cassandra', 'coffer', 'root']));
    expect(await server.harness.call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
  });
  it('changed nothing: one superuser, and it works', async () => {
    const roles = await server.driver.ask(server.management, 'select role, is_superuser from system_auth.roles');
    expect(roles.filter((row) => row['is_superuser'] === true).map((row) => String(row['role']))).toEqual(['coffer']);
    expect(roles.map((row) => String(row['role']))).not.toContain('cassandra');
    expect((await server.driver.ask(server.management, 'select role from system_auth.identity_to_role')).map((row) => String(row['role']))).not.toContain('coffer');
    expect(await server.harness.call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
  });

  describe('at the other ports', () => {
    const nodetool = (...login: string[]): Promise<string> => new Promise((resolve) => {
      const { paths, ports } = server.harness.facts;
      const args = [`@${join(paths.config, 'tool.options')}`, 'org.apache.cassandra.tools.NodeTool', '-h', '127.0.0.1', '-p', String(ports['jmx']), ...login, 'gettimeout', 'read'];
      execFile(join(paths.bin, 'java'), args, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
    it('the management port wants its own login', async () => {
      expect(await nodetool()).toMatch(/Credentials required|Authentication failed/);
      expect(await nodetool('-u', 'coffer', '-pw', password)).toMatch(/Authentication failed|Invalid username or password/);
      expect(await nodetool('-u', 'root', '-pw', password)).toMatch(/Authentication failed|Invalid username or password/);
      expect(await nodetool('-u', 'coffer', '-pwf', join(server.harness.facts.paths.data, 'jmx.password'))).toMatch(/timeout.*read.*\d+ ms/i);
    });
    it('the peers\' port wants the instance\'s own key', async () => {
      const { paths, host, ports } = server.harness.facts;
      const own = await readFile(join(paths.data, 'peer.pem'), 'utf8');
      const stranger = await createSelfSigned(server.harness.facts.host, Date.now());
      const greet = (key: ConnectionOptions): Promise<string> => new Promise((resolve) => {
        const socket = connect({ host, port: ports['storage'], rejectUnauthorized: false, ...key }, () => { setTimeout(() => { socket.destroy(); resolve('stays'); }, 1_500); });
        socket.once('error', (error) => resolve(error.message));
        socket.once('close', () => resolve('closed'));
      });
      expect(await greet({})).not.toBe('stays');
      expect(await greet({ key: stranger.key, cert: stranger.certificate })).not.toBe('stays');
      expect(await greet({ key: own, cert: own.slice(own.indexOf('-----BEGIN CERT')) })).toBe('stays');
    });
    it('the configuration holds no secret', async () => {
      const { config } = server.harness.facts.paths;
      const names = await readdir(config);
      expect(names).toContain('cassandra.yaml');
      for (const name of names) expect(await readFile(join(config, name), 'utf8'), name).not.toMatch(/PRIVATE KEY|^coffer \S/m);
    });
    it('a connection without TLS is not heard', async () => {
      await expect(server.driver.open(server.login('eve'), false)).rejects.not.toBeInstanceOf(cassandra.errors.AuthenticationError);
    });
  });
});
