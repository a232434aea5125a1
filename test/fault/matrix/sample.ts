/** The crash matrix on one engine, at points drawn by a seed; every point where that is asked for (seed.ts). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EngineUnderTest } from './engines.ts';
import { createMatrix, isByChance, type Matrix } from './matrix.ts';
import { createScenario, deleteScenario } from './scenarios/life-cycle.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { scenariosOf } from './scenarios/scenarios.ts';
import { createDraw, fullTimeoutMs, isFull, seed } from './seed.ts';
import { createWorld, type World } from './world.ts';

export function defineCrashSample(engine: EngineUnderTest, perScenario: number): void {
  const draw = createDraw();
  let world: World;
  let matrix: Matrix;
  beforeAll(async () => {
    console.log(`the points are drawn with the seed ${seed}; COFFER_TEST_SEED=${seed} draws the same ones again`);
    world = await createWorld();
    matrix = createMatrix(world, engine);
  });
  afterAll(() => world?.remove());

  it.each([createScenario, ...scenariosOf(engine), deleteScenario].map((scenario) => [scenario.name, scenario] as const))('%s converges, killed at points drawn', async (_name, scenario: Scenario) => {
    const points = (await matrix.discover(scenario)).filter((point) => !isByChance(scenario, point));
    const sample = isFull ? points : draw(points, perScenario);
    console.log(`${scenario.name}: ${sample.join(' ')}`);
    expect(await matrix.kill(scenario, sample), `seed ${seed}`).toEqual([]);
  }, fullTimeoutMs);
}
