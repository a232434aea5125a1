/** kill -9 of gateway or agent at every point of an upgrade, on the engine that boots in milliseconds. See test/fault/crash-matrix.test.ts. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWorkflows } from '../../../gateway/operations/workflows/workflows.ts';
import { redis } from '../../fault/matrix/engines.ts';
import { createMatrix, isByChance, type Matrix } from '../../fault/matrix/matrix.ts';
import type { Scenario } from '../../fault/matrix/scenarios/scenario.ts';
import { fullTimeoutMs, isFull } from '../../fault/matrix/seed.ts';
import { upgradeScenarios } from '../../fault/matrix/upgrade.ts';
import { createWorld, type World } from '../../fault/matrix/world.ts';

const former = { ...redis, version: '7' };
let world: World;
let matrix: Matrix;
const seen = new Set<string>();
beforeAll(async () => {
  world = await createWorld({ broken: false });
  matrix = createMatrix(world, former);
});
afterAll(() => world?.remove());

it.each(upgradeScenarios(former, '8').map((scenario) => [scenario.name, scenario] as const))('%s converges, killed at every point', async (_name, scenario: Scenario) => {
  const points = await matrix.discover(scenario);
  const due = points.filter((point) => !isByChance(scenario, point) && (isFull || !seen.has(point) || point.includes(':end:')));
  for (const point of points) seen.add(point);
  const startedAt = performance.now();
  expect(await matrix.kill(scenario, due)).toEqual([]);
  console.log(`${scenario.name}: killed at ${due.length} of ${points.length} points in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
}, fullTimeoutMs);

it('every step of an upgrade was passed, and every way back', () => {
  const workflows = createWorkflows({} as never).filter(({ kind }) => kind === 'instance.upgrade' || kind === 'instance.check-upgrade');
  const steps = workflows.flatMap((workflow) => workflow.steps.flatMap((step) => [`${workflow.kind}:${step.name}`, ...(step.compensate ? [`${workflow.kind}:${step.name}-undo`] : [])]));
  // The value is refused before the new engine starts; of a running one it is not asked to start.
  expect(steps.filter((step) => !seen.has(`${step}:before:1`) || !seen.has(`${step}:after:1`))).toEqual([
    'instance.check-upgrade:check-undo', 'instance.upgrade:wake-undo', 'instance.upgrade:start-undo', 'instance.upgrade:finish-undo',
  ]);
});
