import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';

let server: ApiServer;
beforeAll(async () => { server = await startApiServer({ port: 21102 }); });
afterAll(() => server.close());

const send = (init: RequestInit & { path?: string }): Promise<Response> => fetch(`${server.url}${init.path ?? ''}`, init);
const bearer = (): Record<string, string> => ({ authorization: `Bearer ${server.token}` });
const json = { 'content-type': 'application/json' };

describe('a request without a good token', () => {
  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['an unknown token', { authorization: 'Bearer nobody' }],
    ['a token of strange characters', { authorization: 'Bearer a b' }],
  ])('is answered 401 with one clear error: %s', async (_name, headers) => {
    const answer = await send({ method: 'POST', headers: { ...json, ...headers as object }, body: JSON.stringify({ query: '{ __schema { queryType { name } } }' }) });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    const { errors } = await answer.json() as { errors: { extensions: { code: string; remedy: string } }[] };
    expect(errors).toHaveLength(1);
    expect(errors[0]!.extensions).toMatchObject({ code: 'ACCESS.UNAUTHENTICATED', remedy: expect.stringContaining('Bearer') });
  });

  it('learns nothing about the document it sent', async () => {
    const answer = await send({ method: 'POST', headers: json, body: 'not json' });
    expect(answer.status).toBe(401);
  });

  it('that is an event stream is answered 401 as well', async () => {
    const answer = await send({ method: 'POST', headers: { ...json, accept: 'text/event-stream' }, body: JSON.stringify({ query: 'subscription { events { id } }' }) });
    expect(answer.status).toBe(401);
  });
});

describe('a request that cannot be tricked out of a browser', () => {
  it('refuses mutations by GET', async () => {
    const query = encodeURIComponent('mutation { createProject(input: { name: "x" }) { __typename } }');
    const answer = await send({ path: `?query=${query}`, headers: bearer() });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
    expect(server.fake.projects.map(({ name }) => name)).not.toContain('x');
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])('refuses a POST of type "%s"', async (type) => {
    const answer = await send({ method: 'POST', headers: { ...bearer(), ...(type ? { 'content-type': type } : {}) }, body: new TextEncoder().encode(JSON.stringify({ query: '{ viewer { actor } }' })) });
    expect(answer.status).toBe(415);
  });

  it('gives no cross-origin permission, and answers what it cannot serve with 405', async () => {
    const answer = await send({ method: 'OPTIONS', headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST' } });
    expect(answer.status).toBe(405);
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('sends headers that keep its answers to themselves', async () => {
    const { headers } = await server.post('{ viewer { actor } }');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-request-id')).toMatch(/^req_/);
  });
});

describe('a client that takes its time', () => {
  it.each([
    ['over its headers', 'POST /graphql HTTP/1.1\r\nhost: x\r\n'],
    ['over its body', 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{'],
  ])('%s is let go', async (_name, begin) => {
    const impatient = await startApiServer({ port: 21116, limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 } });
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(21116, '127.0.0.1', () => socket.write(begin.replace('host: x', `host: x\r\nauthorization: Bearer ${impatient.token}`)));
      socket.on('data', (chunk) => { text += chunk.toString(); });
      socket.on('close', () => resolve(text));
    });
    await impatient.close();
    expect(answer).toMatch(/^HTTP\/1.1 408/);
  });
});

describe('queries', () => {
  it('are answered by GET', async () => {
    const answer = await send({ path: `?query=${encodeURIComponent('query Who($a: Boolean = true) { viewer { actor @include(if: $a) } }')}&variables=${encodeURIComponent('{"a":true}')}&operationName=Who`, headers: bearer() });
    expect(await answer.json()).toEqual({ data: { viewer: { actor: 'token:admin' } } });
  });

  it('refuse a batch with a word about it', async () => {
    const answer = await send({ method: 'POST', headers: { ...bearer(), ...json }, body: JSON.stringify([{ query: '{ viewer { actor } }' }, { query: '{ viewer { actor } }' }]) });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('batches are not served');
  });

  it('refuse a body that says how large it is', async () => {
    const answer = await send({ method: 'POST', headers: { ...bearer(), ...json }, body: JSON.stringify({ query: '{ viewer { actor } }', variables: { pad: 'x'.repeat(300_000) } }) });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'REQUEST.LIMIT_EXCEEDED' } }] });
  });

  it('refuse a body that does not say how large it is and never ends', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const req = request(server.url, { method: 'POST', headers: { ...bearer(), ...json } }, (res) => { resolve(res.statusCode ?? 0); req.destroy(); });
      req.on('error', reject);
      const more = (): void => { if (!req.destroyed) req.write('x'.repeat(65_536), () => setImmediate(more)); };
      more();
    });
    expect(status).toBe(413);
  });

  it('cannot be subscriptions without a stream', async () => {
    const { status, body } = await server.post('subscription { events { id } }');
    expect(status).toBe(400);
    expect(body.errors[0].message).toContain('WebSocket');
  });

  it('know the address of the socket, and of X-Forwarded-For only behind a trusted proxy', async () => {
    const proxied = await startApiServer({ port: 21103, trustedProxies: ['127.0.0.0/8'] });
    const seen: (string | null)[] = [];
    for (const one of [server, proxied]) {
      const { authenticate } = one.fake.domain.access;
      one.fake.domain.access.authenticate = (token, address, id) => { seen.push(address); return authenticate(token, address, id); };
      await fetch(one.url, { method: 'POST', headers: { ...json, authorization: `Bearer ${one.token}`, 'x-forwarded-for': '6.6.6.6, 203.0.113.9' }, body: '{"query":"{viewer{actor}}"}' });
    }
    await proxied.close();
    expect(seen).toEqual(['127.0.0.1', '203.0.113.9']);
  });
});
