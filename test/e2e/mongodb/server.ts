/** A started server with one database, and ways to speak to it as anybody. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll } from 'vitest';
import type { Document } from 'mongodb';
import type { GuestHarness, Login } from '../../../strategies/conformance/index.ts';
import { type Connection, createConnection } from '../../../strategies/datastores/mongodb/connection.ts';
import { files } from '../../../strategies/datastores/mongodb/guest/config-file.ts';
import { openTls, overSocket } from '../../../strategies/datastores/mongodb/tls.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import { createDriver, type Driver } from './driver.ts';
import { harnessOptions } from './fixture.ts';

export const password = 'Attack-password-1';
const timeoutMs = 10_000;

export interface Server {
  readonly harness: GuestHarness;
  readonly driver: Driver;
  login(user: string, database?: string): Login;
  /** One command by the driver as this user. */
  ask(user: string, database: string, command: Document): Promise<Document>;
  /** Over the socket file, logged in as whom `as` names. */
  overSocket<T>(as: { database: string; user: string; password: string }, use: (connection: Connection) => Promise<T>): Promise<T>;
  /** As a member among members, who may do everything. */
  asMember<T>(use: (connection: Connection) => Promise<T>): Promise<T>;
  user(name: string, grants: Record<string, string[]>, authDatabase?: string): Promise<void>;
}

type Paths = Parameters<typeof files>[0]['paths'];

async function overSocketOf<T>(paths: Paths, as: { database: string; user: string; password: string }, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = createConnection(await openTls(overSocket(files({ paths }).socket), timeoutMs));
  try {
    await connection.login(as.database, as.user, as.password, timeoutMs);
    return await use(connection);
  } finally {
    connection.close();
  }
}
export const asMemberOf = async <T>(paths: Paths, use: (connection: Connection) => Promise<T>): Promise<T> =>
  overSocketOf(paths, { database: 'local', user: '__system', password: await readFile(files({ paths }).memberKey, 'utf8') }, use);

export function useServer(): Server {
  let harness: GuestHarness | undefined;
  const need = (): GuestHarness => {
    if (!harness) throw new Error('used before the server was set up');
    return harness;
  };
  const server: Server = {
    get harness() { return need(); },
    get driver() { return createDriver(need().facts); },
    login: (user, database = 'shop') => ({ user, password, database }),
    ask: (user, database, command) => server.driver.as(server.login(user), (client) => client.db(database).command(command)),
    overSocket: (as, use) => overSocketOf(need().facts.paths, as, use),
    asMember: (use) => asMemberOf(need().facts.paths, use),
    user: (name, grants, authDatabase) => need().call('users.create', [{ name, password, ...(authDatabase === undefined ? {} : { authDatabase }), grants: Object.entries(grants).map(([database, privileges]) => ({ database, privileges })) }]),
  };
  beforeAll(async () => {
    harness = await createProcessHarness(harnessOptions());
    await harness.call('initialise', []);
    await harness.call('start', []);
    await harness.call('databases.create', [{ name: 'shop' }]);
  });
  afterAll(() => harness?.dispose());
  return server;
}
