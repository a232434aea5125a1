/** Waiting and watching, through connections that break. */
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OperationView } from '../../../gateway/operations/workflow.ts';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';
import { type Cli, prepareCli } from '../../support/cli.ts';

/** A network between client and gateway that can be cut, and can hold back what the gateway answers. */
async function startCable(port: number): Promise<{ url: string; cut(): void; hold(): void; release(): void; close(): void }> {
  const sockets = new Set<Socket>();
  const answers = new Set<Socket>();
  let isHeld = false;
  const server: Server = createServer((near) => {
    const far = createConnection(port, '127.0.0.1');
    answers.add(far);
    if (isHeld) far.pause();
    for (const [one, other] of [[near, far], [far, near]] as const) {
      sockets.add(one);
      one.on('data', (chunk) => { other.write(chunk); });
      one.on('error', () => other.destroy());
      one.on('close', () => { sockets.delete(one); other.destroy(); });
    }
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const hold = (): void => { isHeld = true; for (const far of answers) far.pause(); };
  const release = (): void => { isHeld = false; for (const far of answers) far.resume(); };
  const cut = (): void => { for (const socket of sockets) socket.destroy(); };
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/graphql`, cut, hold, release, close: () => { cut(); server.close(); } };
}

let server: ApiServer;
let cable: Awaited<ReturnType<typeof startCable>>;
let cli: Cli;
beforeAll(async () => { server = await startApiServer(); });
afterAll(() => server.close());
beforeEach(async () => {
  cable = await startCable(server.server.port);
  cli = await prepareCli({ env: { COFFER_URL: cable.url, COFFER_TOKEN: server.token } });
});
afterEach(async () => {
  await cli.remove();
  cable.close();
});

/** The subscription has reached the server. */
async function subscribed(count = 1): Promise<void> {
  while (server.fake.feed.readers() < count) await new Promise((resolve) => { setTimeout(resolve, 5); });
}
function advance(operation: OperationView, patch: Partial<OperationView>): void {
  Object.assign(operation, patch);
  server.fake.feed.emit({ type: 'operation.updated', phase: 'PROGRESS', subject: operation.subjectId, projectId: operation.projectId, operationId: operation.id, doc: { ...operation } });
}
const step = (name: string, state: OperationView['state']) => ({ name, title: `Do ${name}`, state, attempts: 1, progress: null, message: null, startedAt: '2026-01-01T00:00:00.000Z', finishedAt: state === 'SUCCEEDED' ? '2026-01-01T00:00:02.000Z' : null });

describe('waiting for an operation', () => {
  it('tells each step once although the connection was cut between them, and ends with the operation', async () => {
    const operation = server.fake.addOperation(server.fake.addInstance('cut'), 'instance.restart');
    const watching = cli.start(['operation', 'watch', operation.id]);
    await subscribed();
    advance(operation, { steps: [step('one', 'SUCCEEDED'), step('two', 'RUNNING')] });
    await watching.saw('Do one: done');
    cable.cut();
    await watching.saw('connection was lost');
    advance(operation, { steps: [step('one', 'SUCCEEDED'), step('two', 'SUCCEEDED')] });
    advance(operation, { state: 'SUCCEEDED', progress: 1 });
    const { code, out, error } = await watching.ended;
    expect({ code, out }).toEqual({ code: 0, out: `instance.restart SUCCEEDED  ${operation.id}\n` });
    expect(error.match(/Do one: done/g)).toHaveLength(1);
    expect(error.match(/Do two: done/g)).toHaveLength(1);
    expect(error).toMatch(/Connected again/);
  });
  it('fails as the operation does, with its fault and where to read more', async () => {
    const operation = server.fake.addOperation(server.fake.addInstance('faulty'), 'instance.create');
    const watching = cli.start(['operation', 'watch', 'faulty', '--json']);
    await subscribed();
    advance(operation, { state: 'FAILED', fault: { code: 'SOURCE.UNAVAILABLE', message: 'no packages', at: '2026-01-01T00:00:00.000Z' }, steps: [step('fetch', 'FAILED')] });
    const { code, out, error } = await watching.ended;
    expect(code).toBe(1);
    expect(JSON.parse(out).operation).toMatchObject({ state: 'FAILED', fault: { code: 'SOURCE.UNAVAILABLE' } });
    expect(error).toMatch(/at \\"Do fetch\\": no packages[^]*coffer operation show/);
  });
  it('Ctrl-C ends the client, tells the way back, and leaves the operation alone', async () => {
    const operation = server.fake.addOperation(server.fake.addInstance('left'), 'instance.stop');
    const watching = cli.start(['operation', 'watch', operation.id]);
    await subscribed();
    watching.child.kill('SIGINT');
    const { code, error } = await watching.ended;
    expect(code).toBe(130);
    expect(error).toContain(`coffer operation watch ${operation.id}`);
    expect(operation.state).toBe('RUNNING');
  });
  it('--timeout ends the client with 6', async () => {
    const operation = server.fake.addOperation(server.fake.addInstance('slow'), 'instance.stop');
    const { code, error } = await cli.run(['operation', 'watch', operation.id, '--timeout', '3s']);
    expect(code).toBe(6);
    expect(error).toMatch(/goes on without this client/);
  });
  it('--no-wait answers at once with the operation', async () => {
    server.fake.addInstance('quick');
    const { code, out } = await cli.run(['instance', 'restart', 'quick', '--no-wait', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out).operation).toMatchObject({ kind: 'instance.restart', state: 'RUNNING' });
  });
  it('a password that was told is printed although the wait was ended', async () => {
    const creating = cli.start(['instance', 'create', 'fresh', '--datastore', 'postgresql', '--flavor', 'small', '--volume', '1', '--user', 'app', '--project', 'alpha']);
    await subscribed();
    creating.child.kill('SIGINT');
    const { code, out } = await creating.ended;
    expect(code).toBe(130);
    expect(out).toMatch(/app +generated/);
  });
  it('a password whose answer was still on its way is waited for', async () => {
    const creating = cli.start(['instance', 'create', 'on-its-way', '--datastore', 'postgresql', '--flavor', 'small', '--volume', '1', '--user', 'app', '--no-wait'], { env: { COFFER_TOKEN: server.fake.addToken('maker', 'EDITOR', server.fake.projects[0]!.id) } });
    cable.hold();
    while (![...server.fake.instances.values()].some(({ name }) => name === 'on-its-way')) await new Promise((resolve) => { setTimeout(resolve, 5); });
    creating.child.kill('SIGINT');
    await new Promise((resolve) => { setTimeout(resolve, 300); }); // without the grace it would have ended by now
    cable.release();
    const { code, out } = await creating.ended;
    expect(code).toBe(130);
    expect(out).toMatch(/app +generated/);
  });
  it('a token that is revoked meanwhile ends with 5', async () => {
    const COFFER_TOKEN = server.fake.addToken('short', 'EDITOR', server.fake.projects[0]!.id);
    const operation = server.fake.addOperation(server.fake.addInstance('revoked'), 'instance.stop');
    const watching = cli.start(['operation', 'watch', operation.id], { env: { COFFER_TOKEN } });
    await subscribed();
    const token = server.fake.tokens.get(COFFER_TOKEN)!;
    token.revokedAt = '2026-01-01T00:00:00.000Z';
    server.server.onTokenRevoked(token.id);
    expect(await watching.ended).toMatchObject({ code: 5, error: expect.stringMatching(/coffer login/) });
  });
});

describe('watching', () => {
  it('an instance until it has a status, over a cut, without a change told twice', async () => {
    const { id } = server.fake.addInstance('watched', undefined, { status: 'BUILDING' });
    const watching = cli.start(['instance', 'watch', 'watched', '--until', 'active', '--json']);
    await watching.saw('SNAPSHOT');
    server.fake.change(id, { status: 'UNKNOWN' });
    await watching.saw('UNKNOWN');
    cable.cut();
    await watching.saw('connection was lost');
    server.fake.change(id, { status: 'UNHEALTHY' });
    server.fake.change(id, { status: 'ACTIVE' });
    const { code, out } = await watching.ended;
    expect(code).toBe(0);
    expect(out.trim().split('\n').map((line) => JSON.parse(line).instance.status)).toEqual(['BUILDING', 'UNKNOWN', 'UNHEALTHY', 'ACTIVE']);
  });
  it('every instance, with those that go', async () => {
    const { id } = server.fake.addInstance('goes', server.fake.projects[1]);
    const watching = cli.start(['instance', 'watch', '--project', 'beta']);
    await watching.saw('goes  ACTIVE');
    server.fake.change(id, { deletedAt: '2026-01-01T00:00:00.000Z' });
    await watching.saw('goes is gone');
    watching.child.kill('SIGINT');
    expect((await watching.ended).code).toBe(130);
  });
  it('events, over a cut, each once', async () => {
    const { id } = server.fake.addInstance('logged');
    const tailing = cli.start(['event', 'tail', '--instance', id, '--json']);
    await subscribed();
    server.fake.change(id, { volumeGb: 2 });
    await tailing.saw('instance.updated');
    cable.cut();
    server.fake.change(id, { volumeGb: 3 });
    await tailing.saw(/instance\.updated[^]*instance\.updated/);
    tailing.child.kill('SIGINT');
    const cursors = (await tailing.ended).out.trim().split('\n').map((line) => JSON.parse(line).cursor);
    expect(cursors).toHaveLength(2);
    expect(new Set(cursors).size).toBe(2);
  });
});
