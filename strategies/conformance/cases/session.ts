/** What all groups of cases share: one prepared engine and a few ways to look at it. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect } from 'vitest';
import { GuestFault, type GuestFaultCode } from '../../spi/guest.ts';
import type { GrantSpec } from '../../spi/control.ts';
import type { ConformanceFixture, Login, StockClient } from '../fixture.ts';
import type { GuestHarness } from '../harness.ts';

export interface Session {
  readonly fixture: ConformanceFixture;
  readonly harness: GuestHarness;
  readonly client: StockClient;
  /** every password that was ever given to the engine here */
  readonly secrets: string[];
  /** database for things that need one; null where the engine has none */
  readonly database: string | null;
  password(): string;
  /** A new user with the usual set (or these grants) and how it logs in. */
  user(name: string, grants?: GrantSpec[]): Promise<Login>;
  /** Where the engine takes few users, those of earlier cases go; it has to be up. */
  makeRoom(): Promise<void>;
}

export interface SessionOptions { prepared: boolean }
const setUpTimeoutMs = 120_000;

/** Starts before the first test of the surrounding group and ends after its last. */
export function useSession(fixture: ConformanceFixture, options: SessionOptions): Session {
  let harness: GuestHarness | undefined;
  let client: StockClient | undefined;
  const secrets: string[] = [];
  const has = (capability: 'DATABASES'): boolean => fixture.plugin.manifest.capabilities.includes(capability);
  const first = fixture.samples.databases[0];
  const need = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('used before the group was set up');
    return value;
  };
  const session: Session = {
    fixture,
    secrets,
    get harness() { return need(harness); },
    get client() { return need(client); },
    database: has('DATABASES') ? (first?.name ?? null) : null,
    password() {
      const password = `Kit-${randomBytes(12).toString('base64url')}`;
      secrets.push(password);
      return password;
    },
    async user(name, grants = [fixture.samples.usual(session.database)]) {
      const password = session.password();
      await session.harness.call('users.create', [{ name, password, grants }]);
      return { user: name, password, database: session.database };
    },
    async makeRoom() {
      if (!fixture.fewUsers) return;
      for (const { grants: _, ...user } of await session.harness.call('users.list', [])) await session.harness.call('users.delete', [user]);
    },
  };
  beforeAll(async () => {
    harness = await fixture.createHarness();
    client = fixture.client(harness.facts);
    secrets.push(harness.facts.managementSecret);
    if (!options.prepared) return;
    await harness.call('initialise', []);
    await harness.call('configure', []);
    await harness.call('start', []);
    if (has('DATABASES') && first) await harness.call('databases.create', [first]);
  }, setUpTimeoutMs);
  afterAll(() => harness?.dispose());
  return session;
}

/** The code a promise failed with; fails the test when it did not fail or failed with anything but a GuestFault. */
export async function faultOf(promise: Promise<unknown>): Promise<GuestFaultCode> {
  const error = await promise.then(() => undefined, (reason: unknown) => reason);
  if (error instanceof GuestFault) return error.code;
  throw new Error(error === undefined ? 'it was accepted' : error instanceof Error ? `not a GuestFault: ${error.message}` : 'not even an Error');
}

/** A delete or revoke of what is gone may say so or be content: both are the same state. */
export async function settled(promise: Promise<unknown>): Promise<void> {
  await promise.catch((error: unknown) => {
    if (!(error instanceof GuestFault) || error.code !== 'MISSING') throw error;
  });
}

/** Why something was refused, or null when it was not. */
export const refusalOf = (promise: Promise<unknown>): Promise<string | null> =>
  promise.then(() => null, (error: unknown) => (error instanceof Error ? error.message : String(error)));

/** What was stored is there. Data in memory alone are gone once the engine `ended`, and may be where a method may restart it. */
export async function expectKept({ plugin }: Pick<ConformanceFixture, 'plugin'>, client: StockClient, { login, name, value, ended = false }: { login: Login; name: string; value: string; ended?: boolean }): Promise<void> {
  const found = await client.read(login, name);
  if (plugin.manifest.volatileData === undefined) expect(found, 'data stay, unless the manifest says why not (volatileData)').toBe(value);
  else expect(ended ? [null] : [value, null], 'the manifest says that data do not stay (volatileData)').toContain(found);
}

let names = 0;
export const freshName = (prefix: string): string => `${prefix}_${++names}`;
