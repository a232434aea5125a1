/** Another flavor, a larger volume. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { show } from '../../../support/actions.ts';
import { makeGroup } from '../../../support/groups.ts';
import { lookIntoStore } from '../../../support/store-look.ts';
import { expectRunning, expectStopped, type Place } from '../checks.ts';
import type { EngineUnderTest, Sized, Target } from '../engines.ts';
import { type Begun, calledOffIn, done, engineAction, freshName, mutate, type Scenario } from './scenario.ts';

const FLAVOR = 'query($id: ID!) { instance(by: { id: $id }) { flavor { name } } }';
const CREATE_FLAVOR = 'mutation($input: CreateFlavorInput!) { createFlavor(input: $input) { __typename } }';
export function resizeScenarios(engine: EngineUnderTest, { larger, told, ask, unstartable }: Sized): Scenario[] {
  const flavors = ['micro', larger.name] as const;
  const begin = (at: 0 | 1) => async (world: Place, target: Target): Promise<Begun> => {
    // There from the first of them on.
    if (at === 1) await world.coffer.client.query(CREATE_FLAVOR, { input: larger });
    return mutate(world, engineAction('resizeInstance', ''), { instanceId: target.id, flavor: flavors[at] });
  };
  const expectFlavor = async (world: Place, target: Target, at: 0 | 1): Promise<void> => {
    expect((await world.coffer.client.query(FLAVOR, { id: target.id })).instance.flavor.name).toBe(flavors[at]);
    expect(await lookIntoStore(world.coffer, 'select wanted_flavor_id from instance where id = $1', [target.id])).toEqual([{ wanted_flavor_id: null }]);
    const boot = JSON.parse(await readFile(join(world.coffer.home, 'instances', target.id, 'agent/boot.json'), 'utf8'));
    expect(boot.flavor.memoryMb).toBe([512, larger.memoryMb][at]);
  };
  const expectSize = async (world: Place, target: Target, at: 0 | 1): Promise<void> => {
    await expectRunning(world, target);
    expect(await ask(await show(world.coffer.client, target.id), target.user, target.passwords[target.user]!)).toBe(told[at]);
    await expectFlavor(world, target, at);
  };
  const expectStoppedAt = async (world: Place, target: Target, at: 0 | 1): Promise<void> => {
    await expectStopped(world, target);
    await expectFlavor(world, target, at);
  };
  const resize: Omit<Scenario, 'name' | 'begin' | 'check'> = { kind: 'instance.resize', takes: 'running', leaves: 'running', ends: 'SUCCEEDED' };
  const grow: Scenario = {
    ...resize, name: 'resizeInstance', begin: begin(1),
    async check(world, target) {
      await expectSize(world, target, 1);
      await done(world, target, begin(0));
    },
  };
  const shrink: Scenario = {
    ...resize, name: 'resizeInstance to a smaller flavor', isVariant: true, prepare: (world, target) => done(world, target, begin(1)), begin: begin(0), check: (world, target) => expectSize(world, target, 0),
  };
  /** Stopped, so that nothing waits for the agent before it is to change anything. */
  const calledOff: Scenario = {
    ...resize, name: 'resizeInstance, cancelled', takes: 'stopped', leaves: 'stopped', ends: 'CANCELLED', isVariant: true, begin: (world, target) => calledOffIn(world, target, begin(1), 'configure'),
    check: (world, target) => expectStoppedAt(world, target, 0),
  };
  /** Its engine runs for as long as it is asked. */
  const shrinkStopped: Scenario = {
    ...shrink, name: 'resizeInstance of a stopped one to a smaller flavor', takes: 'stopped', leaves: 'stopped',
    check: (world, target) => expectStoppedAt(world, target, 0),
  };
  const calledOffAwake: Scenario = {
    ...shrinkStopped, name: 'resizeInstance of a stopped one to a smaller flavor, cancelled while it is asked', ends: 'CANCELLED', begin: (world, target) => calledOffIn(world, target, begin(0), 'wake'),
    async check(world, target) {
      await expectStoppedAt(world, target, 1);
      await done(world, target, begin(0));
    },
  };
  if (!unstartable) return [grow, shrink, calledOff, shrinkStopped, calledOffAwake];
  const unstartableGroup = async (world: Place, target: Target): Promise<Begun> => {
    const configurationId = await makeGroup(world.coffer.client, { name: freshName('group'), datastore: engine.datastore, version: engine.version, values: [unstartable] });
    return mutate(world, engineAction('attachConfiguration', ''), { configurationId, instanceId: target.id });
  };
  const failing: Scenario = {
    ...resize, name: 'resizeInstance to a flavor on which the engine does not start', ends: 'FAILED', isVariant: true, prepare: (world, target) => done(world, target, unstartableGroup), begin: begin(1),
    async check(world, target) {
      await expectSize(world, target, 0);
      await done(world, target, (one, { id }) => mutate(one, engineAction('detachConfiguration', ''), { instanceId: id }));
    },
  };
  return [grow, shrink, calledOff, shrinkStopped, calledOffAwake, failing];
}
const VOLUME = 'query($id: ID!) { instance(by: { id: $id }) { volume { sizeGb } } }';
const sizeOf = async (world: Place, target: Target): Promise<number> => (await world.coffer.client.query(VOLUME, { id: target.id })).instance.volume.sizeGb;
/** What each target's volume is to have. */
const wantedGb = new Map<string, number>();
export const growVolume: Scenario = {
  name: 'instance.grow-volume', kind: 'instance.grow-volume', takes: 'running', leaves: 'running', ends: 'SUCCEEDED',
  async begin(world, target) {
    wantedGb.set(target.id, (await sizeOf(world, target)) + 1);
    return mutate(world, engineAction('resizeVolume', ''), { instanceId: target.id, sizeGb: wantedGb.get(target.id) });
  },
  async check(world, target) {
    await expectRunning(world, target);
    expect(await sizeOf(world, target)).toBe(wantedGb.get(target.id));
    const told = JSON.parse(await readFile(join(world.coffer.home, 'instances', target.id, 'agent/boot.json'), 'utf8')) as { volumeGb: number };
    expect(told.volumeGb).toBe(wantedGb.get(target.id));
  },
};
