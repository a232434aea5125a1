/** A create that is cancelled, in whatever step, is undone: nothing runs, nothing is held, and the instance says why. */
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createInstanceWorkflow } from '../../gateway/operations/workflows/create-instance.ts';
import { create, enginePid, finish, processesOf, redisCli, remove, show, succeed, until } from '../support/actions.ts';
import { action, WATCH_OPERATION } from '../support/documents.ts';
import { enginesFolder } from '../support/installation.ts';
import { type FrozenWorkers, startWithWorkers } from './frozen-worker.ts';
import { eventsOf, expectGone, expectNothingRuns } from './matrix/checks.ts';
import { signalsWaiting } from '../support/processes.ts';

const RESIZE = 'mutation($input: ResizeInstanceInput!) { resizeInstance(input: $input) { ... on ResizeInstancePayload { operation { id } } ... on Error { code message } } }';
const TUNED = 'query($id: ID!) { instance(by: { id: $id }) { flavor { name } effectiveParameters(search: "innodb_buffer_pool_size") { edges { node { name value source pending } } } } }';
const CANCEL = 'mutation($input: CancelOperationInput!) { cancelOperation(input: $input) { __typename ... on CancelOperationPayload { operation { state } } ... on Error { code message } } }';

let world: FrozenWorkers;
beforeAll(async () => { world = await startWithWorkers(1); });
afterEach(() => world.thaw());
afterAll(() => world?.remove());

// Redis has no databases to create.
const steps = createInstanceWorkflow({} as never).steps.map((step) => step.name).filter((name) => name !== 'databases');

describe('a create that is cancelled', () => {
  it.each(steps)('in the step %s is undone', async (step) => {
    const { client } = world.coffer;
    const point = `instance.create:${step}:inside:1`;
    await world.faults.arm(point, 'SIGSTOP');
    const made = await create(client, { name: `cancel-${step}`, datastore: 'redis', version: '8', users: [{ name: 'app' }] });
    await world.faults.reached(point);
    const { cancelOperation } = await client.query(CANCEL, { input: { operationId: made.operationId } });
    expect(cancelOperation).toMatchObject({ __typename: 'CancelOperationPayload', operation: { state: 'CANCELLING' } });
    world.thaw();
    const operation = await finish(client, made.operationId);
    expect(operation).toMatchObject({ state: 'CANCELLED', fault: { code: 'OPERATION.CANCELLED' } });
    await expectNothingRuns(world, made.id);
    expect(await show(client, made.id)).toMatchObject({ status: 'ERROR', task: null, endpoints: [], fault: { code: 'OPERATION.CANCELLED' } });
    const told = (await eventsOf(world, made.operationId)).filter((event) => event.type === 'instance.create');
    expect(told.map((event) => event.phase)).toEqual(['START', 'ERROR']);
    await remove(client, made.id);
    await expectGone(world, made.id);
  });

  it('is answered with a conflict when it has ended already', async () => {
    const { client } = world.coffer;
    const made = await create(client, { name: 'too-late', datastore: 'redis', version: '8' });
    await finish(client, made.operationId);
    const { cancelOperation } = await client.query(CANCEL, { input: { operationId: made.operationId } });
    expect(cancelOperation).toMatchObject({ __typename: 'PreconditionError', code: 'PRECONDITION.NOT_CANCELLABLE' });
  });
});

describe('an operation on a running engine that is called off half way', () => {
  // The engine does not hear yet that it is to end: the agent waits for its exit, and the cancel finds it waiting.
  it.each([['restart', 'restart'], ['stop', 'stop']] as const)('%s: has ended when the engine is seen as before, and not earlier', async (verb, step) => {
    const { client } = world.coffer;
    const made = await create(client, { name: `called-off-${verb}`, datastore: 'redis', version: '8', users: [{ name: 'app' }] });
    await succeed(client, made.operationId);
    await until(client, made.id, (instance) => instance.status === 'ACTIVE');
    const before = await enginePid(made.id);
    process.kill(before, 'SIGSTOP');
    const { [`${verb}Instance`]: begun } = await client.query(action(`${verb}Instance`), { input: { instanceId: made.id } });
    await client.watch<any>(WATCH_OPERATION, { id: begun.operation.id }, (item) => item.operation.operation.step === step);
    await expect.poll(() => signalsWaiting(before), { timeout: 10_000 }).toContain('SIGTERM');
    const { cancelOperation } = await client.query(CANCEL, { input: { operationId: begun.operation.id } });
    expect(cancelOperation).toMatchObject({ __typename: 'CancelOperationPayload' });
    process.kill(before, 'SIGCONT');

    expect(await finish(client, begun.operation.id)).toMatchObject({ state: 'CANCELLED', fault: { code: 'OPERATION.CANCELLED' } });
    const instance = await show(client, made.id);
    expect(instance).toMatchObject({ status: 'ACTIVE', intent: 'RUNNING', task: null });
    expect(await redisCli(enginesFolder, instance, { user: 'app', password: made.passwords['app']! }, 'ping')).toBe('PONG');
    expect((await processesOf(made.id)).map(({ pid }) => pid)).not.toContain(before);
    await remove(client, made.id);
  });

  it('a resize in its restart: flavor, values and limits are as before', async () => {
    const { client } = world.coffer;
    const made = await create(client, { name: 'called-off-resize', datastore: 'mysql', version: '9.7', flavor: 'small' });
    await succeed(client, made.operationId);
    const [limits, tuned] = [await limitsOf(made.id), await tunedOf(made.id)];
    const { resizeInstance } = await client.query(RESIZE, { input: { instanceId: made.id, flavor: 'large' } });
    await client.watch<any>(WATCH_OPERATION, { id: resizeInstance.operation.id }, (item) => item.operation.operation.step === 'restart');
    const { cancelOperation } = await client.query(CANCEL, { input: { operationId: resizeInstance.operation.id } });
    expect(cancelOperation).toMatchObject({ __typename: 'CancelOperationPayload' });
    const { state, fault } = await finish(client, resizeInstance.operation.id);
    expect([state, fault?.message]).toEqual(['CANCELLED', expect.not.stringContaining('undoing')]);
    expect(await show(client, made.id)).toMatchObject({ status: 'ACTIVE', intent: 'RUNNING', task: null });
    expect(await limitsOf(made.id)).toEqual(limits);
    expect(await tunedOf(made.id)).toEqual(tuned);
    await remove(client, made.id);
  });
});

const tunedOf = async (id: string): Promise<unknown> => {
  const { instance } = await world.coffer.client.query(TUNED, { id });
  return { flavor: instance.flavor.name, values: instance.effectiveParameters.edges };
};
/** Null where nobody may set limits. */
const limitsOf = (id: string): Promise<string[] | null> =>
  Promise.all(['memory/coffer', 'cpu/coffer'].map((group, at) => readFile(`/sys/fs/cgroup/${group}/${id}/${['memory.limit_in_bytes', 'cpu.cfs_quota_us'][at]}`, 'utf8'))).catch(() => null);
