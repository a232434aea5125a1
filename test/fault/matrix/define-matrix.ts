/** The crash matrix over some scenarios of the engine that boots in milliseconds, in one world. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWorkflows } from '../../../gateway/operations/workflows/workflows.ts';
import { redis } from './engines.ts';
import { createMatrix, isByChance, type Matrix } from './matrix.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { createDraw, fullTimeoutMs, isFull, seed } from './seed.ts';
import { createWorld, type World } from './world.ts';

const chanceSample = 1;

interface MatrixOptions {
  /** of the workflows whose every step the scenarios must have passed */
  kinds: readonly string[];
  /** steps that this engine does not have */
  but?: readonly string[];
  /** every point, in place of one of each step of each scenario, drawn */
  isWhole?: boolean;
}

export function defineMatrix(scenarios: readonly Scenario[], { kinds, but = [], isWhole = isFull }: MatrixOptions): void {
  const draw = createDraw();
  let world: World;
  let matrix: Matrix;
  const seen = new Set<string>();
  beforeAll(async () => {
    world = await createWorld();
    matrix = createMatrix(world, redis);
  });
  afterAll(() => world?.remove());
  const onePerStep = (points: readonly string[]): string[] => [...Map.groupBy(points, (point) => point.split(':').slice(0, 2).join(':')).values()].flatMap((ofStep) => draw(ofStep, 1));

  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s converges, wherever it is killed', async (_name, scenario) => {
    const points = await matrix.discover(scenario);
    const isDue = (point: string): boolean => isFull || !scenario.isVariant || !seen.has(point) || point.includes(':end:');
    const due = points.filter(isDue);
    for (const point of points) seen.add(point);
    const before = world.deaths();
    const byChance = due.filter((point) => isByChance(scenario, point));
    const certain = due.filter((point) => !isByChance(scenario, point));
    const chosen = [...(isWhole ? certain : onePerStep(certain)), ...(isFull ? byChance : draw(byChance, chanceSample))];
    const unhit = await matrix.kill(scenario, chosen);
    expect(unhit.filter((point) => !isByChance(scenario, point)), `seed ${seed}`).toEqual([]);
    console.log(`${scenario.name}: killed at ${chosen.length} of ${points.length} points, ${world.deaths() - before} gateways killed`);
  }, fullTimeoutMs);

  it('every step of their workflows was passed', () => {
    const steps = createWorkflows({} as never).filter(({ kind }) => kinds.includes(kind)).flatMap((workflow) => workflow.steps.flatMap((step) => [`${workflow.kind}:${step.name}`, ...(step.compensate ? [`${workflow.kind}:${step.name}-undo`] : [])]));
    expect(steps.filter((step) => !seen.has(`${step}:before:1`) || !seen.has(`${step}:inside:1`) || !seen.has(`${step}:after:1`))).toEqual(but);
  });
}
