import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDefinitions } from '../../../gateway/operations/definitions.ts';
import { createHeld } from '../../../gateway/operations/held-operation.ts';
import { claimOperations } from '../../../gateway/operations/operation-rows.ts';
import { createStoreClock } from '../../../gateway/operations/store-clock.ts';
import { succeeded, resumed, began } from '../../../gateway/operations/transitions.ts';
import { compileCache } from '../../support/compile-cache.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { createTestStore, type TestStore } from '../../support/store.ts';
import { createToyWorld, effectsOf, eventsOf, toyHooks, toyTables, toyWorkflows, wakeDeaf, type ToyInput } from './toy.ts';

const LEASE_MS = 400;
let server: TestPostgres;
const children = new Set<ChildProcess>();
const stores = new Set<TestStore>();

beforeAll(async () => { server = await startTestPostgres({ settings: { max_connections: '200' } }); });
afterAll(() => server.stop());
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  for (const one of stores) await one.store.close();
  stores.clear();
});

async function freshStore(): Promise<TestStore> {
  const test = await createTestStore(server, { maxConnections: 6 });
  await test.store.query(toyTables);
  stores.add(test);
  return test;
}

async function spawnWorker(url: string, id: string, env: Record<string, string> = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('worker-process.ts', import.meta.url))], {
    env: { PATH: process.env['PATH'], STORE_URL: url, WORKER_ID: id, LEASE_MS: String(LEASE_MS), ...compileCache, ...env }, stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.add(child);
  await once(child.stdout!, 'data');
  return child;
}

const forwards = ['one', 'two', 'three'].flatMap((step) => [`${step}:before:1`, ...[1, 2, 3, 4, 5].map((n) => `${step}:inside:${n}`), `${step}:after:1`]);
const atEnd = ['end:before:1', 'end:after:1'];
const backwards = ['three', 'two', 'one'].flatMap((step) => [`${step}-undo:before:1`, `${step}-undo:inside:1`, `${step}-undo:after:1`]);

/** The process dies at the point; a second one takes over; whatever was half done is done once in the end. */
async function killedAt(point: string, input: ToyInput): Promise<void> {
  const test = await freshStore();
  const world = await createToyWorld(test.store);
  const first = await spawnWorker(test.url, 'first', { COFFER_TEST_KILL_AT: `toy.make:${point}` });
  const died = once(first, 'exit');
  const accepted = await world.accept('s1', input);
  expect(await died).toEqual([null, 'SIGKILL']);

  const second = world.worker('second', { leaseMs: LEASE_MS });
  second.start();
  const done = await world.operations.waitForEnd(accepted.id, 15_000);
  await second.stop();
  world.operations.close();

  const expected = input.fail ? { state: 'FAILED', left: 0, phase: 'ERROR' } : { state: 'SUCCEEDED', left: 1, phase: 'END' };
  expect(done.state).toBe(expected.state);
  expect(await effectsOf(test.store, accepted.id)).toEqual({ one: expected.left, two: expected.left, three: expected.left });
  const [most] = await test.store.query<{ n: number }>('select max(n)::int as n from (select count(*) as n from toy_effect where delta = 1 group by operation, step) x');
  expect(most!.n).toBe(1);
  expect((await eventsOf(test.store, accepted.id)).filter((e) => e.phase !== 'PROGRESS').map((e) => e.phase)).toEqual(['START', expected.phase]);
  expect(await test.store.query('select state from toy_end')).toEqual([{ state: expected.state }]);
  expect(await test.store.query('select * from subject_lock')).toEqual([]);
}

describe('kill -9', () => {
  const cases = [...forwards, ...atEnd].map((point) => ({ point, input: {} as ToyInput })).concat(backwards.map((point) => ({ point, input: { fail: 'three', final: true } })));

  it('at every boundary and inside every step converges, with each effect once', { timeout: 120_000 }, async () => {
    const lane = async (): Promise<void> => {
      for (let next = cases.shift(); next; next = cases.shift()) {
        const { point, input } = next;
        await killedAt(point, input).catch((error: Error) => { throw new Error(`killed at ${point}: ${error.message}`, { cause: error }); });
      }
    };
    // Four at a time: each brings a process of its own.
    await Promise.all([lane(), lane(), lane(), lane()]);
  });
});

describe('a process that kills itself at the same step every time', () => {
  it('is given up after so many times, with a fault that says so, and everything undone', async () => {
    const test = await freshStore();
    const world = await createToyWorld(test.store);
    const accepted = await world.accept('s1', {});
    // As if eleven processes had died in it already.
    await test.store.query(`update operation set state = 'RUNNING', journal = jsonb_set(journal::jsonb, '{interruptions}', '11')::json`);
    const worker = world.worker('w', { leaseMs: LEASE_MS });
    worker.start();
    const done = await world.operations.waitForEnd(accepted.id, 10_000);
    expect(done).toMatchObject({ state: 'FAILED', fault: { code: 'OPERATION.STEP_FAILED', message: 'Step one: the process that ran it died or was cut off 11 times' } });
    await worker.stop();
    world.operations.close();
  });
});

describe('a worker that is stopped beyond its lease', () => {
  it('is followed by another one, and what it does when it wakes up counts for nothing', async () => {
    const test = await freshStore();
    const world = await createToyWorld(test.store);
    const zombie = await spawnWorker(test.url, 'zombie');
    const accepted = await world.accept('s1', { deaf: 'two' });
    await expect.poll(() => test.store.query("select 1 from toy_row where step = 'two'"), { timeout: 5_000, interval: 10 }).toHaveLength(1);
    zombie.kill('SIGSTOP');
    const other = world.worker('other', { leaseMs: LEASE_MS });
    other.start();
    expect((await world.operations.waitForEnd(accepted.id, 15_000)).state).toBe('SUCCEEDED');
    const after = await test.store.query('select state, attempt, version from operation');
    await wakeDeaf(test.store);
    zombie.kill('SIGCONT');
    // It goes on where it stood: it tries to write and to call the agent under its old claim.
    await expect.poll(() => test.store.query("select step from toy_row where step like 'refused%'"), { timeout: 10_000 }).toHaveLength(1);
    zombie.kill('SIGTERM');
    await once(zombie, 'exit');
    expect(await test.store.query("select 1 from toy_row where step = 'stray'")).toEqual([]);
    expect(await effectsOf(test.store, accepted.id)).toEqual({ one: 1, two: 1, three: 1 });
    expect(await test.store.query('select state, attempt, version from operation')).toEqual(after);
    await other.stop();
    world.operations.close();
  });

  it('cannot write under a claim that is no longer the claim, whether it noticed or not', async () => {
    const test = await freshStore();
    const world = await createToyWorld(test.store);
    await world.accept('s1', {});
    const definitions = createDefinitions(toyWorkflows(test.store));
    const claim = async (owner: string, leaseMs: number) => {
      const [loaded] = await claimOperations(test.store, { definitions: definitions.keys, targets: [], limit: 1, owner, leaseMs });
      return createHeld({ store: test.store, clock: createStoreClock(), owner, definitions, hooks: toyHooks }, loaded!);
    };
    const zombie = await claim('zombie', 1);
    await expect.poll(() => test.store.query('select 1 from operation where lease_until < clock_timestamp()')).toHaveLength(1);
    const present = await claim('present', 60_000);
    const before = await test.store.query('select *, (select count(*) from event) as events from operation');
    const finish = (s: typeof zombie.state) => ({ state: succeeded(definitions.latest('toy.make'), began(resumed(s, 1), 0, 1), 0, 'forged', 2), result: undefined });
    await expect(zombie.write(zombie.state.attempt, (tx) => tx.query("insert into toy_row values ('s1', 'x', 'forged', 1)"))).rejects.toMatchObject({ name: 'LeaseLostError' });
    const unaware = { ...zombie.state };
    const again = createHeld({ store: test.store, clock: createStoreClock(), owner: 'zombie', definitions, hooks: toyHooks }, { state: unaware, secrets: null, now: Date.now() });
    await expect(again.change(finish)).rejects.toMatchObject({ name: 'LeaseLostError' });
    expect(await test.store.query('select 1 from toy_row')).toEqual([]);
    expect(await test.store.query('select *, (select count(*) from event) as events from operation')).toEqual(before);
    expect((await test.store.query<{ changes: number }>('select changes from toy_subject'))[0]!.changes).toBe(1);
    await expect(present.write(present.state.attempt, (tx) => tx.query('select 1 as one'))).resolves.toEqual([{ one: 1 }]);
    world.operations.close();
  });
});

describe('two workers in processes of their own', () => {
  it('share forty operations: each is claimed once and done once', async () => {
    const test = await freshStore();
    const world = await createToyWorld(test.store);
    // A lease that no slow machine lets run out: a second claim would be a fault here.
    await Promise.all(['a', 'b'].map((id) => spawnWorker(test.url, id, { LEASE_MS: '20000' })));
    const accepted = await Promise.all(Array.from({ length: 40 }, (_, i) => world.accept(`s${i}`, {})));
    const states = await Promise.all(accepted.map((op) => world.operations.waitForEnd(op.id, 20_000)));
    expect(new Set(states.map((s) => s.state))).toEqual(new Set(['SUCCEEDED']));
    expect(await test.store.query('select count(*)::int as n, count(distinct (operation, step))::int as d from toy_effect')).toEqual([{ n: 120, d: 120 }]);
    expect(new Set(states.map((s) => s.attempt))).toEqual(new Set([1]));
    world.operations.close();
  });
});
