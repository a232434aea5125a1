/**
 * What the first release wrote is taken over by this one: a store, homes of guests with their agents' journals and
 * identities, and an operation in flight (test/fixtures/release-0.1, made by its make.ts).
 */
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureInstallation, raiseGeneration } from '../../gateway/store/installation.ts';
import { createStore } from '../../gateway/store/store.ts';
import { silentLog } from '../../kernel/log.ts';
import { createEngineStore } from '../../strategies/sources/index.ts';
import { create, endOf, redisCli, remove, show, succeed, until } from '../support/actions.ts';
import { action, CREATE } from '../support/documents.ts';
import { enginesFolder, type Installation, startInstallation } from '../support/installation.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { lookIntoStore } from '../support/store-look.ts';
import { type Facts, loadHome, loadStore, readFacts } from '../fixtures/release-0.1/load.ts';
import { eventsOf, expectGone, expectNothingHeld } from './matrix/checks.ts';

const ordinaryUid = process.getuid?.() === 0 ? 65_534 : undefined;
const comeBackMs = 90_000;

let postgres: TestPostgres;
let coffer: Installation;
let facts: Facts;

beforeAll(async () => {
  facts = await readFacts();
  const build = await createEngineStore({ root: enginesFolder, log: silentLog }).find('redis', '8');
  const home = await mkdtemp(join(tmpdir(), 'coffer-e2e-'));
  const places = { home, engines: enginesFolder, build: build!.id, prefix: build!.prefix, broken: join(home, 'gone') };
  postgres = await startTestPostgres();
  const url = await postgres.createDatabase();
  await loadStore(url, places, facts);
  // Another server counts transactions from its own beginning: this is a restored store.
  const store = createStore({ url, maxConnections: 1, log: silentLog });
  const { generation } = await ensureInstallation(store);
  expect(await raiseGeneration(store)).toBe(generation + 1);
  await store.close();
  await loadHome(places, ordinaryUid);
  coffer = await startInstallation({
    home, ...(ordinaryUid === undefined ? {} : { uid: ordinaryUid }), env: { DATABASE_URL: url, COFFER_HOST_NAME: 'fixture', COFFER_ENGINE_PORTS: '22310-22319' },
  });
});
afterAll(async () => {
  await coffer?.remove();
  await postgres?.stop();
});

describe('an installation of release 0.1', () => {
  it('starts, with all migrations applied', async () => {
    const applied = await lookIntoStore<{ migration_name: string }>(coffer, 'select migration_name from _prisma_migrations where finished_at is not null order by 1');
    const known = (await readdir(join(import.meta.dirname, '../../prisma/migrations'))).filter((name) => /^\d+_/.test(name)).sort();
    expect(applied.map((row) => row.migration_name)).toEqual(known);
  });

  it('shows its instances, projects, tokens and history', async () => {
    const { instances, projects } = await coffer.client.query('{ instances(first: 50, filter: { includeDeleted: true }) { edges { node { id name deletedAt } } } projects { edges { node { name } } } }');
    expect(new Map(instances.edges.map((edge: any) => [edge.node.name, edge.node.id]))).toEqual(new Map([['cache', facts.cache], ['off', facts.off], ['broken', facts.failed], ['gone', facts.gone]]));
    expect(projects.edges.map((edge: any) => edge.node.name).sort()).toEqual(['default', 'second']);
    expect(await show(coffer.client, facts.failed)).toMatchObject({ status: 'ERROR', fault: { code: expect.any(String), message: expect.any(String) } });
    const told = (await eventsOf({ coffer }, facts.create)).filter((event) => event.type === 'instance.create');
    expect(told.map((event) => event.phase)).toEqual(['START', 'END']);
  });

  it('ends the operation that was in flight, told once', async () => {
    expect((await endOf(coffer.client, facts.restart, comeBackMs)).state).toBe('SUCCEEDED');
    const told = (await eventsOf({ coffer }, facts.restart)).filter((event) => event.type === 'instance.restart');
    expect(told.map((event) => event.phase)).toEqual(['START', 'END']);
    await expectNothingHeld({ coffer }, facts.cache);
  });

  it('brings the databases back as they were wanted, with their data and users', async () => {
    await until(coffer.client, facts.cache, (instance) => instance.status === 'ACTIVE', comeBackMs);
    await until(coffer.client, facts.off, (instance) => instance.status === 'STOPPED', comeBackMs);
    expect(await redisCli(enginesFolder, await show(coffer.client, facts.cache), { user: 'app', password: 'password-of-app' }, 'get', 'kept')).toBe('since 0.1');
  });

  it('answers an idempotency key of then', async () => {
    const { createInstance } = await coffer.client.query(CREATE, {
      input: { name: 'cache', projectId: facts.project, datastore: 'redis', version: '8', flavor: 'nano', volume: { sizeGb: 1 }, users: [{ name: 'app', password: 'password-of-app' }], idempotencyKey: 'fixture-cache', tags: [{ key: 'made-by', value: 'release-0.1' }] },
    });
    expect(createInstance).toMatchObject({ __typename: 'CreateInstancePayload', instance: { id: facts.cache }, userCredentials: [{ name: 'app', password: null }] });
  });

  it('goes on working: start, create, delete', async () => {
    const { startInstance } = await coffer.client.query(action('startInstance'), { input: { instanceId: facts.off } });
    await succeed(coffer.client, startInstance.operation.id);
    const made = await create(coffer.client, { name: 'new', projectId: facts.project, datastore: 'redis', version: '8', flavor: 'nano' });
    await succeed(coffer.client, made.operationId);
    for (const id of [facts.off, facts.failed, made.id]) {
      await remove(coffer.client, id);
      await expectGone({ coffer }, id);
    }
  });
});
