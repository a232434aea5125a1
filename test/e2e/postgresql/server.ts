/** A prepared server with one database, for tests that go beyond the kit. */
import { afterAll, beforeAll } from 'vitest';
import type { GuestHarness, Login } from '../../../strategies/conformance/index.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import { harnessOptions } from './fixture.ts';
import { createPsql, type Psql } from './psql.ts';

/** The rules for memberships changed between these two; `COFFER_TEST_FULL=1` takes every track. */
export const tracks = process.env['COFFER_TEST_FULL'] ? ['15', '17', '18'] : ['15', '17'];

export const password = 'Some-password-1';

export interface Server {
  readonly harness: GuestHarness;
  readonly psql: Psql;
  login(user: string, database?: string): Login;
  /** A statement as a user in the database `shop`, or another. */
  ask(user: string, sql: string, database?: string): Promise<string>;
  /** A statement as management, over the socket. */
  asManagement(sql: string, database?: string): Promise<string>;
  user(name: string, grants?: Record<string, string[]>): Promise<void>;
}

export function useServer(track: string): Server {
  let harness: GuestHarness | undefined;
  let psql: Psql | undefined;
  const need = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('used before the server was set up');
    return value;
  };
  const server: Server = {
    get harness() { return need(harness); },
    get psql() { return need(psql); },
    login: (user, database = 'shop') => ({ user, password, database }),
    ask: (user, sql, database) => server.psql.ask(server.login(user, database), sql),
    asManagement: (sql, database = 'postgres') => server.psql.ask({ user: 'coffer', password: server.harness.facts.managementSecret, database }, sql, { PGHOST: server.harness.facts.paths.run, PGSSLMODE: 'disable' }),
    user: (name, grants = { shop: [] }) => server.harness.call('users.create', [{ name, password, grants: Object.entries(grants).map(([database, privileges]) => ({ database, privileges })) }]),
  };
  beforeAll(async () => {
    harness = await createProcessHarness(harnessOptions(track));
    psql = createPsql(harness.facts);
    await harness.call('initialise', []);
    await harness.call('start', []);
    await harness.call('databases.create', [{ name: 'shop' }]);
  });
  afterAll(() => harness?.dispose());
  return server;
}
