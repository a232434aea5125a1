/** What happens to management and members, and how the engine comes back from it. */
import { once } from 'node:events';
import { copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Document } from 'mongodb';
import { files, formerFiles } from '../../../strategies/datastores/mongodb/guest/config-file.ts';
import { faultOf } from '../../../strategies/conformance/cases/session.ts';
import { useServer } from '../../e2e/mongodb/server.ts';

const timeoutMs = 10_000;

describe('a server', () => {
  const server = useServer();
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  const run = (command: Document): Promise<Document> => server.asMember((connection) => connection.command('admin', command, timeoutMs));
  const isSound = async (): Promise<void> => {
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    expect(await server.ask('ann', 'shop', { find: 'goods' })).toMatchObject({ ok: 1 });
    expect((await call('users.list', [])).map(({ name }) => name)).toContain('ann');
  };
  beforeAll(async () => { await server.user('ann', { shop: [] }); });

  it.each([
    ['the management account was dropped', { dropUser: 'coffer' }],
    ['its password was changed', { updateUser: 'coffer', pwd: 'changed' }],
    ['its role was taken', { revokeRolesFromUser: 'coffer', roles: ['coffer_management'] }],
    ['its role was emptied', { updateRole: 'coffer_management', privileges: [] }],
    ['its role was dropped', { dropRole: 'coffer_management' }],
  ])('tells that %s, and is repaired', async (_title, command) => {
    await run(command);
    // The connection of the probe may still be good for what it was made; whoever needs a new one finds out.
    expect(await faultOf(call('users.list', []))).toBe('FAILED');
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: true });
    await call('repair', []);
    await isSound();
  });
  it('is repaired from a stop, too', async () => {
    await run({ dropUser: 'coffer' });
    await call('stop', ['orderly']);
    expect(await faultOf(call('start', []))).toBe('FAILED_TO_START');
    await call('stop', ['immediate']);
    await call('repair', []);
    await isSound();
  });
  it('gives its roles what this release needs when it starts', async () => {
    await run({ revokePrivilegesFromRole: 'coffer_management', privileges: [{ resource: { cluster: true }, actions: ['getCmdLineOpts'] }] });
    expect(await faultOf(call('configure', []))).toBe('FAILED');
    await call('stop', ['orderly']);
    await call('start', []);
    expect(await call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    await isSound();
  });
  it('gives them also to a server that goes on while the agent begins anew', async () => {
    await run({ revokePrivilegesFromRole: 'coffer_management', privileges: [{ resource: { cluster: true }, actions: ['replSetGetConfig', 'getCmdLineOpts'] }] });
    await server.harness.callAndKill('probe', [], { afterMs: 0 });
    await call('start', []);
    expect(await call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    await isSound();
  });
  it('would be lost to management by who may grant roles in one database: so nobody may', async () => {
    await server.user('deputy', { shop: [] });
    await run({ grantRolesToUser: 'deputy', roles: [{ role: 'userAdmin', db: 'shop' }] });
    await server.ask('deputy', 'shop', { createRole: 'bar', roles: [], privileges: [], authenticationRestrictions: [{ serverAddress: ['192.0.2.1'] }] });
    await server.ask('deputy', 'admin', { grantRolesToUser: 'ann', roles: [{ role: 'bar', db: 'shop' }] });
    await expect(server.ask('ann', 'shop', { find: 'goods' })).rejects.toThrow(/Authentication failed/);
    await run({ revokeRolesFromUser: 'ann', roles: [{ role: 'bar', db: 'shop' }] });
    await server.ask('deputy', 'admin', { grantRolesToUser: 'coffer', roles: [{ role: 'bar', db: 'shop' }] });
    await call('repair', []);
    await call('users.delete', [{ name: 'deputy' }]);
    expect((await run({ usersInfo: 'coffer' }))['users'][0].roles).toEqual([{ role: 'coffer_management', db: 'admin' }]);
    await isSound();
  });
  it('starts without its key file, which is made anew', async () => {
    await call('stop', ['orderly']);
    await rm(files(server.harness.facts).memberKey);
    await call('start', []);
    await isSound();
    await call('repair', []);
  });
  it('starts as an earlier release left it, and keeps nothing secret in its configuration', async () => {
    await call('stop', ['orderly']);
    const { paths } = server.harness.facts;
    const [now, former] = [files({ paths }), formerFiles({ paths })];
    const key = await readFile(now.memberKey, 'utf8');
    await rename(now.memberKey, former.memberKey);
    await rename(now.certificate, former.certificate);
    await call('start', []);
    await isSound();
    expect(await readdir(paths.config)).toEqual(['mongod.conf']);
    expect(await readFile(now.memberKey, 'utf8')).toBe(key);
  });
  it('has its certificate rotated where a server of an earlier release looks for it', async () => {
    const { paths } = server.harness.facts;
    const [now, former] = [files({ paths }), formerFiles({ paths })];
    await copyFile(now.certificate, former.certificate);
    await server.harness.issueCertificate();
    await call('tls.rotate', []);
    expect(await readFile(former.certificate, 'utf8')).toBe(await readFile(now.certificate, 'utf8'));
  });
  it('starts under another address and tells it to drivers', async () => {
    const setup = join(dirname(server.harness.facts.paths.run), 'agent/setup.json');
    const text = await readFile(setup, 'utf8');
    for (const advertise of ['localhost', '127.0.0.1']) {
      await call('stop', ['orderly']);
      await writeFile(setup, text.replaceAll('"advertise":"127.0.0.1"', `"advertise":"${advertise}"`));
      // The process that read the earlier one is ended.
      await server.harness.callAndKill('probe', [], { afterMs: 0 });
      await call('start', []);
      expect((await run({ replSetGetConfig: 1 }))['config'].members).toMatchObject([{ host: `${advertise}:${server.harness.facts.ports['mongodb']}` }]);
    }
    await isSound();
  });
  it('starts where it is the member at an address that is no longer its own', async () => {
    await call('stop', ['orderly']);
    const setup = join(dirname(server.harness.facts.paths.run), 'agent/setup.json');
    const text = await readFile(setup, 'utf8');
    const { ports } = server.harness.facts;
    const before = ports['mongodb']!;
    const after = before + 30;
    for (const [port, source] of [[after, text.replaceAll(`"mongodb":${before}`, `"mongodb":${after}`)], [before, text]] as const) {
      await writeFile(setup, source);
      await server.harness.callAndKill('probe', [], { afterMs: 0 });
      await call('start', []);
      expect((await run({ replSetGetConfig: 1 }))['config'].members).toMatchObject([{ host: `127.0.0.1:${port}` }]);
      await call('stop', ['orderly']);
    }
    await call('start', []);
    await isSound();
  });
  it('tells why it did not start', async () => {
    await call('stop', ['orderly']);
    const { host, ports } = server.harness.facts;
    const squatter = createServer().listen(ports['mongodb']!, host);
    await once(squatter, 'listening');
    await expect(call('start', [])).rejects.toThrow(/ended while it started: .*[Aa]ddress already in use/);
    squatter.close();
    await once(squatter, 'close');
    await call('start', []);
    await isSound();
  });
  it('is managed while every place is taken, and says so', async () => {
    const { host, ports, caCertificate } = server.harness.facts;
    const sockets: TLSSocket[] = [];
    try {
      for (let isRefused = false; !isRefused;) {
        const socket = connect({ host, port: ports['mongodb']!, ca: caCertificate });
        sockets.push(socket);
        isRefused = await new Promise<boolean>((resolve) => { socket.once('secureConnect', () => resolve(false)).once('error', () => resolve(true)); });
      }
      expect(sockets.length).toBeGreaterThan(80);
      expect(await call('probe', [])).toMatchObject({ state: 'ok', detail: expect.stringMatching(/all connections are taken \(\d+ of 128\)/) });
      await call('databases.create', [{ name: 'crowded' }]);
      await call('databases.delete', ['crowded']);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await expect.poll(async () => (await call('probe', [])).detail, { timeout: timeoutMs }).toBeNull();
  });
});
