/** The stock clients of both streaming transports behind one face, so that a test says once what holds for both. */
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import WebSocket from 'ws';

export interface Result { data?: any; errors?: { message: string; extensions?: { code?: string } }[] }
export interface Stream {
  next(): Promise<Result | null>;
  /** as a client unsubscribes */
  stop(): void;
  /** resolves with what ended the connection: a close event, an error, or null when the stream just completed */
  readonly ended: Promise<any>;
}
export type Transport = 'websocket' | 'sse';

export function openStream(transport: Transport, url: string, token: string, query: string, variables: Record<string, unknown> = {}): Stream {
  const items: Result[] = [];
  let wake: (() => void) | null = null;
  let isOver = false;
  let over: (why: unknown) => void = () => {};
  const ended = new Promise<unknown>((resolve) => { over = resolve; });
  const finish = (why: unknown): void => { isOver = true; over(why); wake?.(); };
  const sink = { next: (item: unknown) => { items.push(item as Result); wake?.(); }, error: (error: unknown) => finish(error), complete: () => finish(null) };
  const client = transport === 'websocket'
    ? createWsClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0, connectionParams: { authorization: `Bearer ${token}` } })
    : createSseClient({ url, retryAttempts: 0, headers: { authorization: `Bearer ${token}` } });
  const stop = client.subscribe({ query, variables }, sink as never);
  return {
    ended,
    stop: () => { stop(); },
    async next() {
      while (items.length === 0 && !isOver) await new Promise<void>((resolve) => { wake = resolve; });
      return items.shift() ?? null;
    },
  };
}
