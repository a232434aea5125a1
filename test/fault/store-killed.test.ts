/** The control plane's store is killed (-9) in the middle of every step: the operation goes on when it is back, its effects seen once. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createInstanceWorkflow } from '../../gateway/operations/workflows/create-instance.ts';
import { endOf } from '../support/actions.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { type FrozenWorkers, startWithWorkers } from './frozen-worker.ts';
import { expectToldOnce } from './matrix/checks.ts';
import { newTarget, redis, type Target } from './matrix/engines.ts';
import { createScenario, deleteScenario } from './matrix/scenarios/life-cycle.ts';
import { freshName, type Scenario } from './matrix/scenarios/scenario.ts';
import { scenariosOf } from './matrix/scenarios/scenarios.ts';

let postgres: TestPostgres;
let world: FrozenWorkers;
let target: Target;
beforeAll(async () => {
  postgres = await startTestPostgres();
  world = await startWithWorkers(1, { env: { DATABASE_URL: await postgres.createDatabase() } });
});
afterEach(() => world.thaw());
afterAll(async () => {
  await world?.remove();
  await postgres?.stop();
});

/** The worker stands still in the step until the store is down, and goes on without one. */
async function killStoreIn(scenario: Scenario, step: string): Promise<void> {
  const point = `${scenario.kind}:${step}:inside:1`;
  await scenario.prepare?.(world, target);
  await world.faults.arm(point, 'SIGSTOP');
  const begun = scenario.begin(world, target);
  // What acts on the engine is waited for by the mutation itself; the others have answered when the store goes.
  if (scenario.kind !== 'engine.command') await begun;
  await world.faults.reached(point);
  await postgres.kill();
  world.thaw();
  await postgres.restart();
  const { operationId, requestId } = await begun;
  const operation = await endOf(world.coffer.client, operationId);
  expect(operation.state, JSON.stringify(operation)).toBe(scenario.ends);
  await expectToldOnce(world, { id: operationId, kind: scenario.kind, requestId }, 'END');
  await scenario.check(world, target, operation);
}

// Redis has no databases to create.
const createSteps = createInstanceWorkflow({} as never).steps.map((step) => step.name).filter((name) => name !== 'databases');
const named = (name: string): Scenario => scenariosOf(redis).find((scenario) => scenario.name === name)!;

describe('the store is killed', () => {
  it.each(createSteps)('in the step %s of a create', async (step) => {
    target = newTarget(redis, freshName('create'));
    await killStoreIn(createScenario, step);
  });

  it.each([
    ['instance.stop', 'stop'], ['instance.start', 'start'], ['instance.restart', 'restart'], ['instance.reset', 'repair'],
    ['createDatabaseUsers', 'run'], ['updateDatabaseUser', 'run'], ['deleteDatabaseUser', 'run'], ['enableRoot', 'run'], ['engine.install', 'install'],
  ])('in %s, step %s', async (name, step) => {
    await killStoreIn(named(name), step);
  });

  it.each(['stop', 'destroy', 'forget'])('in the step %s of a delete', async (step) => {
    if (step !== 'stop') target = await another();
    await killStoreIn(deleteScenario, step);
  });
});

async function another(): Promise<Target> {
  const fresh = newTarget(redis, freshName('create'));
  const { operationId } = await createScenario.begin(world, fresh);
  expect((await endOf(world.coffer.client, operationId)).state).toBe('SUCCEEDED');
  return fresh;
}
