import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HealthCheck } from '../../../gateway/http/health.ts';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';

const problems = new Map<string, string | null | Error>();
const checkOf = (name: string): HealthCheck => ({
  name,
  check: (signal) => {
    const problem = problems.get(name) ?? null;
    if (problem instanceof Error) throw problem;
    return problem === 'silence' ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(null))) : problem;
  },
});
let server: ApiServer;
beforeAll(async () => { server = await startApiServer({ port: 21104, health: ['store', 'migrations', 'feed'].map(checkOf) }); });
afterAll(() => server.close());
afterEach(() => problems.clear());
const get = (path: string, init?: RequestInit): Promise<Response> => fetch(server.url.replace('/graphql', path), init);

describe('/healthz', () => {
  it('says that the process is alive, whatever else is wrong', async () => {
    problems.set('store', 'it is gone');
    expect((await get('/healthz')).status).toBe(200);
  });
});

describe('/readyz', () => {
  it('says yes when every check holds', async () => {
    const answer = await get('/readyz');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ ready: true, checks: ['store', 'migrations', 'feed'].map((name) => ({ name, ok: true, reason: null })) });
  });

  it('says no, and why', async () => {
    problems.set('migrations', '2 are pending');
    const answer = await get('/readyz');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ ready: false, checks: [{ ok: true }, { name: 'migrations', ok: false, reason: '2 are pending' }, { ok: true }] });
  });

  it('shows no words of an error that it did not expect', async () => {
    problems.set('store', new Error('password=secret'));
    expect(await (await get('/readyz')).text()).not.toContain('secret');
  });

  it('does not wait for a check that never answers', async () => {
    problems.set('feed', 'silence');
    const answer = await get('/readyz');
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('no answer within');
  });
});

describe('/metrics', () => {
  it('counts requests by operation name and outcome', async () => {
    await server.post('query Who { viewer { actor } }');
    await server.post('query Who { nothing }');
    await server.post('{ system { version } instance(by: { id: "x" }) { id } }', { token: server.fake.addToken('viewer', 'VIEWER', server.fake.projects[0]!.id) });
    const text = await (await get('/metrics')).text();
    expect(text).toContain('coffer_graphql_requests_total{operation_type="query",operation_name="Who",outcome="ok"} 1');
    expect(text).toContain('coffer_graphql_requests_total{operation_type="unknown",operation_name="anonymous",outcome="refused"} 1');
    expect(text).toContain('outcome="error"} 1');
    expect(text).toMatch(/coffer_graphql_request_duration_seconds_bucket\{le="0.001",operation_type="query",operation_name="Who"\}/);
    expect(text).toMatch(/^process_cpu_seconds_total/m);
  });

  it('asks for an operator when it is bound to more than the machine itself', async () => {
    const open = await startApiServer({ port: 21105, host: '0.0.0.0' });
    const url = `http://127.0.0.1:21105/metrics`;
    const viewer = open.fake.addToken('viewer', 'VIEWER', open.fake.projects[0]!.id);
    const statuses = await Promise.all(([{}, { authorization: `Bearer ${viewer}` }, { authorization: `Bearer ${open.token}` }] as Record<string, string>[]).map(async (headers) => (await fetch(url, { headers })).status));
    await open.close();
    expect(statuses).toEqual([401, 403, 200]);
  });
});

describe('anything else', () => {
  it('is not there', async () => {
    expect((await get('/')).status).toBe(404);
    expect((await get('/healthz', { method: 'POST' })).status).toBe(405);
  });
});

describe('GraphiQL', () => {
  const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  const visit = (search = '', headers: Record<string, string> = {}): Promise<Response> => fetch(`${server.url}${search}`, { headers: { ...browser, ...headers } });

  it('is there for browsers, without a token, and says where the token goes', async () => {
    const answer = await visit();
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(await answer.text()).toMatch(/<input id="token" type="password"[^]*Put a token into the field above/);
  });

  it('asks no other host for anything, and runs only its own scripts', async () => {
    const answer = await visit();
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|\*|script-src[^;]*(unsafe|blob|data)/);
    const html = await answer.text();
    expect(html.match(/<(script|link|img|iframe)[^>]+(src|href)="(https?:)?\/\//g)).toBeNull();
    const scripts = [...html.matchAll(/<script>([^]*?)<\/script>/g)].map(([, code]) => `'sha256-${createHash('sha256').update(code!).digest('base64')}'`);
    expect(scripts).toHaveLength(3);
    expect(policy).toContain(`script-src ${scripts.join(' ')};`);
  });

  it('opens the query of a link; a client with a token gets the answer', async () => {
    const link = '?query={viewer{actor}}';
    expect((await visit(link)).headers.get('content-type')).toContain('text/html');
    expect(await (await visit(link, { authorization: `Bearer ${server.token}` })).json()).toMatchObject({ data: { viewer: { actor: expect.any(String) } } });
  });

  it('is sent once to a browser that keeps it', async () => {
    const etag = (await visit()).headers.get('etag')!;
    const again = await visit('', { 'if-none-match': etag });
    expect(again.status).toBe(304);
    expect(again.headers.get('content-security-policy')).toContain('script-src');
  });
});
