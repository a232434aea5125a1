/** Who may do what, over the one table that decides it: each of its rows is tried with each role, on a running gateway. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Action, mayDo, policy } from '../../../gateway/domain/policy.ts';
import { type GroupInput, makeGroup } from '../../support/groups.ts';
import { type AccessWorld, newToken, startAccessWorld } from './world.ts';

let world: AccessWorld;
/** that of an instance, so neither can be deleted; others see it */
let versionId: string;
let flavorId: string;
let groupId: string;
const group = (name: string): Record<string, unknown> & GroupInput => ({ name, datastore: 'redis', version: '8', values: [], projectId: world.own.projectId });
beforeAll(async () => {
  world = await startAccessWorld();
  const { instance } = await world.coffer.client.query('query($id: ID!) { instance(by: { id: $id }) { datastoreVersion { id } flavor { id } } }', { id: world.own.instanceId });
  [versionId, flavorId] = [instance.datastoreVersion.id, instance.flavor.id];
  groupId = await makeGroup(world.coffer.client, group('tried'));
});
afterAll(() => world?.remove());

interface Ask { document: string; variables?: () => Record<string, unknown> }
const mutation = (field: string, input: () => Record<string, unknown>): Ask => ({
  document: `mutation($input: ${field.charAt(0).toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $input) { __typename ... on Error { code message } } }`, variables: () => ({ input: input() }),
});
const query = (document: string, variables: () => Record<string, unknown> = () => ({})): Ask => ({ document, variables });
const onInstance = (field: string, more: Record<string, unknown> = {}): Ask => mutation(field, () => ({ instanceId: world.own.instanceId, ...more }));
let serial = 0;
const fresh = (prefix: string): string => `${prefix}-${(serial += 1)}`;

/** In this order: what changes least comes first, deletion last. */
const asks: [Action, Ask][] = [
  ['catalogue.read', query('{ datastores { edges { node { name } } } flavors { name } }')],
  ['instance.read', query('query($id: ID!) { instance(by: { id: $id }) { id name } }', () => ({ id: world.own.instanceId }))],
  ['instance.read-deleted', query('{ instances(filter: { includeDeleted: true }) { totalCount } }')],
  ['operation.read', query('query($id: ID!) { node(id: $id) { ... on Operation { id state } } }', () => ({ id: world.own.operationId }))],
  ['event.read', query('{ events(first: 1) { edges { node { id } } } }')],
  ['project.read', query('{ projects { edges { node { id } } } }')],
  ['engine.read', query('query($id: ID!) { instance(by: { id: $id }) { users { edges { node { name } } } } }', () => ({ id: world.own.instanceId }))],
  ['system.read', query('{ system { version } }')],
  ['token.read', query('query($id: ID!) { node(id: $id) { ... on Project { tokens { edges { node { id } } } } } }', () => ({ id: world.own.projectId }))],
  ['instance.ping', onInstance('pingInstance')],
  ['instance.upgrade', onInstance('upgradeInstance', { version: '8' })],
  ['version.rollout', mutation('rolloutUpgrade', () => ({ datastore: 'redis', version: '8' }))],
  ['instance.update', onInstance('updateInstance', { tags: [{ key: 'a', value: 'b' }] })],
  ['operation.cancel', mutation('cancelOperation', () => ({ operationId: world.own.operationId }))],
  ['operation.retry', mutation('retryOperation', () => ({ operationId: world.own.operationId }))],
  ['engine.write', onInstance('deleteDatabaseUser', { user: { name: 'nobody-of-that-name' } })],
  ['engine.root', onInstance('disableRoot')],
  ['token.create', mutation('createApiToken', () => ({ name: fresh('made'), role: 'VIEWER', projectId: world.own.projectId }))],
  ['token.revoke', mutation('revokeApiToken', () => ({ tokenId: world.own.tokenId }))],
  ['project.create', mutation('createProject', () => ({ name: fresh('project') }))],
  ['engine-build.install', mutation('installEngine', () => ({ datastore: 'redis', version: '8' }))],
  ['datastore-version.register', mutation('registerDatastoreVersion', () => ({ datastore: 'redis', version: '8' }))],
  ['datastore-version.update', mutation('updateDatastoreVersion', () => ({ datastoreVersionId: versionId }))],
  ['datastore-version.set-default', mutation('setDefaultVersion', () => ({ datastoreVersionId: versionId }))],
  ['datastore-version.delete', mutation('deleteDatastoreVersion', () => ({ datastoreVersionId: versionId }))],
  ['flavor.create', mutation('createFlavor', () => ({ name: fresh('flavor'), vcpus: 1, memoryMb: 512 }))],
  ['flavor.delete', mutation('deleteFlavor', () => ({ flavorId }))],
  ['configuration.read', query('query($id: ID!) { configuration(by: { id: $id }) { id name } }', () => ({ id: groupId }))],
  ['configuration.validate', mutation('validateConfiguration', () => ({ datastore: 'redis', version: '8', values: [] }))],
  ['configuration.create', mutation('createConfiguration', () => group(fresh('group')))],
  ['configuration.update', mutation('patchConfiguration', () => ({ configurationId: groupId }))],
  ['configuration.attach', mutation('attachConfiguration', () => ({ instanceId: world.own.instanceId, configurationId: groupId }))],
  ['configuration.detach', onInstance('detachConfiguration')],
  ['configuration.delete', mutation('deleteConfiguration', () => ({ configurationId: groupId }))],
  ['instance.resize-volume', onInstance('resizeVolume', { sizeGb: 2 })],
  ['instance.stop', onInstance('stopInstance')],
  ['instance.start', onInstance('startInstance')],
  ['instance.restart', onInstance('restartInstance')],
  ['instance.resize', mutation('resizeInstance', () => ({ instanceId: world.own.instanceId, flavor: 'micro' }))],
  ['instance.reset', onInstance('resetInstance')],
  ['instance.create', mutation('createInstance', () => ({ name: fresh('made'), datastore: 'redis', version: '8', flavor: 'nano', volume: { sizeGb: 1 }, projectId: world.own.projectId }))],
  ['instance.delete', onInstance('deleteInstance')],
  ['project.delete', mutation('deleteProject', () => ({ projectId: world.own.projectId }))],
];
const roles = ['VIEWER', 'EDITOR', 'OWNER', 'OPERATOR'] as const;

describe('the policy table', () => {
  it('is tried in full', () => expect(asks.map(([name]) => name).sort()).toEqual(Object.keys(policy).sort()));

  it.each(asks)('%s', async (name, { document, variables }) => {
    for (const role of roles) {
      // An owner of its own: the one of the project may have been revoked above.
      const token = role === 'OPERATOR' ? world.coffer.token : role === 'OWNER' ? (await newToken(world.coffer, { name: fresh('owner'), role, projectId: world.own.projectId })).secret : world.tokens[role];
      const { body } = await world.coffer.as(token).raw(document, variables?.() ?? {});
      const said = JSON.stringify(body);
      expect(said, role).not.toMatch(/REQUEST\.INVALID|INTERNAL/);
      const isForbidden = said.includes('ACCESS.FORBIDDEN');
      expect(isForbidden, `${name} as ${role}: ${said.slice(0, 400)}`).toBe(!mayDo(role, name));
      if (isForbidden) expect(said).toContain(name);
    }
  });
});
