/** A create that is cancelled, in whatever step, is undone: nothing runs, nothing is held, and the instance says why. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createInstanceWorkflow } from '../../gateway/operations/workflows/create-instance.ts';
import { create, finish, remove, show } from '../support/actions.ts';
import { type FrozenWorkers, startWithWorkers } from './frozen-worker.ts';
import { eventsOf, expectGone, expectNothingRuns } from './matrix/checks.ts';

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
