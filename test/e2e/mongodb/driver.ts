/** The `mongodb` driver as an application uses it: the handed-out URI, the CA file, a name and a password. */
import { MongoClient, type MongoClientOptions } from 'mongodb';
import type { HarnessFacts, HeldClient, Login, StockClient } from '../../../strategies/conformance/index.ts';
import { control } from '../../../strategies/datastores/mongodb/control.ts';
import { endedBy } from '../../support/ended.ts';

const selectionTimeoutMs = 8_000;

export interface Driver {
  open(login: Login, options?: MongoClientOptions): Promise<MongoClient>;
  /** Runs `use` over a client of its own and closes it. */
  as<T>(login: Login, use: (client: MongoClient) => Promise<T>, options?: MongoClientOptions): Promise<T>;
}

export function createDriver(facts: HarnessFacts): Driver {
  const driver: Driver = {
    async open(login, options = {}) {
      const [endpoint] = await control.endpoints({ host: facts.host, ports: facts.ports });
      return new MongoClient(endpoint!.uri, { auth: { username: login.user, password: login.password }, tlsCAFile: facts.caFile, serverSelectionTimeoutMS: selectionTimeoutMs, maxPoolSize: 1, ...options });
    },
    async as(login, use, options) {
      const client = await driver.open(login, options);
      try {
        return await use(client);
      } finally {
        await client.close();
      }
    },
  };
  return driver;
}

interface Kept { _id: string; value: string }
const databaseOf = (login: Login): string => login.database ?? 'test';

export function createDriverClient(facts: HarnessFacts): StockClient {
  const driver = createDriver(facts);
  const kept = (client: MongoClient, login: Login, name: string) => client.db(databaseOf(login)).collection<Kept>(`kit_${name}`);
  return {
    // Another name is another collection.
    write: (login, name, value) => driver.as(login, async (client) => { await kept(client, login, name).updateOne({ _id: 'it' }, { $set: { value } }, { upsert: true }); }),
    read: (login, name) => driver.as(login, async (client) => (await kept(client, login, name).findOne({ _id: 'it' }))?.value ?? null),
    hold: async (login) => hold(await driver.open(login), databaseOf(login)),
    askWithoutTls: (login) => driver.as(login, async (client) => { await client.db(databaseOf(login)).command({ ping: 1 }); }, { tls: false, tlsCAFile: undefined as never, serverSelectionTimeoutMS: 2_000 }),
  };
}

async function hold(client: MongoClient, database: string): Promise<HeldClient> {
  let connections = 0;
  client.on('connectionCreated', () => { connections++; });
  const ask = async (): Promise<void> => {
    await client.db(database).collection('kit_held').findOne();
    // The driver would open another one and log in again by itself.
    if (connections > 1) throw new Error(`the connection was lost and made anew (${connections})`);
  };
  await ask();
  return {
    ask,
    ended: endedBy(ask),
    close: () => client.close(),
  };
}
