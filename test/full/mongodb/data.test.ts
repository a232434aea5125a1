/** Databases, users, grants and what a replica set of one gives from birth. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultOf } from '../../../strategies/conformance/cases/session.ts';
import { password, useServer } from '../../e2e/mongodb/server.ts';

const refused = /^not authorized on |requires authentication/;
const soonMs = 5_000;
/** What management has under way. */
const waiting = { aggregate: 1, pipeline: [{ $currentOp: { allUsers: true } }, { $match: { 'effectiveUsers.user': 'coffer' } }], cursor: {} };

describe('a server', () => {
  const server = useServer();
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  const grantsOf = async (name: string, authDatabase = 'admin') => (await call('users.list', [])).find((user) => user.name === name && user.authDatabase === authDatabase)?.grants;

  it('shows a database as soon as it is made, to every client that has rights in it', async () => {
    await call('databases.create', [{ name: 'fresh' }]);
    await server.user('viewer', { fresh: ['read'] });
    expect((await server.ask('viewer', 'admin', { listDatabases: 1, nameOnly: true }))['databases']).toEqual([{ name: 'fresh' }]);
    await call('grants.grant', [{ name: 'viewer' }, [{ database: 'fresh', privileges: [] }]]);
    expect(await server.ask('viewer', 'fresh', { insert: 'coffer_created', documents: [{}] })).toMatchObject({ n: 0 });
    expect((await call('databases.list', [])).find(({ name }) => name === 'fresh')?.sizeBytes).toBeGreaterThan(0);
  });
  it('takes no database that differs in case alone', async () => {
    expect(await faultOf(call('databases.create', [{ name: 'Fresh' }]))).toBe('EXISTS');
  });
  it('deletes a database with the rights in it: one of the same name is another', async () => {
    await server.ask('viewer', 'fresh', { insert: 'goods', documents: [{}] });
    await call('databases.delete', ['fresh']);
    expect(await grantsOf('viewer')).toEqual([]);
    await call('databases.create', [{ name: 'fresh' }]);
    await expect(server.ask('viewer', 'fresh', { find: 'goods' })).rejects.toThrow(refused);
    expect(await faultOf(call('grants.grant', [{ name: 'viewer' }, [{ database: 'never', privileges: [] }]]))).toBe('MISSING');
    await call('databases.delete', ['fresh']);
    expect(await faultOf(call('databases.delete', ['fresh']))).toBe('MISSING');
  });

  it('knows its own work where a call was cut off and came through later', async () => {
    await server.user('elder', { shop: [] });
    const user = { name: 'belated', password, grants: [] };
    const calls = [
      (options: object) => call('databases.create', [{ name: 'belated' }], { operationId: 'op_database', ...options }),
      (options: object) => call('users.create', [user], { operationId: 'op_user', ...options }),
      (options: object) => call('users.update', [{ name: 'elder' }, { name: 'renewed' }], { operationId: 'op_rename', ...options }),
    ];
    for (const one of calls) {
      const again = await server.asMember(async (connection) => {
        await connection.command('admin', { fsync: 1, lock: true }, soonMs);
        await one({ timeoutMs: 500 }).catch(() => undefined);
        const repeated = one({}).then(() => null, (error: Error) => error.message);
        // Both writes stand before the lock.
        await expect.poll(async () => (await connection.command('admin', waiting, soonMs))['cursor'].firstBatch.length, { timeout: soonMs }).toBe(2);
        await connection.command('admin', { fsyncUnlock: 1 }, soonMs);
        return repeated;
      });
      expect(again).toBeNull();
    }
    expect((await call('users.list', [])).map(({ name }) => name)).toEqual(expect.arrayContaining(['belated', 'renewed']));
    for (const name of ['belated', 'renewed']) await call('users.delete', [{ name }]);
    await call('databases.delete', ['belated']);
  });
  it('keeps users of the same name in two databases apart', async () => {
    await server.user('twin', { shop: ['read'] });
    await server.user('twin', { shop: [] }, 'shop');
    const via = (authSource: string, secret = password) => server.driver.as({ user: 'twin', password: secret, database: 'shop' }, (client) => client.db('shop').command({ insert: 'twins', documents: [{}] }), { authSource });
    await expect(via('admin')).rejects.toThrow(refused);
    await via('shop');
    await call('users.update', [{ name: 'twin', authDatabase: 'shop' }, { password: 'Another-password-1', name: 'sibling' }]);
    expect((await call('users.list', [])).filter(({ name }) => ['twin', 'sibling'].includes(name)).map(({ name, authDatabase }) => `${authDatabase}.${name}`)).toEqual(['admin.twin', 'shop.sibling']);
    await call('grants.revoke', [{ name: 'sibling', authDatabase: 'shop' }, ['shop']]);
    expect(await grantsOf('twin')).toEqual([{ database: 'shop', privileges: ['read'] }]);
    expect(await grantsOf('sibling', 'shop')).toEqual([]);
    expect(await faultOf(call('users.delete', [{ name: 'twin', authDatabase: 'shop' }]))).toBe('MISSING');
    await call('users.delete', [{ name: 'sibling', authDatabase: 'shop' }]);
    expect(await grantsOf('twin')).toBeDefined();
    await call('users.delete', [{ name: 'twin' }]);
  });
  it('does not rename a user onto another', async () => {
    await server.user('one', { shop: [] });
    await server.user('two', { shop: ['read'] });
    expect(await faultOf(call('users.update', [{ name: 'one' }, { name: 'two' }]))).toBe('EXISTS');
    expect(await grantsOf('two')).toEqual([{ database: 'shop', privileges: ['read'] }]);
  });

  it('gives each role what it says', async () => {
    await server.user('reads', { shop: ['read'] });
    await server.user('writes', { shop: ['readWrite'] });
    await server.user('tends', { shop: ['dbAdmin'] });
    await server.ask('writes', 'shop', { insert: 'ledger', documents: [{ n: 1 }] });
    await server.ask('writes', 'shop', { createIndexes: 'ledger', indexes: [{ key: { n: 1 }, name: 'n' }] });
    expect((await server.ask('reads', 'shop', { count: 'ledger' }))['n']).toBe(1);
    await expect(server.ask('reads', 'shop', { insert: 'ledger', documents: [{}] })).rejects.toThrow(refused);
    await expect(server.ask('writes', 'shop', { collMod: 'ledger', validator: {} })).rejects.toThrow(refused);
    await expect(server.ask('writes', 'shop', { dropDatabase: 1 })).rejects.toThrow(refused);
    await server.ask('tends', 'shop', { collMod: 'ledger', validator: {} });
    await expect(server.ask('tends', 'shop', { find: 'ledger' })).rejects.toThrow(refused);
    for (const role of ['dbOwner', 'userAdmin', 'root', 'readAnyDatabase', 'coffer_root', '']) expect(await faultOf(call('grants.grant', [{ name: 'reads' }, [{ database: 'shop', privileges: [role] }]]))).toBe('REFUSED');
    expect(await faultOf(call('grants.grant', [{ name: 'reads' }, [{ database: 'admin', privileges: [] }]]))).toBe('REFUSED');
  });

  it('has transactions and change streams', async () => {
    await server.user('modern', { shop: [] });
    await server.driver.as(server.login('modern'), async (client) => {
      const goods = client.db('shop').collection('modern');
      const stream = goods.watch();
      const first = stream.next();
      await new Promise((resolve) => { stream.once('resumeTokenChanged', resolve); });
      await client.withSession((session) => session.withTransaction(async () => { await goods.insertOne({ n: 1 }, { session }); await goods.insertOne({ n: 2 }, { session }); }));
      expect(await first).toMatchObject({ operationType: 'insert', fullDocument: { n: 1 } });
      await stream.close();
    }, { maxPoolSize: 5 });
  });
  it('ends what a user has under way when the password changes', async () => {
    await server.user('busy', { shop: [] });
    await server.ask('busy', 'shop', { insert: 'one', documents: [{}] });
    const million = [{ $set: { n: { $range: [0, 1_000_000] } } }, { $unwind: '$n' }];
    const ended = server.ask('busy', 'shop', { aggregate: 'one', pipeline: [...million, ...million, { $count: 'n' }], cursor: {} }).then(() => 'it ended by itself', (error: Error) => error.message);
    const running = { aggregate: 1, pipeline: [{ $currentOp: { allUsers: true } }, { $match: { 'effectiveUsers.user': 'busy', 'command.aggregate': 'one' } }], cursor: {} };
    const isRunning = (): Promise<number> => server.asMember(async (connection) => (await connection.command('admin', running, soonMs))['cursor'].firstBatch.length);
    await expect.poll(isRunning, { timeout: soonMs }).toBe(1);
    await call('users.update', [{ name: 'busy' }, { password: 'Another-password-1' }]);
    const late = new Promise((resolve) => { setTimeout(() => resolve('late'), soonMs); });
    expect(await Promise.race([ended, late])).toMatch(/interrupted|killed/);
    await expect.poll(isRunning, { timeout: soonMs }).toBe(0);
  });
  it('frees what a deleted user\'s open transaction holds', async () => {
    await server.user('holder', { shop: [] });
    await server.user('next', { shop: [] });
    await server.ask('next', 'shop', { insert: 'held', documents: [{ _id: 1 }] });
    await server.driver.as(server.login('holder'), async (client) => {
      const session = client.startSession();
      session.startTransaction();
      await client.db('shop').collection<{ _id: number }>('held').updateOne({ _id: 1 }, { $set: { n: 1 } }, { session });
      await call('users.delete', [{ name: 'holder' }]);
      await server.ask('next', 'shop', { update: 'held', updates: [{ q: { _id: 1 }, u: { $set: { n: 2 } } }], maxTimeMS: soonMs });
    }, { maxPoolSize: 5 });
  });

  it('is small: no journal made in advance, no recorder of diagnostic data', async () => {
    const { data } = server.harness.facts.paths;
    expect(await readdir(data)).not.toContain('diagnostic.data');
    const files = (await readdir(data, { recursive: true })).map((name) => join(data, name));
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(64 * 1024 ** 2);
  });
});
