/** A group and its values on a running database. */
import { expect } from 'vitest';
import { makeGroup } from '../../../support/groups.ts';
import { eventually, expectRunning, type Place } from '../checks.ts';
import type { EngineUnderTest, Parameter, Target } from '../engines.ts';
import { calledOffWhileDeaf, done, engineAction, freshName, mutate, type Scenario } from './scenario.ts';

const GROUP = 'query($id: ID!) { instance(by: { id: $id }) { configurationRevision configuration { id } effectiveParameters(search: "PARAMETER") { edges { node { name value } } } } }';
const CHILDREN = 'query($id: ID!) { node(id: $id) { ... on Operation { children { totalCount } } } }';
const makeValues = (world: Place, { datastore, version }: EngineUnderTest, values: object[]): Promise<string> =>
  makeGroup(world.coffer.client, { name: freshName('group'), datastore, version, values });
/** The group of each target, made once. */
const groups = new Map<string, string>();
async function groupOf(world: Place, target: Target): Promise<string> {
  const parameter = target.engine.parameter!;
  const known = groups.get(target.id);
  if (known) return known;
  const id = await makeValues(world, target.engine, [{ name: parameter.name, value: parameter.values[0] }]);
  groups.set(target.id, id);
  return id;
}
/** The value that the engine itself tells. */
async function expectValue(world: Place, target: Target, value: string): Promise<void> {
  const { name } = target.engine.parameter!;
  await expectRunning(world, target);
  const seen = await eventually(() => world.coffer.client.query(GROUP.replace('PARAMETER', name), { id: target.id }).catch(() => null), (answer) => Boolean(answer?.instance.effectiveParameters), `the parameters of ${target.id}`);
  expect(seen.instance.effectiveParameters.edges.map(({ node }: any) => node)).toContainEqual({ name, value });
}
const configure = (name: string, more: Pick<Scenario, 'begin' | 'check'> & Partial<Scenario>): Scenario =>
  ({ name, kind: 'instance.configure', takes: 'running', leaves: 'running', ends: 'SUCCEEDED', ...more });

export function configurationScenarios(engine: EngineUnderTest, { name, values: [first, second], usual, refused }: Parameter): Scenario[] {
  const attach = configure('attachConfiguration', {
    begin: async (world, target) => mutate(world, engineAction('attachConfiguration', ''), { configurationId: await groupOf(world, target), instanceId: target.id }),
    check: (world, target) => expectValue(world, target, first),
  });
  const detach = configure('detachConfiguration', {
    isVariant: true, prepare: (world, target) => done(world, target, attach.begin),
    begin: (world, target) => mutate(world, engineAction('detachConfiguration', ''), { instanceId: target.id }),
    check: (world, target) => expectValue(world, target, usual),
  });
  const refuse = configure('attachConfiguration of what the engine refuses', {
    ends: 'FAILED', isVariant: true,
    begin: async (world, target) => mutate(world, engineAction('attachConfiguration', ''), { configurationId: await makeValues(world, engine, [refused, { name, value: second }]), instanceId: target.id }),
    check: (world, target) => expectValue(world, target, usual),
  });
  const rollout: Scenario = {
    name: 'patchConfiguration', kind: 'configuration.rollout', takes: 'running', leaves: 'running', ends: 'SUCCEEDED',
    prepare: (world, target) => done(world, target, attach.begin),
    begin: async (world, target) => mutate(world, engineAction('patchConfiguration', ''), { configurationId: await groupOf(world, target), set: [{ name, value: second }] }),
    async check(world, target) {
      await expectValue(world, target, second);
      groups.delete(target.id);
      await done(world, target, detach.begin);
    },
  };
  const calledOff: Scenario = {
    ...rollout, name: 'patchConfiguration, cancelled', ends: 'CANCELLED', isVariant: true,
    /** What has been begun is finished all the same. */
    begin: (world, target) => calledOffWhileDeaf(world, target, rollout.begin, (id) =>
      eventually(() => world.coffer.client.query(CHILDREN, { id }).catch(() => null), (answer) => answer?.node.children.totalCount === 1, 'the operation on the instance')),
  };
  return [attach, detach, refuse, rollout, calledOff];
}
