/** Every kind of operation: how it is asked for, and what must be seen of it exactly once in the end. */
import type { EngineUnderTest } from '../engines.ts';
import { configurationScenarios } from './configuration.ts';
import { engineCommandScenarios } from './engine-commands.ts';
import { installEngine, lifeCycleScenarios } from './life-cycle.ts';
import type { Scenario } from './scenario.ts';
import { growVolume, resizeScenarios } from './size.ts';

/** Of operations that change a running database. */
export const changeKinds: readonly string[] = ['instance.configure', 'configuration.rollout', 'instance.resize', 'instance.grow-volume'];

/** Upgrades take their time: test/full/upgrade. */
export const upgradeKinds: readonly string[] = ['instance.upgrade', 'instance.check-upgrade', 'version.rollout'];

/** Those on a running instance, in an order in which each finds what it needs. */
export const scenariosOf = (engine: EngineUnderTest): Scenario[] => [
  ...lifeCycleScenarios, ...engineCommandScenarios(engine),
  ...(engine.parameter ? configurationScenarios(engine, engine.parameter) : []), ...(engine.sized ? resizeScenarios(engine, engine.sized) : []), growVolume, installEngine,
];
