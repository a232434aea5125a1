/** How management holds its connections and gives up, beside a server that answers as it is told to. No engine is started. */
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCa } from '../../../gateway/pki/x509.ts';
import { silentLog } from '../../../kernel/log.ts';
import { guest } from '../../../strategies/datastores/cassandra/guest/index.ts';
import { createSelfSigned } from '../../../strategies/datastores/cassandra/guest/self-signed.ts';
import type { GuestContext } from '../../../strategies/spi/guest.ts';
import { type Answer, createFakeServer, type FakeServer, type Row } from './fake-server.ts';

const dayMs = 86_400_000;
const role = (name: string): Row => ({ role: name, can_login: true, salted_hash: 'x', member_of: [] });
const isLook = (statement: string): boolean => statement.startsWith('SELECT is_superuser');
const gate = () => Promise.withResolvers<Row[]>();

let [root, instances, server]: [string, number, FakeServer | null] = ['', 0, null];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'coffer-cassandra-'));
  for (const folder of ['data', 'config', 'tls', 'run', 'logs']) await mkdir(join(root, folder));
  await writeFile(join(root, 'data', 'initialised'), '');
  instances++;
});
afterEach(async () => {
  await guest.probe(contextOf(0, { pid: null }));
  await server?.close();
  server = null;
  await rm(root, { recursive: true });
});

interface Wish { timeoutMs?: number; signal?: AbortSignal; operationId?: string; pid?: number | null; onTool?(command: string): Promise<void> | void; onSignal?(name: string): void }

function contextOf(port: number, { timeoutMs = 10_000, signal = new AbortController().signal, operationId = 'op_1', pid = process.pid, onTool, onSignal }: Wish = {}): GuestContext {
  const folder = (name: string): string => join(root, name);
  let running = pid;
  return {
    instanceId: `inst_${instances}`, track: '5.0', version: '5.0.9', flavor: { vcpus: 1, memoryMb: 512 }, volumeGb: 1, sizing: {}, parameters: {},
    paths: { data: folder('data'), config: folder('config'), run: folder('run'), logs: folder('logs'), tls: folder('tls'), prefix: folder('build'), bin: folder('build') },
    tls: { certificate: folder('tls/server.crt'), key: folder('tls/server.key'), ca: folder('tls/ca.crt') },
    network: { bind: '127.0.0.1', advertise: '127.0.0.1', ports: { cql: port, storage: 1, jmx: 1 } },
    managementSecret: 'secret', agentUser: 'root', isolated: false, log: silentLog, signal, deadline: new Date(Date.now() + timeoutMs), operationId, progress: () => undefined,
    engine: {
      start: async () => ({ pid: running = process.pid, adopted: false }), pid: () => running, signal: async (name) => onSignal?.(name), exited: () => Promise.reject(new Error('not here')), killLeftovers: async () => undefined,
      run: async ({ args }) => {
        await onTool?.(args.at(-1)!);
        return { exitCode: 0, stdout: '', stderr: '' };
      },
      logTail: async () => [], own: async () => undefined,
    },
  };
}

/** As after a start: the engine's certificate lies where its own files are. */
async function serve(answer: Answer, identity?: { key: string; certificate: string }): Promise<number> {
  const shown = identity ?? (await createSelfSigned('engine', Date.now()));
  await layCertificate(shown);
  await writeFile(join(root, 'data', 'client.pem'), `${shown.key.trimEnd()}\n${shown.certificate}`);
  server = createFakeServer(shown, (statement) => (isSound(statement) ?? answer(statement)));
  return server.listen();
}
const layCertificate = async ({ key, certificate }: { key: string; certificate: string }): Promise<void> => {
  await writeFile(join(root, 'tls', 'server.key'), key);
  for (const name of ['server.crt', 'ca.crt']) await writeFile(join(root, 'tls', name), certificate);
};
/** What every look asks, unless a test has an answer of its own. */
let isSound: (statement: string) => Row[] | undefined = () => undefined;
const soundLook = (statement: string): Row[] | undefined => {
  if (isLook(statement)) return [{ is_superuser: true, can_login: true, salted_hash: 'x' }];
  return statement.startsWith('SELECT release_version') ? [{ release_version: '5.0.9' }] : undefined;
};
beforeEach(() => { isSound = soundLook; });

describe('a command and a look at the server', () => {
  it('do not wait for each other', async () => {
    const work = gate();
    const port = await serve((statement) => (statement.startsWith('DROP KEYSPACE') ? work.promise : [{ name: 'shop' }]));
    const command = guest.databases!.delete(contextOf(port), 'shop');
    await expect.poll(() => server!.statements.at(-1)).toMatch(/DROP KEYSPACE/);
    expect(await guest.probe(contextOf(port, { timeoutMs: 1_000 }))).toMatchObject({ state: 'ok', version: '5.0.9' });
    work.resolve([]);
    await command;
  });
  it('do not end each other', async () => {
    isSound = () => undefined;
    const [work, look] = [gate(), gate()];
    const port = await serve((statement) => (isLook(statement) ? look.promise : statement.startsWith('DROP KEYSPACE') ? work.promise : [{ name: 'shop' }]));
    const command = guest.databases!.delete(contextOf(port), 'shop');
    await expect.poll(() => server!.statements.at(-1)).toMatch(/DROP KEYSPACE/);
    await guest.probe(contextOf(port, { signal: AbortSignal.timeout(200) }));
    work.resolve([]);
    await command;
  });
  it('share a connection that is being opened with others of their kind', async () => {
    const port = await serve(() => [{ keyspace_name: 'shop', role: 'app', can_login: false, salted_hash: null, member_of: [] }]);
    await Promise.all([guest.root!.isEnabled(contextOf(port)), guest.root!.isEnabled(contextOf(port)), guest.root!.isEnabled(contextOf(port))]);
    expect(server!.connections).toBe(1);
  });
});

describe('a command', () => {
  it('ends at its deadline when the server says nothing, and leaves a connection that works', async () => {
    let answer = gate();
    const port = await serve(() => answer.promise);
    const since = performance.now();
    await expect(guest.root!.isEnabled(contextOf(port, { timeoutMs: 200 }))).rejects.toMatchObject({ code: 'RETRYABLE' });
    expect(performance.now() - since).toBeLessThan(2_000);
    answer.resolve([]);
    answer = gate();
    answer.resolve([role('root')]);
    expect(await guest.root!.isEnabled(contextOf(port))).toBe(true);
  });
  it('ends at its deadline when the server takes the connection and says nothing', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await layCertificate(await createSelfSigned('engine', Date.now()));
    await expect.poll(() => silent.listening).toBe(true);
    const since = performance.now();
    await expect(guest.root!.isEnabled(contextOf((silent.address() as AddressInfo).port, { timeoutMs: 200 }))).rejects.toMatchObject({ code: 'RETRYABLE' });
    expect(performance.now() - since).toBeLessThan(2_000);
    silent.close();
  });
  it('to repair that ends before the server was seen does not stop it', async () => {
    isSound = () => undefined;
    const signals: string[] = [];
    const port = await serve(() => gate().promise);
    const [since, signal] = [performance.now(), AbortSignal.timeout(200)];
    await expect(guest.repair(contextOf(port, { timeoutMs: 200, signal, onSignal: (name) => void signals.push(name) }))).rejects.toThrow();
    expect(performance.now() - since).toBeLessThan(2_000);
    expect(signals).toEqual([]);
  });
  it('that is called off asks nothing more', async () => {
    const control = new AbortController();
    const roles = Array.from({ length: 50 }, (_, index) => role(`user_${index}`));
    const grants = (): number => server!.statements.filter((statement) => statement.startsWith('GRANT')).length;
    const port = await serve((statement) => {
      if (statement.startsWith('GRANT') && grants() === 5) control.abort(new Error('cancelled'));
      return statement.includes('FROM system_auth.roles') ? roles : statement.includes('keyspaces') ? [{ keyspace_name: 'shop' }] : [];
    });
    await expect(guest.root!.enable(contextOf(port, { signal: control.signal }), 'Password-1')).rejects.toThrow();
    await new Promise((resolve) => { setTimeout(resolve, 100); });
    expect(grants()).toBe(5);
  });
});

describe('the server\'s certificate', () => {
  it('is the one it was given, whatever its dates and names say', async () => {
    const expired = await createCa('elsewhere', Date.now() - 2 * dayMs, Date.now() - dayMs);
    const port = await serve(() => [role('root')], { key: expired.privateKeyPem, certificate: expired.pem });
    expect(await guest.root!.isEnabled(contextOf(port))).toBe(true);
    expect(await guest.probe(contextOf(port))).toMatchObject({ state: 'ok' });
  });
  it('is no other, even one of the same CA: no password is sent', async () => {
    const port = await serve(() => [role('root')]);
    const other = await createSelfSigned('engine', Date.now());
    await writeFile(join(root, 'data', 'client.pem'), `${other.key}${other.certificate}`);
    await expect(guest.root!.isEnabled(contextOf(port))).rejects.toThrow(/another certificate/);
    expect(server!.statements).toEqual([]);
  });
  it('may be the earlier one until a rotation that was cut off is done', async () => {
    const port = await serve(() => [role('root')]);
    await layCertificate(await createSelfSigned('engine', Date.now()));
    await expect(guest.tls!.rotate(contextOf(port, { timeoutMs: 300 }))).rejects.toMatchObject({ code: 'FAILED' });
    expect(await guest.root!.isEnabled(contextOf(port))).toBe(true);
  });
});

describe('a server whose places are all taken', () => {
  const turnAway = async (): Promise<{ port: number; close(): void }> => {
    const full = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    const { key, certificate } = await createSelfSigned('engine', Date.now());
    await layCertificate({ key, certificate });
    await writeFile(join(root, 'data', 'client.pem'), `${key}${certificate}`);
    await expect.poll(() => full.listening).toBe(true);
    return { port: (full.address() as AddressInfo).port, close: () => full.close() };
  };
  it('has started, when it was found running', async () => {
    const { port, close } = await turnAway();
    await guest.start(contextOf(port, { timeoutMs: 5_000 }));
    close();
  });
  it('cannot be asked which certificate it shows: later, perhaps', async () => {
    const { port, close } = await turnAway();
    await expect(guest.tls!.rotate(contextOf(port, { timeoutMs: 300 }))).rejects.toMatchObject({ code: 'RETRYABLE', message: expect.stringContaining('connections may be taken') as string });
    close();
  });
});

describe('sessions that outlived their user', () => {
  const withSessions = (statement: string): Row[] => (statement.includes('system_views.clients') ? [{ username: 'coffer' }, { username: 'back' }] : statement.includes('keyspaces') ? [{ keyspace_name: 'shop' }] : []);
  /** What nodetool does, told by its last word. */
  const tool = (tools: string[]) => async (command: string): Promise<void> => {
    tools.push(command);
    await (command === 'disablebinary' ? server!.close() : server!.listen());
  };
  it('are ended before the name is made again, and only then', async () => {
    const tools: string[] = [];
    const port = await serve(withSessions);
    await guest.users!.create(contextOf(port, { onTool: tool(tools) }), { name: 'fresh', password: 'Password-1', grants: [] });
    expect(tools).toEqual([]);
    await guest.users!.create(contextOf(port, { onTool: tool(tools) }), { name: 'back', password: 'Password-1', grants: [] });
    expect(tools).toEqual(['disablebinary', 'enablebinary']);
  });
  it('leave a port that opens again, when the work was cut off while it was closed', async () => {
    const tools: string[] = [];
    const port = await serve(withSessions);
    const cutOff = contextOf(port, { onTool: async (command) => {
      if (command === 'enablebinary') throw new Error('killed');
      await server!.close();
    } });
    await expect(guest.users!.create(cutOff, { name: 'back', password: 'Password-1', grants: [] })).rejects.toThrow('killed');
    expect(await guest.probe(contextOf(port, { onTool: tool(tools) }))).toMatchObject({ state: 'ok' });
    expect(tools).toEqual(['enablebinary']);
    expect(await guest.probe(contextOf(port, { onTool: tool(tools) }))).toMatchObject({ state: 'ok' });
    expect(tools).toHaveLength(1);
  });
});

describe('an operation that was cut off', () => {
  const user = { name: 'app', password: 'Password-1', grants: [] };
  const roles = (...names: string[]) => (statement: string): Row[] => {
    if (statement.includes('system_views.clients')) return [{ username: 'coffer' }];
    if (statement.includes('keyspaces')) return [{ keyspace_name: 'shop' }];
    // Names are values, which this server does not read: root's comes last.
    return statement.includes('FROM system_auth.roles') ? names.splice(0, 1).map(role) : [];
  };
  it('finds its own role by the operation, and gives root its rights on it', async () => {
    const port = await serve(roles());
    await guest.users!.create(contextOf(port), user);
    await server!.close();
    const again = await serve(roles('app', 'root'));
    await guest.users!.create(contextOf(again), user);
    expect(server!.statements.filter((statement) => statement.startsWith('CREATE'))).toEqual([]);
    expect(server!.statements).toContainEqual(expect.stringMatching(/^GRANT ALTER.* ON ROLE 'app' TO 'root'/) as string);
  });
  it('takes over nothing of another operation, whatever the passwords', async () => {
    const port = await serve(roles());
    await guest.users!.create(contextOf(port), user);
    await server!.close();
    const again = await serve(roles('app', 'root'));
    await expect(guest.users!.create(contextOf(again, { operationId: 'op_2' }), user)).rejects.toMatchObject({ code: 'EXISTS' });
  });
});

describe('secrets', () => {
  it('lie in the data from the next start on, and no longer in the configuration', async () => {
    const port = await serve(() => []);
    const [{ key, certificate }, config] = [await createSelfSigned('engine', Date.now()), join(root, 'config')];
    for (const name of ['client.pem', 'peer.pem', 'peer-trust.pem', 'jmx.password', 'jmx.access']) await writeFile(join(config, name), key + certificate);
    await rm(join(root, 'data', 'client.pem'));
    await guest.start(contextOf(port, { pid: null, timeoutMs: 5_000 }));
    const names = await readdir(config);
    for (const name of names) expect(await readFile(join(config, name), 'utf8'), name).not.toMatch(/PRIVATE KEY|^coffer /m);
    expect((await readdir(join(root, 'data'))).sort()).toEqual(['client.pem', 'initialised', 'jmx.access', 'jmx.password', 'peer-trust.pem', 'peer.pem', 'tmp']);
    expect(await readFile(join(config, 'cassandra.yaml'), 'utf8')).toContain(join(root, 'data', 'client.pem'));
  });
});
