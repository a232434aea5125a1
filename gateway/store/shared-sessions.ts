/**
 * A few sessions that plain reads share: whatever is asked in one turn of the event loop goes out in one write and is
 * answered in order, because waking the server costs more than most reads do. Only what waits for nobody may come here:
 * a statement that waits for a lock would hold up those behind it, the lock's holder perhaps among them.
 */
import type { Socket } from 'node:net';
import pg from 'pg';
import { prepareSession, type StoreLimits } from './connection.ts';

export interface SharedSessions {
  query(statement: pg.QueryConfig): Promise<pg.QueryResult>;
  close(): Promise<void>;
}

interface Lane { session: Promise<pg.Client> | null; outstanding: number }

const locking = /\bfor\s+(no\s+key\s+|key\s+)?(update|share)\b|advisory/i;
export const isPlainRead = (text: string): boolean => /^\s*select\b/i.test(text) && !locking.test(text);

/** What is asked on this session in this turn of the event loop goes out in one write. */
export function gatherWrites(client: pg.ClientBase): void {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  if (stream.writableCorked > 0) return;
  stream.cork();
  setImmediate(() => stream.uncork());
}

export function createSharedSessions(config: pg.ClientConfig, count: number, limits: StoreLimits): SharedSessions {
  const lanes: Lane[] = Array.from({ length: count }, () => ({ session: null, outstanding: 0 }));

  async function open(lane: Lane): Promise<pg.Client> {
    const client = new pg.Client({ ...config, pipeline: true } as pg.ClientConfig);
    const forget = (): void => { lane.session = null; };
    client.on('error', forget);
    client.on('end', forget);
    await client.connect();
    await prepareSession(client, limits);
    return client;
  }

  return {
    async query(statement) {
      // The least busy one, so that a slow read holds up few others.
      const lane = lanes.reduce((best, other) => (other.outstanding < best.outstanding ? other : best));
      lane.outstanding += 1;
      try {
        lane.session ??= open(lane).catch((error: unknown) => { lane.session = null; throw error; });
        const client = await lane.session;
        gatherWrites(client);
        return await client.query(statement);
      } finally {
        lane.outstanding -= 1;
      }
    },
    async close() {
      await Promise.all(lanes.map(async (lane) => (await lane.session?.catch(() => null))?.end()));
    },
  };
}
