/** Delete always works: whatever runs on the instance, and whatever is left of it. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createInstanceWorkflow } from '../../gateway/operations/workflows/create-instance.ts';
import { agentPid, create, endOf, finish, processesOf, remove, show, until } from '../support/actions.ts';
import { action, DELETE } from '../support/documents.ts';
import { startInstallation } from '../support/installation.ts';
import { type FrozenWorkers, startWithWorkers } from './frozen-worker.ts';
import { eventually, eventsOf, expectGone, type Place } from './matrix/checks.ts';
import { sampled } from './matrix/seed.ts';

const redis = (name: string): Record<string, unknown> => ({ name, datastore: 'redis', version: '8', users: [{ name: 'app' }] });
const steps = createInstanceWorkflow({} as never).steps.map((step) => step.name).filter((name) => name !== 'databases');

async function made({ coffer }: Place, name: string): Promise<string> {
  const { id, operationId } = await create(coffer.client, redis(name));
  expect((await finish(coffer.client, operationId)).state).toBe('SUCCEEDED');
  await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
  return id;
}
async function killAll(id: string): Promise<void> {
  for (const { pid } of await processesOf(id)) {
    try { process.kill(pid, 'SIGKILL'); } catch { /* it went with another */ }
  }
}
async function deleteNow({ coffer }: Place, id: string): Promise<void> {
  await remove(coffer.client, id);
  await expectGone({ coffer }, id);
}

describe('delete while something else runs', () => {
  let world: FrozenWorkers;
  beforeAll(async () => { world = await startWithWorkers(2); });
  afterEach(() => world.thaw());
  afterAll(() => world?.remove());

  it.each(sampled(steps, 4))('pre-empts a create in the step %s, and its worker, when it wakes up, changes nothing', async (step) => {
    const { client } = world.coffer;
    const point = `instance.create:${step}:inside:1`;
    await world.faults.arm(point, 'SIGSTOP');
    const creating = await create(client, redis(`half-${step}`));
    await world.faults.reached(point);
    await remove(client, creating.id);
    expect(await endOf(client, creating.operationId)).toMatchObject({ state: 'CANCELLED', fault: { code: 'OPERATION.PREEMPTED' } });
    await expectGone(world, creating.id);
    world.thaw();
    await Promise.all(world.workers.map((worker) => worker.ready()));
    // The worker that was frozen takes part again: the next round needs both.
    const next = await made(world, `after-${step}`);
    await expectGone(world, creating.id);
    const told = (await eventsOf(world, creating.operationId)).filter((event) => event.type === 'instance.create');
    expect(told.map((event) => event.phase)).toEqual(['START', 'ERROR']);
    await deleteNow(world, next);
  });

  it('pre-empts a restart', async () => {
    const { client } = world.coffer;
    const id = await made(world, 'restarting');
    const point = 'instance.restart:restart:inside:1';
    await world.faults.arm(point, 'SIGSTOP');
    const { restartInstance } = await client.query(action('restartInstance'), { input: { instanceId: id } });
    await world.faults.reached(point);
    await deleteNow(world, id);
    world.thaw();
    expect(await endOf(client, restartInstance.operation.id)).toMatchObject({ state: 'CANCELLED' });
    await expectGone(world, id);
  });

  it('asked twice is one delete', async () => {
    const { client } = world.coffer;
    const id = await made(world, 'twice');
    const answers = await Promise.all([1, 2].map(() => client.query(DELETE, { input: { instanceId: id } })));
    const operations = new Set(answers.map((answer) => answer.deleteInstance.operation.id));
    const ends = await Promise.all([...operations].map((operation) => endOf(client, operation)));
    expect(ends.filter((end) => end.state === 'SUCCEEDED')).toHaveLength(1);
    await expectGone(world, id);
  });
});

describe('delete of what is broken', () => {
  const place = {} as Place;
  const folder = (id: string): string => join(place.coffer.home, 'instances', id);
  beforeAll(async () => { place.coffer = await startInstallation(); });
  afterAll(() => place.coffer?.remove());

  it('works with the agent stopped (SIGSTOP)', async () => {
    const id = await made(place, 'deaf');
    process.kill(await agentPid(id), 'SIGSTOP');
    await deleteNow(place, id);
  });

  it('works when it was stopped', async () => {
    const id = await made(place, 'stopped');
    const { stopInstance } = await place.coffer.client.query(action('stopInstance'), { input: { instanceId: id } });
    await finish(place.coffer.client, stopInstance.operation.id);
    await deleteNow(place, id);
  });

  it('works with agent, engine and directory gone', async () => {
    const id = await made(place, 'vanished');
    await eventually(async () => { await killAll(id); await rm(folder(id), { recursive: true, force: true }).catch(() => {}); return existsSync(folder(id)); }, (exists) => !exists, 'the folder is gone');
    await deleteNow(place, id);
  });

  it('works with everything gone and a compute role that never knew it', async () => {
    const id = await made(place, 'unknown');
    await place.coffer.end('SIGTERM');
    await killAll(id);
    await rm(folder(id), { recursive: true, force: true });
    await place.coffer.start();
    expect((await show(place.coffer.client, id)).id).toBe(id);
    await deleteNow(place, id);
  });

  it('goes on when the host is killed in its middle', async () => {
    const id = await made(place, 'interrupted');
    const { deleteInstance } = await place.coffer.client.query(DELETE, { input: { instanceId: id } });
    await place.coffer.end('SIGKILL');
    await place.coffer.start();
    expect((await endOf(place.coffer.client, deleteInstance.operation.id)).state).toBe('SUCCEEDED');
    await expectGone(place, id);
  });
});
