/**
 * Two gateways on one store. The one that holds an operation is stopped (SIGSTOP) beyond its lease: the other takes
 * over, and what the first does when it wakes up counts for nothing, neither in the store nor at agent and host.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAgents } from '../../gateway/agents/agents.ts';
import { createPki } from '../../gateway/pki/pki.ts';
import { loadSecretKey } from '../../gateway/secret-key.ts';
import { createSealer } from '../../gateway/store/seal.ts';
import { createStore } from '../../gateway/store/store.ts';
import { homePaths } from '../../kernel/home.ts';
import { silentLog } from '../../kernel/log.ts';
import { createProcessCompute } from '../../strategies/compute/process/index.ts';
import { create, endOf, enginePid, processesOf, redisCli, remove, show, until } from '../support/actions.ts';
import { action } from '../support/documents.ts';
import { enginesFolder } from '../support/installation.ts';
import { lookIntoStore } from '../support/store-look.ts';
import { type FrozenWorkers, startWithWorkers } from './frozen-worker.ts';
import { eventually, eventsOf, expectNothingHeld } from './matrix/checks.ts';
import { sampled } from './matrix/seed.ts';

let world: FrozenWorkers;
beforeAll(async () => { world = await startWithWorkers(2, { roles: 'api,worker,conductor' }); });
afterEach(() => world.thaw());
afterAll(() => world?.remove());

const recordOf = async (operationId: string): Promise<unknown[]> => [
  await lookIntoStore(world.coffer, 'select state, attempt, version, steps, journal from operation where id = $1', [operationId]),
  await lookIntoStore(world.coffer, 'select count(*)::int as events from event where operation_id = $1', [operationId]),
];
/** How often a gateway let go of an operation that was no longer its own. */
const lettingGo = (): number => world.workers.reduce((sum, worker) => sum + worker.output().split('this worker lets go of it').length - 1, 0);

describe('a gateway that wakes up behind its lease', () => {
  // Inside of `reserve` and `install-engine` it wakes up right before a write; in the others on its way to host or agent.
  it.each(sampled(['reserve:inside:2', 'install-engine:inside:2', 'create-guest:inside:3', 'enrol:inside:1', 'initialise:inside:1', 'start:inside:1', 'users:inside:1', 'ready:inside:1'], 4))('in %s finds the operation done by the other, and changes nothing', async (place) => {
    const { client } = world.coffer;
    const point = `instance.create:${place}`;
    const before = lettingGo();
    await world.faults.arm(point, 'SIGSTOP');
    const made = await create(client, { name: `zombie-${place.replaceAll(':', '-')}`, datastore: 'redis', version: '8', users: [{ name: 'app' }] });
    await world.faults.reached(point);
    expect((await endOf(client, made.operationId)).state).toBe('SUCCEEDED');
    const engine = await enginePid(made.id);
    const recorded = await recordOf(made.operationId);
    world.thaw();
    await eventually(async () => lettingGo(), (times) => times > before, 'the zombie lets go');
    await Promise.all(world.workers.map((worker) => worker.ready()));
    expect(await recordOf(made.operationId)).toEqual(recorded);
    expect((await eventsOf(world, made.operationId)).filter((event) => event.type === 'instance.create').map((event) => event.phase)).toEqual(['START', 'END']);
    await until(client, made.id, (instance) => instance.status === 'ACTIVE');
    expect(await enginePid(made.id)).toBe(engine);
    expect((await processesOf(made.id)).length).toBe(2);
    const instance = await show(client, made.id);
    expect(await redisCli(enginesFolder, instance, { user: 'app', password: made.passwords['app']! }, 'set', 'k', 'v')).toBe('OK');
    await expectNothingHeld(world, made.id);
    await remove(client, made.id);
  });

  it('is refused by agent and host, which know the newer claim', async () => {
    const { client } = world.coffer;
    const made = await create(client, { name: 'fenced', datastore: 'redis', version: '8' });
    expect((await endOf(client, made.operationId)).state).toBe('SUCCEEDED');
    const { restartInstance } = await client.query(action('restartInstance'), { input: { instanceId: made.id } });
    expect((await endOf(client, restartInstance.operation.id)).state).toBe('SUCCEEDED');
    const engine = await enginePid(made.id);

    const [first] = await lookIntoStore<{ epoch: string; attempt: number; generation: number }>(world.coffer,
      'select o.epoch, o.attempt, g.generation from operation o, installation g where o.id = $1', [made.operationId]);
    const old = { generation: first!.generation, epoch: Number(first!.epoch), attempt: first!.attempt };
    const paths = homePaths(world.coffer.home);
    const store = createStore({ url: (await readFile(paths.storeUrl, 'utf8')).trim(), maxConnections: 2, log: silentLog });
    const pki = createPki({ store, sealer: createSealer(await loadSecretKey(null, paths.secretKey)), log: silentLog, gatewayId: 'zombie' });
    const agents = createAgents({ store, pki, log: silentLog });
    const compute = createProcessCompute({ socketPath: join(world.coffer.home, 'run/compute.sock') });
    try {
      await pki.open();
      const signal = AbortSignal.timeout(20_000);
      const stop = { $case: 'stop' as const, value: { immediate: true } };
      await expect(agents.run(made.id, { operationId: made.operationId, step: 'stray', fence: old, timeoutMs: 5_000, command: stop }, { signal })).rejects.toMatchObject({ code: 'AGENT.FENCED' });
      await expect(agents.cancel(made.id, { operationId: restartInstance.operation.id, fence: old }, { signal })).rejects.toMatchObject({ code: 'AGENT.FENCED' });
      // The host took part in the create alone: it knows the last claim of that.
      await expect(compute.stopGuest(made.id, { signal, fence: { ...old, attempt: old.attempt - 1 }, operationId: made.operationId })).rejects.toMatchObject({ code: 'AGENT.FENCED' });
      await expect(compute.destroy(made.id, { signal, fence: { ...old, generation: old.generation - 1, epoch: 1_000 }, operationId: 'another' })).rejects.toMatchObject({ code: 'AGENT.FENCED' });
      // The same claim but an older attempt of it.
      const [present] = await lookIntoStore<{ epoch: string; attempt: number }>(world.coffer, 'select epoch, attempt from operation where id = $1', [restartInstance.operation.id]);
      const earlier = { generation: old.generation, epoch: Number(present!.epoch), attempt: present!.attempt - 1 };
      await expect(agents.run(made.id, { operationId: restartInstance.operation.id, step: 'stray', fence: earlier, timeoutMs: 5_000, command: stop }, { signal })).rejects.toMatchObject({ code: 'AGENT.FENCED' });
    } finally {
      compute.close();
      agents.close();
      pki.close();
      await store.close();
    }
    expect(await enginePid(made.id)).toBe(engine);
    await until(client, made.id, (instance) => instance.status === 'ACTIVE');
  });
});
