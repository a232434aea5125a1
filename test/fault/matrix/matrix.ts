/** Kills at every point of every kind of operation, several at once, each in an operation of its own. */
import { expect } from 'vitest';
import { finish } from '../../support/actions.ts';
import { eventually, expectToldOnce } from './checks.ts';
import { type EngineUnderTest, newTarget, type Target } from './engines.ts';
import { createScenario, deleteScenario, stopScenario } from './scenarios/life-cycle.ts';
import { freshName, type Scenario } from './scenarios/scenario.ts';
import type { World } from './world.ts';

/** Kills that are armed at once; more would run into the limit of interruptions that one operation may suffer. */
const batchSize = 6;
/** Operations that pass the points of a batch. Whoever comes first to a point dies there; both are interrupted by most. */
const side = 2;
const poolSize = 16;
/** An agent that dies again and again is started later and later: with so many deaths it is kept waiting for less than a second. */
const mostAgentDeaths = 3;
const operationTimeoutMs = 90_000;

export interface Matrix {
  /** The points an undisturbed run of the scenario passes. */
  discover(scenario: Scenario): Promise<string[]>;
  /** Runs the scenario again and again, and kills at each point once. Answers the points where nobody was killed. */
  kill(scenario: Scenario, points: readonly string[]): Promise<string[]>;
}

const say = (line: string): void => { if (process.env['COFFER_TEST_VERBOSE']) process.stderr.write(`${line}\n`); };

export function createMatrix(world: World, engine: EngineUnderTest): Matrix {
  const pools: Record<'running' | 'stopped', Target[]> = { running: [], stopped: [] };

  async function complete(scenario: Scenario, target: Target): Promise<void> {
    const { operationId, requestId } = await scenario.begin(world, target);
    const operation = await finish(world.coffer.client, operationId, operationTimeoutMs);
    expect(operation.state, JSON.stringify([operation.fault, operation.steps])).toBe(scenario.ends);
    await expectToldOnce(world, { id: operationId, kind: scenario.kind, requestId }, scenario.ends === 'SUCCEEDED' ? 'END' : 'ERROR');
    await scenario.check(world, target, operation);
  }
  /** The freshest; for a delete those that nobody else wants any more. */
  function fromPool(state: 'running' | 'stopped', count: number, scenario: Scenario): Target[] {
    const pool = pools[state].sort((a, b) => a.agentDeaths - b.agentDeaths);
    if (scenario === deleteScenario) return pool.splice(-count);
    return pool.splice(0, Math.min(count, pool.filter((target) => target.agentDeaths <= mostAgentDeaths).length));
  }
  async function targetsFor(scenario: Scenario, count: number): Promise<Target[]> {
    if (scenario.takes === 'nothing') return Array.from({ length: count }, () => newTarget(engine, freshName(`kill-${engine.name}`)));
    const found = fromPool(scenario.takes, count, scenario);
    const make = scenario.takes === 'running' ? createScenario : stopScenario;
    const missing = count > found.length ? await targetsFor(make, count - found.length) : [];
    await Promise.all(missing.map((target) => complete(make, target)));
    return [...found, ...missing];
  }
  async function giveBack(leaves: Scenario['leaves'], targets: readonly Target[]): Promise<void> {
    if (leaves === 'nothing') return;
    pools[leaves].push(...targets);
    const surplus = pools[leaves].sort((a, b) => a.agentDeaths - b.agentDeaths).splice(poolSize);
    await Promise.all(surplus.map((target) => complete(deleteScenario, target)));
  }

  const explain = async ({ id }: Target, reason: Error): Promise<string> => `${id}: ${reason.message}\n${await world.account(id).catch(String)}`;

  async function killBatch(scenario: Scenario, points: readonly string[]): Promise<string[]> {
    const startedAt = performance.now();
    const took = (): number => Math.round(performance.now() - startedAt);
    const targets = await targetsFor(scenario, side);
    await Promise.all(targets.map(async (target) => { await scenario.prepare?.(world, target); }));
    const preparedMs = took();
    for (const point of points) await world.faults.arm(point);
    const ended = await Promise.allSettled(targets.map((target) => complete(scenario, target)));
    const unhit = await world.faults.disarm();
    for (const target of targets) target.agentDeaths += points.filter((point) => point.startsWith('agent:')).length / side;
    const doneMs = took();
    const failures = await Promise.all(ended.flatMap((one, index) => (one.status === 'rejected' ? [explain(targets[index]!, one.reason as Error)] : [])));
    if (failures.length > 0) throw new Error(`${scenario.name}, killed at ${points.join(', ')}:\n${failures.join('\n')}`);
    await giveBack(scenario.leaves, targets);
    say(`${scenario.name}: ${points.join(' ')}: prepared ${preparedMs}, done ${doneMs}, all ${took()} ms, not reached: ${unhit.join(' ')}`);
    return unhit;
  }

  return {
    async discover(scenario) {
      const [target] = await targetsFor(scenario, 1);
      await scenario.prepare?.(world, target!);
      const points = await world.faults.trace(() => complete(scenario, target!));
      await giveBack(scenario.leaves, [target!]);
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

/**
 * Whether the point may be passed or not: in the middle of a step, by the clock or when it tells of its progress, which
 * depends on how long the step takes; or on the way forwards of what is called off, which is given up after a first kill.
 */
export const isByChance = (scenario: Scenario, point: string): boolean =>
  /:(midway|progress):/.test(point) || (scenario.ends === 'CANCELLED' && !/(-undo|:end):/.test(point));
