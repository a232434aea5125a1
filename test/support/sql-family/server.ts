/** A prepared server with one database, for tests that go beyond the kit. */
import { afterAll, beforeAll } from 'vitest';
import type { GuestHarness, Login } from '../../../strategies/conformance/index.ts';
import type { Manifest } from '../../../strategies/spi/manifest.ts';
import { createProcessHarness, type ProcessHarnessOptions } from '../../../kit/harness/process-harness.ts';
import { askAsManagement, createSqlClient, type SqlClient } from './stock-client.ts';

export const password = 'Some-password-1';

export interface Server {
  readonly harness: GuestHarness;
  readonly client: SqlClient;
  login(user: string, database?: string | null): Login;
  /** A statement as a user in the database `shop`, or another. */
  ask(user: string, sql: string, database?: string | null): Promise<string>;
  asManagement(sql: string): Promise<string>;
  /** With the usual set in `shop`, or these grants. */
  user(name: string, grants?: Record<string, string[]>, host?: string): Promise<void>;
}

export function useServer(options: ProcessHarnessOptions & { plugin: { manifest: Manifest } }): Server {
  let harness: GuestHarness | undefined;
  let client: SqlClient | undefined;
  const need = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('used before the server was set up');
    return value;
  };
  const server: Server = {
    get harness() { return need(harness); },
    get client() { return need(client); },
    login: (user, database = 'shop') => ({ user, password, database }),
    ask: (user, sql, database) => server.client.ask(server.login(user, database), `${sql};`),
    asManagement: (sql) => askAsManagement(server.harness.facts, sql),
    user: (name, grants = { shop: [] }, host) => server.harness.call('users.create', [{ name, host, password, grants: Object.entries(grants).map(([database, privileges]) => ({ database, privileges })) }]),
  };
  beforeAll(async () => {
    harness = await createProcessHarness(options);
    client = createSqlClient(harness.facts, options.plugin.manifest);
    await harness.call('initialise', []);
    await harness.call('start', []);
    await harness.call('databases.create', [{ name: 'shop' }]);
  });
  afterAll(() => harness?.dispose());
  return server;
}
