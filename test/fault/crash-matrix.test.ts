/**
 * kill -9 at every step boundary and inside every step of every kind of operation, of the gateway that runs it and of
 * the agent that acts for it: it converges, and what it does is seen once. The points are learnt from an undisturbed
 * run, so a new step is covered by itself. `node test/fault/run-matrix.ts --all` runs what is sampled here in full.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstanceWorkflow } from '../../gateway/operations/workflows/create-instance.ts';
import { engineCommandWorkflow } from '../../gateway/operations/workflows/engine-command.ts';
import { installEngineWorkflow } from '../../gateway/operations/workflows/install-engine.ts';
import { lifecycleWorkflows } from '../../gateway/operations/workflows/lifecycle.ts';
import { createRandom } from '../simulation/random.ts';
import { postgresql, redis } from './matrix/engines.ts';
import { createMatrix, isByClock, type Matrix } from './matrix/matrix.ts';
import { createScenario, deleteScenario, failingCreate, type Scenario, scenariosOf } from './matrix/scenarios.ts';
import { createWorld, type World } from './matrix/world.ts';

const seed = Number(process.env['COFFER_TEST_SEED'] ?? 20_261_120);
const isFull = process.env['COFFER_TEST_MATRIX'] === 'full';
const samplePerScenario = 3;
const clockSample = 1;
const fullTimeoutMs = 30 * 60_000;

function draw<T>(from: readonly T[], count: number): T[] {
  const left = [...from];
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(random.int(0, left.length), 1)[0]!);
}
const random = createRandom(seed);

let world: World;
beforeAll(async () => { world = await createWorld(); });
afterAll(() => world?.remove());

const workflows = [createInstanceWorkflow({} as never), engineCommandWorkflow({} as never), installEngineWorkflow({} as never), ...lifecycleWorkflows({} as never)];

describe('redis, killed at every point', () => {
  let matrix: Matrix;
  const seen = new Set<string>();
  beforeAll(() => { matrix = createMatrix(world, redis); });

  it.each([createScenario, failingCreate, ...scenariosOf(redis), deleteScenario].map((scenario) => [scenario.name, scenario] as const))('%s', async (_name, scenario: Scenario) => {
    const points = await matrix.discover(scenario);
    const isDue = (point: string): boolean => isFull || !scenario.isVariant || !seen.has(point) || point.includes(':end:');
    const due = points.filter(isDue);
    for (const point of points) seen.add(point);
    const before = world.deaths();
    const byClock = due.filter(isByClock);
    const chosen = [...due.filter((point) => !isByClock(point)), ...(isFull ? byClock : draw(byClock, clockSample))];
    const unhit = await matrix.kill(scenario, chosen);
    expect(unhit.filter((point) => !isByClock(point))).toEqual([]);
    console.log(`${scenario.name}: killed at ${chosen.length} of ${points.length} points, ${world.deaths() - before} gateways killed`);
  }, fullTimeoutMs);

  it('passed every step of every workflow', () => {
    const steps = workflows.flatMap((workflow) => workflow.steps.flatMap((step) => [`${workflow.kind}:${step.name}`, ...(step.compensate ? [`${workflow.kind}:${step.name}-undo`] : [])]));
    const missing = steps.filter((step) => !seen.has(`${step}:before:1`) || !seen.has(`${step}:inside:1`) || !seen.has(`${step}:after:1`));
    // Redis has no databases to create; PostgreSQL has.
    expect(missing).toEqual(['instance.create:databases']);
  });
});

describe(`postgresql, killed at points drawn with the seed ${seed}`, () => {
  let matrix: Matrix;
  beforeAll(() => { matrix = createMatrix(world, postgresql); });

  it.each([createScenario, ...scenariosOf(postgresql), deleteScenario].map((scenario) => [scenario.name, scenario] as const))('%s', async (_name, scenario: Scenario) => {
    const points = (await matrix.discover(scenario)).filter((point) => !isByClock(point));
    const sample = isFull ? points : draw(points, samplePerScenario);
    expect(await matrix.kill(scenario, sample), `drawn: ${sample.join(', ')}`).toEqual([]);
  }, fullTimeoutMs);
});
