import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';

let server: ApiServer;
/** Short of patience: nothing but what waits for it may use it, or a slow machine fails. */
let impatient: ApiServer;
beforeAll(async () => {
  server = await startApiServer({ port: 21109, limits: { maxSubscriptionsPerConnection: 2, maxSubscriptionsPerToken: 3 } });
  impatient = await startApiServer({ port: 21117, limits: { connectionInitTimeoutMs: 100 } });
});
afterAll(() => Promise.all([server.close(), impatient.close()]));

interface Socket { send(message: object): void; next(): Promise<any>; closed: Promise<{ code: number; reason: string }>; raw: WebSocket }
function connect(options: { headers?: Record<string, string>; protocol?: string; path?: string; at?: ApiServer } = {}): Promise<Socket> {
  const raw = new WebSocket(`${(options.at ?? server).url.replace('http', 'ws')}${options.path ?? ''}`, options.protocol ?? 'graphql-transport-ws', { headers: options.headers ?? {} });
  const messages: any[] = [];
  let wake: (() => void) | null = null;
  raw.on('message', (data) => { messages.push(JSON.parse((data as Buffer).toString())); wake?.(); });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => raw.on('close', (code, reason) => { resolve({ code, reason: String(reason) }); wake?.(); }));
  const socket: Socket = {
    raw, closed,
    send: (message) => raw.send(JSON.stringify(message)),
    async next() {
      while (messages.length === 0 && raw.readyState === raw.OPEN) await new Promise<void>((resolve) => { wake = resolve; });
      return messages.shift() ?? null;
    },
  };
  return new Promise((resolve, reject) => { raw.on('open', () => resolve(socket)); raw.on('error', reject); });
}
const init = (token = server.token) => ({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
const subscribe = (id: string, query = 'subscription { events { id } }', variables = {}) => ({ id, type: 'subscribe', payload: { query, variables } });
async function ready(token?: string): Promise<Socket> {
  const socket = await connect();
  socket.send(init(token));
  expect(await socket.next()).toEqual({ type: 'connection_ack' });
  return socket;
}

describe('a WebSocket', () => {
  it('without a token is closed 4401', async () => {
    const socket = await connect();
    socket.send({ type: 'connection_init' });
    expect(await socket.closed).toMatchObject({ code: 4401, reason: expect.stringContaining('ACCESS.UNAUTHENTICATED') });
  });

  it('with a token that is not good is closed 4403', async () => {
    const socket = await connect();
    socket.send(init('nobody'));
    expect(await socket.closed).toMatchObject({ code: 4403 });
  });

  it('may carry the token in the header of its handshake', async () => {
    const socket = await connect({ headers: { authorization: `Bearer ${server.token}` } });
    socket.send({ type: 'connection_init' });
    expect(await socket.next()).toEqual({ type: 'connection_ack' });
    socket.raw.close();
  });

  it('that says nothing is closed 4408', async () => {
    expect((await (await connect({ at: impatient })).closed).code).toBe(4408);
  });

  it('that asks before it was let in is closed 4401', async () => {
    const socket = await connect();
    socket.send(subscribe('1'));
    expect((await socket.closed).code).toBe(4401);
  });

  it('of another protocol, or elsewhere, is not there', async () => {
    await expect(connect({ protocol: 'graphql-ws' })).rejects.toThrow('no subprotocol');
    await expect(connect({ path: 'ql' })).rejects.toThrow('404');
  });

  it('that sends what is no message is closed 4400', async () => {
    const socket = await ready();
    socket.raw.send('nonsense');
    expect((await socket.closed).code).toBe(4400);
  });

  it('that sends too large a message is closed 1009', async () => {
    const socket = await ready();
    socket.raw.send(JSON.stringify(subscribe('1', `{ viewer { actor } } # ${'x'.repeat(300_000)}`)));
    expect((await socket.closed).code).toBe(1009);
  });

  it('asks for the token again at each operation', async () => {
    const token = server.fake.addToken('leaving', 'VIEWER', server.fake.projects[0]!.id);
    const socket = await ready(token);
    server.fake.tokens.get(token)!.revokedAt = '2026-01-01T00:00:00.000Z';
    socket.send(subscribe('1', '{ viewer { actor } }'));
    expect((await socket.closed).code).toBe(4403);
  });

  it('has so many operations in flight and no more', async () => {
    const socket = await ready();
    for (const id of ['1', '2', '3']) socket.send(subscribe(id));
    expect(await socket.next()).toMatchObject({ id: '3', type: 'error', payload: [{ extensions: { code: 'REQUEST.LIMIT_EXCEEDED' } }] });
    socket.send({ id: '1', type: 'complete' });
    socket.send({ type: 'ping' });
    expect(await socket.next()).toMatchObject({ type: 'pong' });
    socket.send(subscribe('4'));
    socket.send({ type: 'ping' });
    expect(await socket.next()).toMatchObject({ type: 'pong' });
    socket.raw.close();
    await socket.closed;
  });

  it('shares the number of subscriptions with all connections of its token', async () => {
    const token = server.fake.addToken('many', 'VIEWER', server.fake.projects[0]!.id);
    const sockets = [await ready(token), await ready(token)];
    for (const socket of sockets) for (const id of ['1', '2']) socket.send(subscribe(id));
    expect(await Promise.race(sockets.map((socket) => socket.next()))).toMatchObject({ type: 'error', payload: [{ message: expect.stringContaining('live subscriptions') }] });
    const sse = await fetch(server.url, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'text/event-stream' }, body: JSON.stringify({ query: 'subscription { events { id } }' }) });
    expect(await sse.text()).toContain('REQUEST.LIMIT_EXCEEDED');
    for (const socket of sockets) socket.raw.close();
  });

  it('that does not answer pings is let go', async () => {
    const strict = await startApiServer({ port: 21118, limits: { silentClientTimeoutMs: 100 } });
    const socket = await connect({ at: strict, headers: { authorization: `Bearer ${strict.token}` } });
    (socket.raw as unknown as { _autoPong: boolean })._autoPong = false;
    socket.send({ type: 'connection_init' });
    expect((await socket.closed).code).toBe(1006);
    await strict.close();
  });
});
