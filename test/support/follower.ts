/**
 * A subscriber as a careful client is one: it keeps the last cursor, and when its gateway goes away it goes on there,
 * or at the next gateway. What it has seen must then be every change, once, in order.
 */
import type { Client } from 'graphql-ws';
import type { TestClient } from './graphql-client.ts';

export interface Follower<T> {
  seen: T[];
  /** index of the gateway it listens to, or tries to */
  at(): number;
  /** how often it had to begin again */
  resumptions(): number;
  /** Resolves when it has had to, once at least. */
  resumed(): Promise<void>;
  /** Resolves with what fulfilled it, also if it was seen before. */
  until(holds: (item: T) => boolean, timeoutMs?: number): Promise<T>;
  stop(): Promise<void>;
}
export interface FollowerOptions<T> {
  /** asked again at each attempt, so that a gateway may come back elsewhere */
  clients: () => readonly TestClient[];
  document: string;
  variables: Record<string, unknown>;
  cursorOf(item: T): string;
  from?: string | null;
  startAt?: number;
}
const againAfterMs = 100;

export function follow<T>(options: FollowerOptions<T>): Follower<T> {
  const seen: T[] = [];
  const waiting = new Set<() => void>();
  let position = options.startAt ?? 0;
  let cursor = options.from ?? null;
  let resumptions = -1;
  const resumed = Promise.withResolvers<void>();
  let stopped = false;
  let connection: Client | undefined;

  const listen = async (client: TestClient): Promise<void> => {
    connection = client.ws();
    try {
      for await (const item of connection.iterate<T>({ query: options.document, variables: { ...options.variables, after: cursor } })) {
        if (item.errors) throw new Error(JSON.stringify(item.errors));
        seen.push(item.data!);
        cursor = options.cursorOf(item.data!);
        for (const wake of waiting) wake();
      }
    } finally {
      await connection.dispose();
    }
  };
  const running = (async () => {
    while (!stopped) {
      const clients = options.clients();
      resumptions += 1;
      if (resumptions > 0) resumed.resolve();
      await listen(clients[position % clients.length]!).catch(() => {});
      if (stopped) return;
      position = (position + 1) % clients.length;
      await new Promise((resolve) => { setTimeout(resolve, againAfterMs); });
    }
  })();

  return {
    seen, at: () => position, resumptions: () => resumptions, resumed: () => resumed.promise,
    until: (holds, timeoutMs = 60_000) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => { waiting.delete(look); reject(new Error(`not seen within ${timeoutMs} ms; last: ${JSON.stringify(seen.slice(-3))}`)); }, timeoutMs);
      const look = (): void => {
        const found = seen.find(holds);
        if (found === undefined) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    }),
    async stop() {
      stopped = true;
      await connection?.dispose();
      await running;
    },
  };
}

export interface EventNode { id: string; cursor: string; type: string; phase: string; subject: string; operation: string | null }
const EVENT = 'id cursor type phase subject operation';
const EVENTS = `query Events($filter: EventFilter, $after: String) {
  events(first: 100, after: $after, filter: $filter) { edges { node { ${EVENT} } } pageInfo { hasNextPage endCursor } }
}`;
const FOLLOW_EVENTS = `subscription Follow($filter: EventFilter, $after: Cursor) { events(filter: $filter, after: $after) { ${EVENT} } }`;

/** The newest entry's position, to follow from. */
export async function latestCursor(client: TestClient): Promise<string | null> {
  const { events } = await client.query('{ events(first: 1) { edges { node { cursor } } } }');
  return events.edges[0]?.node.cursor ?? null;
}

/** The log after `from`, oldest first. */
export async function loggedSince(client: TestClient, from: string | null, filter: Record<string, unknown> | null = null): Promise<EventNode[]> {
  const found: EventNode[] = [];
  for (let after: string | null = null; ;) {
    const answer: { events: any } = await client.query(EVENTS, { filter, after });
    const { events } = answer;
    for (const { node } of events.edges) {
      if (node.cursor === from) return found.reverse();
      found.push(node);
    }
    if (!events.pageInfo.hasNextPage) return found.reverse();
    after = events.pageInfo.endCursor;
  }
}

export const followEvents = (clients: () => readonly TestClient[], from: string | null, options: { filter?: Record<string, unknown>; startAt?: number } = {}): Follower<{ events: EventNode }> =>
  follow({ clients, document: FOLLOW_EVENTS, variables: { filter: options.filter ?? null }, cursorOf: (item) => item.events.cursor, from, startAt: options.startAt ?? 0 });
