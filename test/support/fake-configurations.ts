/** Configuration groups of the domain in memory. */
import { CofferError, notFound } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { Accepted, Caller, ChangedConfiguration, Configurations } from '../../gateway/domain/api.ts';
import type { ConfigurationDoc } from '../../gateway/domain/configuration/document.ts';
import type { InstanceDoc } from '../../gateway/domain/instance/document.ts';

interface World {
  version: { id: string; name: string; datastore: string };
  sees(caller: Caller, projectId: string | null): boolean;
  mayWrite(caller: Caller, action: string): void;
  instance(caller: Caller, id: string): InstanceDoc;
  isProject(id: string): boolean;
  knowsVersion(caller: Caller, name: string): boolean;
  accept(kind: string): (caller: Caller, id: string) => Promise<Accepted>;
  isSilent(): boolean;
}

export function createFakeConfigurations(world: World) {
  const at = '2026-01-01T00:00:00.000Z';
  const groups = new Map<string, ConfigurationDoc>();
  const none = { totalCount: 0, edges: [], hasNextPage: false, hasPreviousPage: false };

  function add(name: string, projectId: string): ConfigurationDoc {
    const { version } = world;
    const group: ConfigurationDoc = {
      id: newId('Configuration'), projectId, name, description: null, datastore: version.datastore, track: version.name, versionId: version.id, revision: 1,
      values: [{ name: 'work_mem', value: '{memoryMb}MB * 0.01', kind: 'FORMULA' }], createdAt: at, updatedAt: at, deletedAt: null,
    };
    groups.set(group.id, group);
    return group;
  }
  const find = (caller: Caller, id: string): ConfigurationDoc | null => { const group = groups.get(id); return group && world.sees(caller, group.projectId) ? group : null; };
  const need = (caller: Caller, id: string): ConfigurationDoc => {
    const group = find(caller, id);
    if (!group) throw notFound(`configuration ${id}`);
    return group;
  };
  const needVersion = (caller: Caller, input: { datastore: string; version: string }): void => {
    if (!world.knowsVersion(caller, input.version)) throw notFound(`version ${input.version} of ${input.datastore}`);
  };
  const needProject = (caller: Caller, id: string | null | undefined): void => { if (id && !(world.sees(caller, id) && world.isProject(id))) throw notFound(`project ${id}`); };
  const change = async (caller: Caller, { configurationId }: { configurationId: string }): Promise<ChangedConfiguration> => {
    const configuration = need(caller, configurationId);
    world.mayWrite(caller, 'configuration.update');
    return { configuration, operation: null };
  };

  const configurations: Configurations = {
    list: async (caller, _page, filter) => {
      const found = [...groups.values()].filter((one) => world.sees(caller, one.projectId) && (!filter.projectId || filter.projectId === one.projectId));
      return { ...none, totalCount: found.length, edges: found.map((node) => ({ cursor: node.id, node })) };
    },
    find: async (caller, by) => {
      if ('id' in by) return find(caller, by.id);
      needProject(caller, by.name.projectId);
      return [...groups.values()].find((one) => world.sees(caller, one.projectId) && one.name === by.name.name) ?? null;
    },
    findMany: async (caller, ids) => ids.map((id) => find(caller, id)),
    attachments: async () => none,
    history: async () => none,
    warning: async () => null,
    diff: async () => [],
    async effectiveParameters(caller, id) {
      world.instance(caller, id);
      if (world.isSilent()) throw new CofferError('ENGINE.UNAVAILABLE', 'the engine is silent');
      return [{ name: 'work_mem', value: '4096', source: 'DEFAULT', wanted: '4096', pending: null, drifted: false }];
    },
    async validate(caller, input) { needVersion(caller, input); return { values: [], evaluations: [] }; },
    async create(caller, input) {
      world.mayWrite(caller, 'configuration.create');
      needProject(caller, input.projectId);
      needVersion(caller, input);
      return add(input.name, input.projectId ?? caller.projectId!);
    },
    async clone(caller, { name, configurationId, instanceId }) {
      world.mayWrite(caller, 'configuration.create');
      return add(name, (instanceId ? world.instance(caller, instanceId) : need(caller, configurationId!)).projectId);
    },
    patch: change, replace: change, restore: change,
    async revertRollout(caller) { world.mayWrite(caller, 'configuration.update'); throw notFound('operation'); },
    async delete(caller, id) { const group = need(caller, id); world.mayWrite(caller, 'configuration.delete'); groups.delete(id); return group; },
    async attach(caller, { configurationId, instanceId }) {
      world.instance(caller, instanceId);
      need(caller, configurationId);
      return world.accept('instance.configure')(caller, instanceId);
    },
    detach: (caller, { instanceId }) => world.accept('instance.configure')(caller, instanceId),
  };
  return { configurations, add };
}
