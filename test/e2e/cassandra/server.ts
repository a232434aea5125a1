/** One running instance for a file of tests, and short ways to look at it. */
import { afterAll, beforeAll } from 'vitest';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import type { GuestHarness, Login } from '../../../strategies/conformance/index.ts';
import { createDriver, type Driver } from './driver.ts';
import { harnessOptions } from './fixture.ts';

export const password = 'Attack-password-1';

export interface Server {
  readonly harness: GuestHarness;
  readonly driver: Driver;
  login(user: string, database?: string): Login;
  /** the management account, as nobody but the agent is meant to use it */
  readonly management: Login;
  user(name: string, databases?: Record<string, string[]>): Promise<void>;
  ask(user: string, statement: string): ReturnType<Driver['ask']>;
}

/** `isStarted`: with a keyspace `shop`. */
export function useServer(place: number, { isStarted }: { isStarted: boolean }): Server {
  let [harness, driver]: [GuestHarness | undefined, Driver | undefined] = [undefined, undefined];
  beforeAll(async () => {
    harness = await createProcessHarness(harnessOptions(place));
    driver = createDriver(harness.facts);
    if (!isStarted) return;
    await harness.call('initialise', []);
    await harness.call('start', []);
    await harness.call('databases.create', [{ name: 'shop' }]);
  });
  afterAll(() => harness?.dispose());
  const login = (user: string, database = 'shop'): Login => ({ user, password, database });
  return {
    get harness() { return harness!; },
    get driver() { return driver!; },
    get management() { return { user: 'coffer', password: harness!.facts.managementSecret, database: null }; },
    login,
    user: (name, databases = { shop: [] }) => harness!.call('users.create', [{ name, password, grants: Object.entries(databases).map(([database, privileges]) => ({ database, privileges })) }]),
    ask: (user, statement) => driver!.ask(login(user), statement),
  };
}
