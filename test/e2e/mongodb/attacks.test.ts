/** No tenant, root included, reaches the server, its accounts, or other people's data. */
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConnection } from '../../../strategies/datastores/mongodb/connection.ts';
import { openTls, overSocket, verified } from '../../../strategies/datastores/mongodb/tls.ts';
import { attacks } from './attacks.ts';
import { password, useServer } from './server.ts';

/** What the server says when it refuses for want of a right: anything else would be a mistake in the attack. */
const refusal = /^not authorized on |no such command: '(?:configureFailPoint|setFreeMonitoring)'|Dropping the 'admin' database is prohibited|no globalScriptEngine in \$where|Cannot run server-side javascript/;
const timeoutMs = 5_000;

describe('a tenant', () => {
  const server = useServer();
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  const accounts = (): Promise<Document[]> => server.asMember(async (connection) => {
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
      const parameter = await server.asMember((connection) => connection.command('admin', { getParameter: 1, enableLocalhostAuthBypass: 1 }, timeoutMs));
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

  describe('that has everything of its database logged and recorded', () => {
    const newPassword = 'Attack-password-2';
    const verifiers: string[] = [];
    const remember = async (): Promise<void> => {
      const [users] = await accounts();
      verifiers.push(...(users as Document[]).flatMap(({ credentials }) => ['salt', 'storedKey', 'serverKey'].map((field) => credentials['SCRAM-SHA-256'][field] as string)));
    };
    const textOf = async (folder: string): Promise<string> => (await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')))).join('\n');

    beforeAll(async () => {
      await server.ask('greedy', 'shop', { profile: 2, slowms: -1, filter: 'unset' });
      await server.ask('greedy', 'shop', { find: 'goods', comment: 'it is heard' });
      await server.user('noted', { shop: [] }, 'shop');
      await remember();
      const there = (name: string) => ({ name, authDatabase: 'shop' });
      await call('users.update', [there('noted'), { password: newPassword }]);
      await remember();
      await call('users.update', [there('noted'), { name: 'renamed' }]);
      await remember();
      await call('users.delete', [there('renamed')]);
      await call('root.enable', [password]);
      await call('repair', []);
      await remember();
    });
    afterAll(() => server.ask('greedy', 'shop', { profile: 0, slowms: 100 }));

    it('finds no verifier of a password in the log', async () => {
      const log = await textOf(server.harness.facts.paths.logs);
      expect(log).toContain('it is heard');
      expect(verifiers.length).toBeGreaterThan(40);
      expect([...verifiers, password, newPassword].filter((secret) => log.includes(secret))).toEqual([]);
    });
    it('nor in the record', async () => {
      const { cursor } = await server.ask('root', 'shop', { find: 'system.profile', batchSize: 10_000 });
      const record = JSON.stringify(cursor);
      expect(record).toContain('it is heard');
      expect([...verifiers, password, newPassword].filter((secret) => record.includes(secret))).toEqual([]);
    });
  });
});
