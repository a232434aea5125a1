/** What holds for connections that are open, for the users behind them, and for a server whose places are all taken. */
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createCa, createKey, engineNames, importPrivateKey, issueLeaf, type LeafRequest } from '../../../gateway/pki/x509.ts';
import { password, useServer } from '../../e2e/cassandra/server.ts';

describe('an open session', () => {
  const server = useServer(4, { isStarted: true });
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  const open = async (user: string) => {
    const client = await server.driver.open(server.login(user));
    return { ask: (cql: string) => client.execute(cql), close: () => client.shutdown() };
  };

  it('has lost its rights when a revocation, a deletion or the end of root is reported, not later', async () => {
    await server.user('maker');
    await server.ask('maker', 'create table shop.goods (a int primary key)');
    for (const [name, take] of [
      ['revoked', () => call('grants.revoke', [{ name: 'revoked' }, ['shop']])],
      ['deleted', () => call('users.delete', [{ name: 'deleted' }])],
      ['root', () => call('root.disable', [])],
    ] as const) {
      await (name === 'root' ? call('root.enable', [password]) : server.user(name));
      const session = await open(name);
      await session.ask('select a from shop.goods');
      await take();
      await expect(session.ask('select a from shop.goods'), name).rejects.toThrow(/permission|not exist|not authorized/i);
      await expect(session.ask('insert into shop.goods (a) values (1)'), name).rejects.toThrow(/permission|not exist|not authorized/i);
      await session.close();
    }
  });
  it('loses the rights on what it made itself, too', async () => {
    await server.user('artist');
    const session = await open('artist');
    await session.ask('create table shop.painting (a int primary key)');
    await call('grants.revoke', [{ name: 'artist' }, ['shop']]);
    await expect(session.ask('select a from shop.painting')).rejects.toThrow(/permission/);
    await expect(session.ask('grant select on table shop.painting to artist')).rejects.toThrow(/permission/);
    await session.close();
    expect((await call('users.list', [])).find((user) => user.name === 'artist')?.grants).toEqual([]);
  });
  it('outlives a new password, as the manifest says, while nobody logs in with the old one', async () => {
    await server.user('rekeyed');
    const session = await open('rekeyed');
    await call('users.update', [{ name: 'rekeyed' }, { password: 'Another-password-2' }]);
    await expect(open('rekeyed')).rejects.toThrow(/incorrect/);
    await session.ask('select a from shop.goods');
    await session.close();
  });
  it('of a deleted user has nothing of the next one with its name, and so has root\'s', async () => {
    const another = 'Another-password-2';
    const make = (name: string, secret: string) => call('users.create', [{ name, password: secret, grants: [{ database: 'shop', privileges: [] }] }]);
    const remove = (name: string) => call('users.delete', [{ name }]);
    const ways: [name: string, begin: () => Promise<unknown>, end: () => Promise<unknown>, again: () => Promise<unknown>][] = [
      ['remade', () => make('remade', password), () => remove('remade'), () => make('remade', another)],
      ['root', () => call('root.enable', [password]), () => call('root.disable', []), () => call('root.enable', [another])],
      ['vacant', () => make('vacant', password), () => remove('vacant'), () => make('mover', another).then(() => call('users.update', [{ name: 'mover' }, { name: 'vacant' }]))],
    ];
    for (const [name, begin, end, again] of ways) {
      await begin();
      const session = await open(name);
      await session.ask('select a from shop.goods');
      await end();
      await again();
      await expect(session.ask('select a from shop.goods'), name).rejects.toThrow();
      await session.close();
      expect(await call('probe', []), name).toMatchObject({ state: 'ok', detail: null });
      await server.driver.ask({ ...server.login(name), password: another }, 'select a from shop.goods');
    }
    await call('root.disable', []);
  });
  it('of others goes on when a new user is made whose name nobody had', async () => {
    await server.user('stayer');
    const session = await server.driver.open(server.login('stayer'));
    const [host] = (session as unknown as { hosts: { values(): { pool: { connections: { netClient: { destroyed: boolean } }[] } }[] } }).hosts.values();
    await session.execute('select a from shop.goods');
    const { netClient } = host!.pool.connections[0]!;
    await server.user('novel');
    await session.execute('select a from shop.goods');
    expect(netClient.destroyed).toBe(false);
    await session.shutdown();
  });
  it('of management goes by the server\'s own certificate, expired or not', async () => {
    const { tls } = server.harness.facts.paths;
    const [notBeforeMs, notAfterMs] = [Date.now() - 172_800_000, Date.now() - 86_400_000];
    const ca = await createCa('elsewhere', notBeforeMs, notAfterMs);
    const { keys, privateKeyPem } = await createKey();
    const signer = { certificate: ca.pem, key: await importPrivateKey(ca.privateKeyPem) };
    const expired = await issueLeaf({ ca: signer, publicKey: keys.publicKey as LeafRequest['publicKey'], commonName: 'engine', names: engineNames(['127.0.0.1']), usage: 'server', notBeforeMs, notAfterMs });
    for (const [name, text] of [['server.key', privateKeyPem], ['server.crt', expired.pem]] as const) await writeFile(join(tls, name), text);
    await call('tls.rotate', []);
    await server.harness.callAndKill('users.list', [], { afterMs: 0 });
    expect(await call('probe', [])).toMatchObject({ state: 'ok', detail: null });
    await call('users.list', []);
    await server.harness.issueCertificate();
    await call('tls.rotate', []);
  });
  it('of management is kept when all places are taken, and a full server is not taken for a dead one', async () => {
    await call('probe', []);
    const sockets: Socket[] = [];
    /** One that was given a place gets as far as TLS; one that was turned away is closed. */
    const takePlace = (): Promise<boolean> => new Promise((resolve) => {
      const socket = connect({ host: server.harness.facts.host, port: server.harness.facts.ports['cql'], rejectUnauthorized: false }, () => resolve(true));
      socket.on('error', () => undefined).once('close', () => resolve(false));
      sockets.push(socket);
    });
    const fill = async (): Promise<void> => { while (await takePlace()); };
    await fill();
    expect(sockets.length).toBeGreaterThan(200);
    await expect(server.driver.open(server.login('maker'))).rejects.toThrow();
    expect(await call('probe', [])).toMatchObject({ state: 'ok', detail: null });
    await call('users.list', []);
    // An agent that begins anew has no connection yet, and its place is taken, too: as soon as the server has seen the end of it.
    await expect.poll(async () => {
      await server.harness.callAndKill('users.list', [], { afterMs: 0 });
      await fill();
      return call('probe', []);
    }, { timeout: 60_000 }).toMatchObject({ state: 'ok', detail: expect.stringContaining('all connections are taken') as string, managementLost: false });
    await call('start', []);
    await server.harness.issueCertificate();
    await expect(call('tls.rotate', [])).rejects.toMatchObject({ code: 'RETRYABLE', message: expect.stringContaining('all connections may be taken') as string });
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => server.driver.open(server.login('maker')).then((client) => client.shutdown().then(() => true), () => false), { timeout: 15_000 }).toBe(true);
    await call('tls.rotate', []);
  });

  describe('a user', () => {
    it('keeps and loses what root gave it on all tables of a keyspace', async () => {
      await call('root.enable', [password]);
      for (const name of ['reader', 'loser']) {
        await server.user(name, {});
        await server.ask('root', `grant select on all tables in keyspace shop to ${name}`);
        await server.ask(name, 'select a from shop.goods');
      }
      await call('users.update', [{ name: 'reader' }, { name: 'renamed' }]);
      await server.ask('renamed', 'select a from shop.goods');
      await call('grants.revoke', [{ name: 'loser' }, ['shop']]);
      await expect(server.ask('loser', 'select a from shop.goods')).rejects.toThrow(/permission/);
      await call('root.disable', []);
    });
    it('is never taken for another operation\'s, whatever the passwords', async () => {
      await server.user('taken');
      const faultOf = (promise: Promise<unknown>) => promise.then(() => 'it was done', (error: { code?: string }) => error.code);
      expect(await faultOf(call('users.update', [{ name: 'missing' }, { name: 'taken' }]))).toBe('MISSING');
      expect(await faultOf(server.user('taken'))).toBe('EXISTS');
      await server.user('other');
      expect(await faultOf(call('users.update', [{ name: 'other' }, { name: 'taken', password }]))).toBe('EXISTS');
      for (const name of ['bare', 'empty']) await server.driver.ask(server.management, `create role ${name} with login = ${name === 'bare'}`);
      expect(await faultOf(call('users.update', [{ name: 'empty' }, { name: 'full' }]))).toBe('MISSING');
      await server.driver.ask(server.management, 'create role hollow with login = true');
      expect(await faultOf(call('users.update', [{ name: 'bare' }, { name: 'hollow' }]))).toBe('EXISTS');
      for (const name of ['missing', 'taken']) expect((await call('users.list', [])).filter((user) => user.name === name)).toHaveLength(name === 'taken' ? 1 : 0);
    });
  });
});
