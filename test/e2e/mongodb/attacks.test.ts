/** No tenant, root included, reaches the server, its accounts, or other people's data. */
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Document } from 'mongodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { createConnection } from '../../../strategies/datastores/mongodb/connection.ts';
import { openTls, overSocket, verified } from '../../../strategies/datastores/mongodb/tls.ts';
import { attacks } from './attacks.ts';
import { password, useServer } from './server.ts';

/** What the server says when it refuses for want of a right: anything else would be a mistake in the attack. */
const refusal = /^not authorized on |no such command: 'configureFailPoint'|Dropping the 'admin' database is prohibited|no globalScriptEngine in \$where|Cannot run server-side javascript/;
const timeoutMs = 5_000;

describe('a tenant', () => {
  const server = useServer();
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  const asSystem = async () => ({ database: 'local', user: '__system', password: await memberKeyOf() });
  const memberKeyOf = async (): Promise<string> => (await import('node:fs/promises')).readFile(`${server.harness.facts.paths.config}/member.key`, 'utf8');
  const accounts = async (): Promise<Document[]> => server.overSocket(await asSystem(), async (connection) => {
    const [users, roles] = [await connection.command('admin', { find: 'system.users', sort: { _id: 1 } }, timeoutMs), await connection.command('admin', { find: 'system.roles', sort: { _id: 1 } }, timeoutMs)];
    return [users['cursor'].firstBatch, roles['cursor'].firstBatch];
  });
  let before: Document[];

  beforeAll(async () => {
    await server.user('greedy', { shop: ['read', 'readWrite', 'dbAdmin'] });
    await call('databases.create', [{ name: 'vault' }]);
    await server.user('owner', { vault: [] });
    await call('root.enable', [password]);
    await server.ask('greedy', 'shop', { insert: 'goods', documents: [{ _id: 1 }] });
    before = await accounts();
  });

  describe.each(['greedy', 'root'])('as %s', (who) => {
    it.each(attacks.map((attack) => [attack.title, attack] as const))('%s, in vain', async (_title, { database, command }) => {
      await expect(server.ask(who, database, command)).rejects.toThrow(refusal);
    });
    it('and works with its data', async () => {
      expect(await server.ask(who, 'shop', { update: 'goods', updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }] })).toMatchObject({ n: 1 });
    });
  });

  it('that has rights in one database has none in another', async () => {
    for (const command of [{ find: 'goods' }, { listCollections: 1 }, { dbStats: 1 }, { insert: 'goods', documents: [{}] }, { dropDatabase: 1 }]) {
      await expect(server.ask('owner', 'shop', command)).rejects.toThrow(refusal);
    }
    expect((await server.ask('owner', 'admin', { listDatabases: 1, nameOnly: true }))['databases']).toEqual([{ name: 'vault' }]);
    await expect(server.ask('owner', 'admin', { aggregate: 1, pipeline: [{ $changeStream: { allChangesForCluster: true } }], cursor: {} })).rejects.toThrow(refusal);
    await expect(server.ask('owner', 'admin', { aggregate: 1, pipeline: [{ $currentOp: { allUsers: true } }], cursor: {} })).rejects.toThrow(refusal);
  });
  it('that is root watches all data, and nothing of the accounts', async () => {
    await server.driver.as(server.login('root'), async (client) => {
      const stream = client.watch([], { showExpandedEvents: true });
      const first = stream.next();
      await new Promise((resolve) => { stream.once('resumeTokenChanged', resolve); });
      await server.user('watched', { shop: [] });
      await call('users.delete', [{ name: 'watched' }]);
      await server.ask('owner', 'vault', { insert: 'gold', documents: [{ _id: 7 }] });
      const events = [await first, await stream.next()];
      expect(events.map((event) => [event.operationType, 'ns' in event && event.ns])).toEqual([['create', { db: 'vault', coll: 'gold' }], ['insert', { db: 'vault', coll: 'gold' }]]);
      await stream.close();
    }, { maxPoolSize: 5 });
  });
  it('that is root makes a database by writing, and drops it', async () => {
    await server.ask('root', 'own', { insert: 'things', documents: [{}] });
    expect((await call('databases.list', [])).map(({ name }) => name)).toEqual(['own', 'shop', 'vault']);
    await server.ask('root', 'own', { dropDatabase: 1 });
    expect((await call('databases.list', [])).map(({ name }) => name)).toEqual(['shop', 'vault']);
  });
  it('does not get in as management or as a member by a guess', async () => {
    for (const [user, database] of [['coffer', 'admin'], ['__system', 'local'], ['root', 'shop'], ['greedy', 'shop']] as const) {
      for (const guess of [password, '', 'coffer']) {
        await expect(server.driver.as({ user, password: guess || ' ', database }, (client) => client.db('admin').command({ ping: 1 }), { authSource: database })).rejects.toThrow(/Authentication failed/);
      }
    }
  });

  describe('without a login', () => {
    const anonymous = [{ createUser: 'eve', pwd: 'x', roles: ['root'] }, { listDatabases: 1 }, { replSetGetStatus: 1 }, { shutdown: 1 }, { serverStatus: 1 }];
    it('gets nothing over the network or the socket: there is no localhost exception', async () => {
      const { facts } = server.harness;
      const target = { host: facts.host, port: facts.ports['mongodb']!, caCertificate: facts.caCertificate };
      for (const options of [verified(target), overSocket(`${facts.paths.run}/mongod.sock`)]) {
        const connection = createConnection(await openTls(options, timeoutMs));
        for (const command of anonymous) await expect(connection.command('admin', command, timeoutMs)).rejects.toThrow(/requires authentication/);
        connection.close();
      }
      const parameter = await server.overSocket(await asSystem(), (connection) => connection.command('admin', { getParameter: 1, enableLocalhostAuthBypass: 1 }, timeoutMs));
      expect(parameter['enableLocalhostAuthBypass']).toBe(false);
    });
    it('gets nothing without TLS, nor with an old one', async () => {
      const { host, ports } = server.harness.facts;
      const plain = createConnection(connect({ host, port: ports['mongodb']! }));
      await expect(plain.command('admin', { hello: 1 }, timeoutMs)).rejects.toThrow(/closed|reset/i);
      const old = connectTls({ host, port: ports['mongodb']!, rejectUnauthorized: false, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
      await expect(new Promise((resolve, reject) => { old.once('secureConnect', resolve).once('error', reject); })).rejects.toThrow(/alert|version|ECONNRESET/i);
    });
    it('is not offered compression by zlib', async () => {
      const { facts } = server.harness;
      const connection = createConnection(await openTls(verified({ host: facts.host, port: facts.ports['mongodb']!, caCertificate: facts.caCertificate }), timeoutMs));
      const { compression } = await connection.command('admin', { hello: 1, compression: ['zlib', 'zstd', 'snappy'] }, timeoutMs);
      connection.close();
      expect(compression).toEqual(['zstd', 'snappy']);
    });
  });

  it('and after all of it accounts and roles are what they were', async () => {
    expect(await accounts()).toEqual(before);
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false, detail: null });
    expect((await call('users.list', [])).map(({ name }) => name)).toEqual(['greedy', 'owner']);
  });
});
