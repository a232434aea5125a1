/** A gateway's HTTP server over a domain in memory: what the transports' tests talk to. */
import { createApi } from '../../gateway/graphql/api.ts';
import type { Limits } from '../../gateway/graphql/limits.ts';
import type { HealthCheck } from '../../gateway/http/health.ts';
import { createMetrics } from '../../gateway/http/metrics.ts';
import { createHttpServer, type HttpServer } from '../../gateway/http/server.ts';
import type { Log } from '../../kernel/log.ts';
import { createFakeDomain, type FakeDomain } from './fake-domain.ts';

export interface ApiServer {
  fake: FakeDomain; server: HttpServer; url: string; logged: object[];
  /** of an operator */
  token: string;
  post(query: string, options?: { variables?: object; token?: string; accept?: string; operationName?: string }): Promise<{ status: number; body: any; headers: Headers }>;
  close(): Promise<void>;
}

export async function startApiServer(options: { limits?: Partial<Limits>; health?: HealthCheck[]; port?: number; host?: string; trustedProxies?: string[] } = {}): Promise<ApiServer> {
  const fake = createFakeDomain();
  const logged: object[] = [];
  const log: Log = { debug() {}, info() {}, warn() {}, error: (fields) => void logged.push(fields), child: () => log };
  const metrics = createMetrics();
  const api = createApi({ domain: fake.domain, feed: fake.feed, log, serverVersion: '0.1.0', limits: options.limits ?? {} });
  const server = await createHttpServer({
    host: options.host ?? '127.0.0.1', port: options.port ?? 0, api, access: fake.domain.access, metrics, health: options.health ?? [], log,
    trustedProxies: options.trustedProxies ?? [], closeTimeoutMs: 500,
  });
  const token = fake.addToken('admin', 'OPERATOR', null);
  const base = `http://127.0.0.1:${server.port}`;
  return {
    fake, server, logged, token, url: `${base}/graphql`, close: () => server.close(),
    async post(query, { variables, token: bearer = token, accept = 'application/json', operationName } = {}) {
      const answer = await fetch(`${base}/graphql`, {
        method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}`, accept },
        body: JSON.stringify({ query, variables, operationName }),
      });
      return { status: answer.status, body: await answer.json(), headers: answer.headers };
    },
  };
}
