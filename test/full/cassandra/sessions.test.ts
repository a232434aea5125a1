/** What holds for connections that are open, and for a server whose places are all taken. */
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
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
  it('of management is kept when all places are taken, and a full server is not taken for a dead one', async () => {
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
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => server.driver.open(server.login('maker')).then((client) => client.shutdown().then(() => true), () => false), { timeout: 15_000 }).toBe(true);
  });
});
