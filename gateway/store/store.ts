/** The control plane's store: a pool of bounded sessions, transactions that are repeated when that is safe, LISTEN. */
import pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs, type RetryPolicy } from '../../kernel/backoff.ts';
import type { Log } from '../../kernel/log.ts';
import { connectionConfig, prepareSession, storeLimits, type StoreLimits } from './connection.ts';
import { createListener } from './listener.ts';
import { createSharedSessions, gatherWrites, isPlainRead } from './shared-sessions.ts';
import { createStatementNames } from './statement-names.ts';
import { classifyStoreError, commitUnknown, endsSession, storeUnavailable } from './store-errors.ts';
import type { Store, Tx } from './tx.ts';

export interface StoreOptions {
  /** `postgresql://user:pw@host/db`, or over a socket `postgresql://user:pw@/db?host=/folder` */
  url: string;
  maxConnections: number;
  log: Log;
  applicationName?: string;
  /** tests are less patient */
  limits?: Partial<StoreLimits>;
}
export interface PgStore extends Store {
  readonly pool: pg.Pool;
  /** Called for every statement sent, BEGIN and COMMIT included. Returns an unsubscribe. */
  onStatement(hook: (text: string) => void): () => void;
  gauges(): { total: number; idle: number; waiting: number; max: number };
}

const conflictRetry: RetryPolicy = { attempts: 8, firstDelayMs: 4, maxDelayMs: 200 };
const lostRetry: RetryPolicy = { attempts: Infinity, firstDelayMs: 25, maxDelayMs: 500 };
const sharedSessions = 2;
const BEGIN = 'begin';
const BEGIN_SNAPSHOT = 'begin isolation level repeatable read read only';

export function createStore(options: StoreOptions): PgStore {
  const { log } = options;
  const limits: StoreLimits = { ...storeLimits, ...options.limits };
  const pool = new pg.Pool({
    ...connectionConfig(options.url, options.applicationName ?? 'coffer', limits),
    max: options.maxConnections, pipeline: true, idleTimeoutMillis: 60_000, onConnect: (client) => prepareSession(client, limits),
  });
  const shared = createSharedSessions(connectionConfig(options.url, options.applicationName ?? 'coffer', limits), sharedSessions, limits);
  // A connection that breaks while it is in use tells its statement as well; without a listener it would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', (error) => log.warn({ err: error.message }, 'an idle connection to the store broke'));
  const listener = createListener(options.url, log, (text, values) => pool.query(text, values));
  const names = createStatementNames();
  const hooks = new Set<(text: string) => void>();
  let closed = false;

  async function run(client: pg.ClientBase, text: string, values?: readonly unknown[]): Promise<pg.QueryResult> {
    return client.query(sent(text, values));
  }

  function sent(text: string, values?: readonly unknown[]): pg.QueryConfig {
    for (const hook of hooks) hook(text);
    if (!values) return { text };
    const name = names.nameOf(text);
    return { ...(name ? { name } : {}), text, values: values as unknown[] };
  }

  /** Repeats `attempt` as long as it fails in a way that cannot have left anything behind. */
  async function repeated<T>(attempt: () => Promise<T>, mayRepeatLost: (error: unknown) => boolean): Promise<T> {
    const giveUpAt = Date.now() + limits.lostWindowMs;
    for (let conflicts = 0, losses = 0; ;) {
      try {
        return await attempt();
      } catch (error) {
        const trouble = classifyStoreError(error);
        if (trouble === 'conflict') {
          if (/cached plan/.test((error as Error).message)) names.renew();
          conflicts += 1;
          if (conflicts >= conflictRetry.attempts) throw error;
          await delay(backoffMs(conflictRetry, conflicts, Math.random()));
        } else if (trouble === 'lost' && !closed && mayRepeatLost(error)) {
          losses += 1;
          if (Date.now() > giveUpAt) throw storeUnavailable(error);
          await delay(backoffMs(lostRetry, Math.min(losses, 10), Math.random()));
        } else if (trouble === 'lost') {
          throw storeUnavailable(error);
        } else {
          throw error;
        }
      }
    }
  }

  async function once<T>(begin: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    let isOpen = true;
    let broken: Error | undefined;
    const news: [channel: string, payload: string][] = [];
    const tx: Tx = {
      notify: (channel, payload = '') => { news.push([channel, payload]); },
      async query<Row>(text: string, values?: readonly unknown[]) {
        if (!isOpen) throw new Error('the transaction has ended: await every statement inside it');
        return (await run(client, text, values)).rows as Row[];
      },
    };
    // Servers before 17 have no transaction_timeout; ending the session is the one thing that always frees the horizon.
    const guard = setTimeout(() => { broken = new Error(`the transaction was open for more than ${limits.transactionTimeoutMs} ms`); void (client as pg.PoolClient & pg.Client).end(); }, limits.transactionTimeoutMs + 1_000);
    try {
      // The first statement does not wait for the answer to BEGIN: both go out together.
      gatherWrites(client);
      const began = run(client, begin);
      const result = await Promise.all([work(tx), began]).then(([worked]) => worked);
      isOpen = false;
      const committed = await run(client, 'commit').catch((error: unknown) => { throw classifyStoreError(error) === 'lost' ? commitUnknown(error) : error; });
      if (committed.command !== 'COMMIT') throw new Error('the transaction was rolled back: a statement in it had failed and the error was swallowed');
      for (const [channel, payload] of news) listener.notify(channel, payload);
      return result;
    } catch (error) {
      isOpen = false;
      if (broken === undefined && (endsSession(error) || endsSession((error as Error).cause))) broken = error as Error;
      if (broken === undefined) await run(client, 'rollback').catch((failure: Error) => { broken = failure; });
      throw error;
    } finally {
      clearTimeout(guard);
      client.release(broken);
    }
  }

  const connectFailed = new WeakSet<object>();
  async function direct(text: string, values?: readonly unknown[]): Promise<pg.QueryResult> {
    if (isPlainRead(text)) return shared.query(sent(text, values));
    const client = await pool.connect().catch((error: Error) => { connectFailed.add(error); throw error; });
    let broken: Error | undefined;
    try {
      return await run(client, text, values);
    } catch (error) {
      if (endsSession(error)) broken = error as Error;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  return {
    pool,
    query: async <Row>(text: string, values?: readonly unknown[]) =>
      // A lost answer is asked for again only where asking changes nothing.
      (await repeated(() => direct(text, values), (error) => connectFailed.has(error as object) || /^\s*select\b/i.test(text))).rows as Row[],
    transaction: (work) => repeated(() => once(BEGIN, work), () => true),
    snapshot: (work) =>
      repeated(() => once(BEGIN_SNAPSHOT, async (tx) => {
        const [row] = await tx.query<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
        return work(tx, row!.snapshot);
      }), () => true),
    listen: listener.listen,
    notify: (channel, payload = '') => listener.notify(channel, payload),
    onStatement(hook) {
      hooks.add(hook);
      return () => { hooks.delete(hook); };
    },
    gauges: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount, max: options.maxConnections }),
    async close() {
      if (closed) return;
      closed = true;
      await Promise.all([listener.close(), pool.end(), shared.close()]);
    },
  };
}
