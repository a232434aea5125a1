/** What brings an instance about, ends it, and lies between. */
import { expect } from 'vitest';
import { show } from '../../../support/actions.ts';
import { action, CREATE, DELETE } from '../../../support/documents.ts';
import { expectGone, expectNothingHeld, expectNothingRuns, expectRunning, expectRunningSoon, expectStopped, type Place } from '../checks.ts';
import type { Target } from '../engines.ts';
import { type Begun, calledOffIn, done, engineAction, mutate, type Scenario } from './scenario.ts';

async function beginCreate(world: Place, target: Target, change: Record<string, unknown> = {}): Promise<Begun> {
  const { engine } = target;
  const begun = await mutate(world, CREATE, { name: target.name, datastore: engine.datastore, version: engine.version, flavor: 'micro', volume: { sizeGb: 1 }, ...engine.input, ...change });
  target.id = begun.payload.instance.id;
  for (const { name, password } of begun.payload.userCredentials) target.passwords[name] = password;
  return begun;
}

export const createScenario: Scenario = { name: 'instance.create', kind: 'instance.create', takes: 'nothing', leaves: 'running', ends: 'SUCCEEDED', begin: beginCreate, check: expectRunning };
export const deleteScenario: Scenario = {
  name: 'instance.delete', kind: 'instance.delete', takes: 'running', leaves: 'nothing', ends: 'SUCCEEDED',
  begin: (world, target) => mutate(world, DELETE, { instanceId: target.id }),
  check: (world, target) => expectGone(world, target.id),
};
/** The engine's programs do not work: everything is undone, the instance stays visible with what went wrong. */
export const failingCreate: Scenario = {
  name: 'instance.create of a broken engine', kind: 'instance.create', takes: 'nothing', leaves: 'nothing', ends: 'FAILED', isVariant: true,
  begin: (world, target) => beginCreate(world, target, { version: '7' }),
  async check(world, target, operation) {
    expect(operation.fault?.message).toMatch(/\w+ \w+/);
    await expectNothingRuns(world, target.id);
    const instance = await show(world.coffer.client, target.id);
    expect(instance).toMatchObject({ status: 'ERROR', task: null, fault: { code: operation.fault!.code } });
    await done(world, target, deleteScenario.begin);
    await expectGone(world, target.id);
  },
};
export const installEngine: Scenario = {
  name: 'engine.install', kind: 'engine.install', takes: 'running', leaves: 'running', ends: 'SUCCEEDED',
  begin: (world, target) => mutate(world, engineAction('installEngine', ''), { datastore: target.engine.datastore, version: target.engine.version }),
  check: (world, target) => expectNothingHeld(world, target.id),
};

const lifecycle = (verb: 'start' | 'stop' | 'restart' | 'reset', more: Partial<Scenario> = {}): Scenario => ({
  name: `instance.${verb}`, kind: `instance.${verb}`, takes: 'running', leaves: 'running', ends: 'SUCCEEDED',
  begin: (world, target) => mutate(world, action(`${verb}Instance`), { instanceId: target.id }),
  check: expectRunning,
  ...more,
});

export const stopScenario = lifecycle('stop', { leaves: 'stopped', check: expectStopped });

const cancelled = (verb: 'start' | 'stop' | 'restart' | 'reset', more: Partial<Scenario>, command: string = verb): Scenario => lifecycle(verb, {
  name: `instance.${verb}, cancelled`, ends: 'CANCELLED', isVariant: true,
  begin: (world, target) => calledOffIn(world, target, (_world, one) => mutate(world, action(`${verb}Instance`), { instanceId: one.id }), command),
  ...more,
});

/** It comes back by itself; the next operation has its turn when nothing of the one that was called off goes on. */
async function wellAgain(world: Place, target: Target): Promise<void> {
  await expectRunningSoon(world, target);
  await done(world, target, lifecycle('start').begin);
  await expectRunning(world, target);
}

export const lifeCycleScenarios: readonly Scenario[] = [
  stopScenario,
  lifecycle('start', { takes: 'stopped' }),
  lifecycle('restart'), lifecycle('reset'),
  cancelled('stop', { check: wellAgain }),
  cancelled('start', { takes: 'stopped', leaves: 'stopped', check: expectStopped }),
  cancelled('restart', { check: wellAgain }),
  cancelled('reset', { check: wellAgain }, 'repair'),
];
