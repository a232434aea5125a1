/** `cassandra-driver`, the stock driver of Node, one connection at a time, as an application uses it. */
import { checkServerIdentity } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import cassandra from 'cassandra-driver';
import type { HarnessFacts, HeldClient, Login, StockClient } from '../../../strategies/conformance/index.ts';

const answerTimeoutMs = 20_000;
const pollMs = 50;

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const table = (login: Login): string => `${quoted(login.database ?? '')}.kit`;

export interface Driver {
  /** Rows of one statement over a connection of its own; throws with the server's words. */
  ask(login: Login, statement: string, values?: unknown[]): Promise<cassandra.types.Row[]>;
  open(login: Login, withTls?: boolean): Promise<cassandra.Client>;
}

export function createDriver(facts: HarnessFacts): Driver {
  const open: Driver['open'] = async (login, withTls = true) => {
    const client = new cassandra.Client({
      contactPoints: [`${facts.host}:${facts.ports['cql']}`], localDataCenter: 'dc1', authProvider: new cassandra.auth.PlainTextAuthProvider(login.user, login.password),
      pooling: { coreConnectionsPerHost: { [cassandra.types.distance.local]: 1 } }, socketOptions: { connectTimeout: answerTimeoutMs, readTimeout: answerTimeoutMs },
      ...(withTls ? { sslOptions: { ca: [facts.caCertificate], rejectUnauthorized: true, checkServerIdentity: (_name, certificate) => checkServerIdentity(facts.host, certificate) } } : {}),
    });
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.shutdown().catch(() => undefined);
      throw tell(error);
    }
  };
  return {
    open,
    async ask(login, statement, values = []) {
      const client = await open(login);
      try {
        return (await client.execute(statement, values, { prepare: values.length > 0 })).rows;
      } catch (error) {
        throw tell(error);
      } finally {
        await client.shutdown();
      }
    },
  };
}

/** Of "all hosts failed" the one host's reason. */
function tell(error: unknown): Error {
  const [inner] = Object.values((error as { innerErrors?: Record<string, unknown> }).innerErrors ?? {});
  return inner instanceof Error ? inner : (error as Error);
}

export function createStockClient(facts: HarnessFacts): StockClient {
  const driver = createDriver(facts);
  const makeTable = (login: Login): string => `create table if not exists ${table(login)} (name text primary key, value text)`;
  return {
    async write(login, name, value) {
      await driver.ask(login, makeTable(login)).catch((error: Error) => { if (!/no CREATE permission/.test(error.message)) throw error; });
      await driver.ask(login, `insert into ${table(login)} (name, value) values (?, ?)`, [name, value]);
    },
    async read(login, name) {
      const [row] = await driver.ask(login, `select value from ${table(login)} where name = ?`, [name]);
      return (row?.['value'] as string | undefined) ?? null;
    },
    async hold(login) {
      await driver.ask(login, makeTable(login)).catch(() => undefined);
      return hold(await driver.open(login), `select name from ${table(login)} limit 1`);
    },
    async askWithoutTls(login) {
      const client = await driver.open(login, false);
      try {
        await client.execute('select release_version from system.local');
      } finally {
        await client.shutdown();
      }
    },
  };
}

/** The parts of the driver that tell whether the connection is still the same one: it would make another without a word. */
interface Internals { hosts: { values(): { pool: { connections: { netClient: { once(event: 'close', listener: () => void): void } }[] } }[] } }

async function hold(client: cassandra.Client, question: string): Promise<HeldClient> {
  let isLost = false;
  const [host] = (client as unknown as Internals).hosts.values();
  await client.execute(question);
  const [connection] = host!.pool.connections;
  connection!.netClient.once('close', () => { isLost = true; });
  const ask = async (): Promise<void> => {
    await client.execute(question);
    if (isLost) throw new Error('the connection was lost and made anew');
  };
  return {
    ask,
    async ended(timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      while (await ask().then(() => true, () => false)) {
        if (Date.now() > deadline) throw new Error(`the session could do its work for another ${timeoutMs} ms`);
        await delay(pollMs);
      }
    },
    close: async () => client.shutdown(),
  };
}
