/** A plain GraphQL client for tests: fetch for queries, graphql-ws for subscriptions. */
import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';

export class GraphqlFailure extends Error {
  override readonly name = 'GraphqlFailure';
  readonly errors: { message: string; path?: unknown; extensions?: Record<string, unknown> }[];
  constructor(errors: GraphqlFailure['errors']) {
    super(errors.map((e) => e.message).join('; '));
    this.errors = errors;
  }
}

export interface TestClient {
  url: string;
  token: string;
  /** data, or throws GraphqlFailure */
  query<T = any>(document: string, variables?: Record<string, unknown>): Promise<T>;
  raw(document: string, variables?: Record<string, unknown>): Promise<{ status: number; body: any; requestId: string | null }>;
  /** Every item until the predicate says stop; rejects at the timeout with what was seen. */
  watch<T = any>(document: string, variables: Record<string, unknown>, until: (item: T) => boolean, timeoutMs?: number): Promise<T[]>;
  ws(): Client;
}

export function createTestClient(url: string, token: string): TestClient {
  const raw: TestClient['raw'] = async (query, variables) => {
    const response = await fetch(url, {
      method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }), signal: AbortSignal.timeout(60_000),
    });
    return { status: response.status, body: await response.json(), requestId: response.headers.get('x-request-id') };
  };
  const ws = (): Client => createClient({ url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${token}` }, retryAttempts: 0, lazy: true });
  return {
    url, token, raw, ws,
    async query(document, variables) {
      const { body } = await raw(document, variables);
      if (body.errors) throw new GraphqlFailure(body.errors);
      return body.data;
    },
    async watch<T>(document: string, variables: Record<string, unknown>, until: (item: T) => boolean, timeoutMs = 60_000): Promise<T[]> {
      const client = ws();
      const seen: T[] = [];
      const stream = client.iterate<T>({ query: document, variables });
      const timer = setTimeout(() => void client.dispose(), timeoutMs);
      try {
        for await (const item of stream) {
          if (item.errors) throw new GraphqlFailure(item.errors as never);
          seen.push(item.data as T);
          if (until(item.data as T)) return seen;
        }
      } finally {
        clearTimeout(timer);
        await client.dispose();
      }
      throw new Error(`the stream ended or ${timeoutMs} ms passed before what was waited for; seen: ${JSON.stringify(seen.slice(-5))}`);
    },
  };
}
