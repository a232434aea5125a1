/** Parts of Coffer by themselves, a store of the operator's own, and users that the system has no name for. */
import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { waitUntil } from '../../../compute/processes/wait.ts';
import { claim, newInstance, specOf } from '../../support/host/compute-harness.ts';
import { type Clone, makeClone } from '../../support/host/clone.ts';
import { type HostUnderTest, prepareHost, processesNaming, type Starter, starters } from '../../support/host/host-harness.ts';
import { startTestPostgres } from '../../support/postgres.ts';

let clone: Clone;
beforeAll(async () => { clone = await makeClone(); });
afterAll(() => clone.remove());
const hosts: HostUnderTest[] = [];
afterEach(async () => { for (const host of hosts.splice(0)) await host.dispose(); });
const isRoot = process.getuid?.() === 0;

async function prepared(starter: Starter): Promise<HostUnderTest> {
  const host = await prepareHost(clone.host, starter);
  hosts.push(host);
  return host;
}

it.each(starters)('the compute role alone, started by %s, brings databases back with no gateway and no store', async (starter) => {
  const host = await prepared(starter);
  const first = await host.start({ COFFER_ROLES: 'compute' });
  expect(first.output()).toMatch(/Coffer is ready \(compute\) \(pid \d+, /);
  const compute = host.compute();
  const build = await compute.ensureEngine({ datastore: 'redis', track: '8' }, { signal: AbortSignal.timeout(20_000) });
  const id = newInstance();
  await compute.createGuest(specOf(id, { buildId: build.id, ports: { client: 21_281 } }), claim());
  expect((await host.command(['stop'])).code).toBe(0);
  expect(await processesNaming(host.paths.home)).toEqual([]);
  // As after a reboot: nothing runs, and what is on disk is all there is.
  await host.start({ COFFER_ROLES: 'compute' });
  expect(await waitUntil(async () => (await compute.inspect(id, AbortSignal.timeout(5_000))).enginePids.length > 0, 10_000)).toBe(true);
  expect(existsSync(host.paths.adminToken)).toBe(false);
  expect(existsSync(host.paths.store)).toBe(false);
});

it.each(starters)('with DATABASE_URL, started by %s, there is no store of Coffer\'s own', async (starter) => {
  const server = await startTestPostgres();
  try {
    const host = await prepared(starter);
    const run = await host.start({ DATABASE_URL: await server.createDatabase() });
    expect(run.output()).not.toContain('store ');
    expect(existsSync(host.paths.store)).toBe(false);
    expect((await fetch(`${host.url}/readyz`)).status).toBe(200);
  } finally {
    await server.stop();
  }
});

it.runIf(isRoot)('a user without an entry in /etc/passwd can run all of it', async () => {
  const host = await prepared('nameless');
  const run = await host.start();
  expect(run.output()).toContain('PostgreSQL made and ready');
  const compute = host.compute();
  const build = await compute.ensureEngine({ datastore: 'redis', track: '8' }, { signal: AbortSignal.timeout(20_000) });
  const id = newInstance();
  await compute.createGuest(specOf(id, { buildId: build.id, ports: { client: 21_281 } }), claim());
  expect(await waitUntil(async () => (await compute.inspect(id, AbortSignal.timeout(5_000))).enginePids.length > 0, 10_000)).toBe(true);
});

it.runIf(isRoot)('root with one shared user can run all of it', async () => {
  const host = await prepared('root');
  await host.start({ COFFER_ISOLATION: 'shared' });
  const compute = host.compute();
  expect(await compute.facts(AbortSignal.timeout(5_000))).toMatchObject({ isolation: 'shared', limitsEnforced: true });
});
