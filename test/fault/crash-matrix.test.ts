/**
 * kill -9 at every step boundary and inside every step of every kind of operation, of the gateway that runs it and of
 * the agent that acts for it: it converges, and what it does is seen once. On the engine that boots in milliseconds,
 * with the points learnt from an undisturbed run, so that a new step is covered by itself. What hangs on the clock is
 * drawn by a seed (matrix/seed.ts).
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWorkflows } from '../../gateway/operations/workflows/workflows.ts';
import { redis } from './matrix/engines.ts';
import { createMatrix, isByChance, type Matrix } from './matrix/matrix.ts';
import { createScenario, deleteScenario, failingCreate, type Scenario, scenariosOf } from './matrix/scenarios.ts';
import { createDraw, fullTimeoutMs, isFull, seed } from './matrix/seed.ts';
import { createWorld, type World } from './matrix/world.ts';

const draw = createDraw();
const chanceSample = 1;

let world: World;
let matrix: Matrix;
const seen = new Set<string>();
beforeAll(async () => {
  world = await createWorld();
  matrix = createMatrix(world, redis);
});
afterAll(() => world?.remove());

it.each([createScenario, failingCreate, ...scenariosOf(redis), deleteScenario].map((scenario) => [scenario.name, scenario] as const))('%s converges, killed at every point', async (_name, scenario: Scenario) => {
  const points = await matrix.discover(scenario);
  const isDue = (point: string): boolean => isFull || !scenario.isVariant || !seen.has(point) || point.includes(':end:');
  const due = points.filter(isDue);
  for (const point of points) seen.add(point);
  const before = world.deaths();
  const byChance = due.filter((point) => isByChance(scenario, point));
  const chosen = [...due.filter((point) => !isByChance(scenario, point)), ...(isFull ? byChance : draw(byChance, chanceSample))];
  const unhit = await matrix.kill(scenario, chosen);
  expect(unhit.filter((point) => !isByChance(scenario, point)), `seed ${seed}`).toEqual([]);
  console.log(`${scenario.name}: killed at ${chosen.length} of ${points.length} points, ${world.deaths() - before} gateways killed`);
}, fullTimeoutMs);

it('every step of every workflow was passed', () => {
  // Upgrades take their time: test/full/upgrade.
  const elsewhere = ['instance.upgrade', 'instance.check-upgrade', 'version.rollout'];
  const steps = createWorkflows({} as never).filter(({ kind }) => !elsewhere.includes(kind)).flatMap((workflow) => workflow.steps.flatMap((step) => [`${workflow.kind}:${step.name}`, ...(step.compensate ? [`${workflow.kind}:${step.name}-undo`] : [])]));
  const missing = steps.filter((step) => !seen.has(`${step}:before:1`) || !seen.has(`${step}:inside:1`) || !seen.has(`${step}:after:1`));
  // Redis has no databases to create; PostgreSQL has.
  expect(missing).toEqual(['instance.create:databases']);
});
