/** The crash matrix on the engine that takes its time: points drawn by a seed, each a kill -9 of gateway or agent. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { postgresql } from './matrix/engines.ts';
import { createMatrix, isByChance, type Matrix } from './matrix/matrix.ts';
import { createScenario, deleteScenario, type Scenario, scenariosOf } from './matrix/scenarios.ts';
import { createDraw, fullTimeoutMs, isFull, seed } from './matrix/seed.ts';
import { createWorld, type World } from './matrix/world.ts';

const draw = createDraw();
const samplePerScenario = 2;

let world: World;
let matrix: Matrix;
beforeAll(async () => {
  console.log(`the points are drawn with the seed ${seed}; COFFER_TEST_SEED=${seed} draws the same ones again`);
  world = await createWorld();
  matrix = createMatrix(world, postgresql);
});
afterAll(() => world?.remove());

it.each([createScenario, ...scenariosOf(postgresql), deleteScenario].map((scenario) => [scenario.name, scenario] as const))('%s converges, killed at points drawn', async (_name, scenario: Scenario) => {
  const points = (await matrix.discover(scenario)).filter((point) => !isByChance(scenario, point));
  const sample = isFull ? points : draw(points, samplePerScenario);
  console.log(`${scenario.name}: ${sample.join(' ')}`);
  expect(await matrix.kill(scenario, sample), `seed ${seed}`).toEqual([]);
}, fullTimeoutMs);
