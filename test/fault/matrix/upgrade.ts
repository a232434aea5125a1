/** An upgrade, killed wherever it is: it succeeds, or with a group that the new version does not take, leaves everything as it was. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { finish, show } from '../../support/actions.ts';
import { DELETE } from '../../support/documents.ts';
import { attachGroup, makeGroup } from '../../support/groups.ts';
import { expectRunning, expectStopped, type Place } from './checks.ts';
import type { EngineUnderTest, Target } from './engines.ts';
import { freshName, mutate, type Scenario } from './scenarios/scenario.ts';

const UPGRADE = `mutation ($input: UpgradeInstanceInput!) { result: upgradeInstance(input: $input) { __typename
  ... on UpgradeInstancePayload { operation { id state } } ... on Error { code message } } }`;

const groupFor = (world: Place, engine: EngineUnderTest, version: string, value: object): Promise<string> =>
  makeGroup(world.coffer.client, { name: freshName(`up-${engine.name}`), datastore: engine.datastore, version, values: [value] });

/** Nothing but the data is on the volume, and the version is this one; it is deleted then, since it is of no use to the next. */
async function expectVersion(world: Place, target: Target, version: string): Promise<void> {
  expect((await show(world.coffer.client, target.id)).datastoreVersion.name).toBe(version);
  expect(await readdir(join(world.coffer.home, 'instances', target.id, 'volume'))).toEqual(['data']);
}
async function remove(world: Place, target: Target): Promise<void> {
  const { operationId } = await mutate(world, DELETE, { instanceId: target.id });
  await finish(world.coffer.client, operationId);
}

/** `engine` is of the version that it is brought from. */
export function upgradeScenarios(engine: EngineUnderTest, to: string): Scenario[] {
  const upgrade: Scenario = {
    name: 'upgradeInstance', kind: 'instance.upgrade', takes: 'running', leaves: 'nothing', ends: 'SUCCEEDED',
    begin: (world, target) => mutate(world, UPGRADE, { instanceId: target.id, version: to }),
    async check(world, target) {
      await expectRunning(world, target);
      await expectVersion(world, target, to);
      await remove(world, target);
    },
  };
  const check: Scenario = {
    name: 'upgradeInstance, asked only', kind: 'instance.check-upgrade', takes: 'running', leaves: 'running', ends: 'SUCCEEDED',
    begin: (world, target) => mutate(world, UPGRADE, { instanceId: target.id, version: to, dryRun: true }),
    async check(world, target) {
      await expectRunning(world, target);
      await expectVersion(world, target, engine.version);
    },
  };
  const stopped: Scenario = {
    ...upgrade, name: 'upgradeInstance of a stopped one', takes: 'stopped', isVariant: true,
    async check(world, target) {
      await expectStopped(world, target);
      await expectVersion(world, target, to);
      await remove(world, target);
    },
  };
  const groups = new Map<string, string>();
  const refused: Scenario = {
    ...upgrade, name: 'upgradeInstance with a value that is refused', leaves: 'running', ends: 'FAILED',
    async prepare(world, target) {
      const { name, values: [value], refused: poison } = engine.parameter!;
      await attachGroup(world.coffer.client, target.id, await groupFor(world, engine, engine.version, { name, value }), { replace: true });
      groups.set(target.id, await groupFor(world, engine, to, poison));
    },
    begin: (world, target) => mutate(world, UPGRADE, { instanceId: target.id, version: to, configuration: { configurationId: groups.get(target.id) } }),
    async check(world, target, operation) {
      expect(operation.fault).toMatchObject({ code: 'ENGINE.REFUSED', message: expect.not.stringContaining('undoing') });
      await expectRunning(world, target);
      await expectVersion(world, target, engine.version);
    },
  };
  return [check, upgrade, stopped, refused];
}
