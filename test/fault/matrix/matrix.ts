/** Kills at every point of every kind of operation, several at once, each in an operation of its own. */
import { expect } from 'vitest';
import { finish } from '../../support/actions.ts';
import { eventually, expectToldOnce } from './checks.ts';
import type { EngineUnderTest, Target } from './engines.ts';
import { createScenario, deleteScenario, freshName, type Scenario } from './scenarios.ts';
import type { World } from './world.ts';

/** Kills at once; more would run into the limit of interruptions that one operation may suffer. */
const batchSize = 6;
const operationTimeoutMs = 90_000;

export interface Matrix {
  /** The points an undisturbed run of the scenario passes. */
  discover(scenario: Scenario): Promise<string[]>;
  /** Runs the scenario once for each point, and kills at that point. Answers the points where nobody was killed. */
  kill(scenario: Scenario, points: readonly string[]): Promise<string[]>;
}

const say = (line: string): void => { if (process.env['COFFER_TEST_VERBOSE']) process.stderr.write(`${line}\n`); };

export function createMatrix(world: World, engine: EngineUnderTest): Matrix {
  const pool: Target[] = [];
  const newTarget = (): Target => ({ id: '', name: freshName(`kill-${engine.name}`), engine, user: 'app', passwords: {} });

  async function complete(scenario: Scenario, target: Target): Promise<void> {
    const { operationId, requestId } = await scenario.begin(world, target);
    const operation = await finish(world.coffer.client, operationId, operationTimeoutMs);
    expect(operation.state, JSON.stringify([operation.fault, operation.steps])).toBe(scenario.ends);
    await expectToldOnce(world, { id: operationId, kind: scenario.kind, requestId }, scenario.ends === 'SUCCEEDED' ? 'END' : 'ERROR');
    await scenario.check(world, target, operation);
  }
  async function targetsFor(scenario: Scenario, count: number): Promise<Target[]> {
    if (scenario.takes === 'nothing') return Array.from({ length: count }, newTarget);
    const missing = Array.from({ length: Math.max(0, count - pool.length) }, newTarget);
    await Promise.all(missing.map((target) => complete(createScenario, target)));
    pool.push(...missing);
    return pool.splice(0, count);
  }
  async function giveBack(scenario: Scenario, targets: readonly Target[]): Promise<void> {
    if (scenario.leaves === 'nothing') return;
    pool.push(...targets);
    const surplus = pool.splice(batchSize);
    await Promise.all(surplus.map((target) => complete(deleteScenario, target)));
  }

  async function killBatch(scenario: Scenario, points: readonly string[]): Promise<string[]> {
    const startedAt = performance.now();
    const targets = await targetsFor(scenario, points.length);
    await Promise.all(targets.map(async (target) => { await scenario.prepare?.(world, target); }));
    for (const point of points) await world.faults.arm(point);
    const ended = await Promise.allSettled(targets.map((target) => complete(scenario, target)));
    const unhit = await world.faults.disarm();
    say(`${scenario.name}: ${points.join(' ')}: ${Math.round(performance.now() - startedAt)} ms, not reached: ${unhit.join(' ')}`);
    const failures = ended.flatMap((one, index) => (one.status === 'rejected' ? [`${targets[index]!.id}: ${(one.reason as Error).message}`] : []));
    if (failures.length > 0) throw new Error(`${scenario.name}, killed at ${points.join(', ')}:\n${failures.join('\n')}`);
    await giveBack(scenario, targets);
    return unhit;
  }

  return {
    async discover(scenario) {
      const [target] = await targetsFor(scenario, 1);
      await scenario.prepare?.(world, target!);
      const points = await world.faults.trace(() => complete(scenario, target!));
      await giveBack(scenario, [target!]);
      return points.filter((point) => point.startsWith(`${scenario.kind}:`) || point.startsWith('agent:'));
    },
    async kill(scenario, points) {
      const unhit: string[] = [];
      for (let from = 0; from < points.length; from += batchSize) {
        unhit.push(...(await killBatch(scenario, points.slice(from, from + batchSize))));
        // Everybody is well again before the next ones are killed.
        await eventually(() => fetch(world.coffer.url.replace('/graphql', '/readyz')).then((answer) => answer.ok), (ok) => ok, 'the gateway that answers is ready');
      }
      return unhit;
    },
  };
}

/** In the middle of a step, by the clock or when it tells of its progress: whether it is reached depends on how long the step takes. */
export const isByClock = (point: string): boolean => /:(midway|progress):/.test(point);
