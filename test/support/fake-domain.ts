/**
 * A Domain and an EventFeed in memory, for tests of the transports alone: as small as the API lets it be, with the one
 * rule that matters everywhere, that what is foreign is missing.
 */
import { CofferError, notFound, invalidInput } from '../../kernel/errors.ts';
import { newId, type NodeType } from '../../kernel/ids.ts';
import type { Accepted, Caller, Connection, Domain, EngineActed, EventDoc, FlavorDoc, ItemResult, Page, ProjectDoc, Role, TokenDoc, VersionDoc, Viewer } from '../../gateway/domain/api.ts';
import type { InstanceDoc } from '../../gateway/domain/instance/document.ts';
import { createFakeConfigurations } from './fake-configurations.ts';
import type { EventFeed, FeedItem, LogEvent } from '../../gateway/events/feed.ts';
import type { ParameterSpec } from '../../strategies/spi/parameters.ts';
import type { OperationView } from '../../gateway/operations/workflow.ts';

const at = '2026-01-01T00:00:00.000Z';
const pageOf = <T extends { id: string }>(items: T[], page: Page): Connection<T> => {
  const size = page.first ?? page.last ?? 20;
  const start = page.after ? items.findIndex((item) => item.id === page.after) + 1 : 0;
  const cut = items.slice(start, start + size);
  return { totalCount: items.length, edges: cut.map((node) => ({ cursor: node.id, node })), hasNextPage: start + size < items.length, hasPreviousPage: start > 0 };
};

export function createFakeFeed(): EventFeed & { emit(event: Partial<LogEvent> & { type: string; subject: string }): LogEvent; readers(): number } {
  const log: LogEvent[] = [];
  const readers = new Set<() => void>();
  const feed = {
    position: () => String(log.length),
    lagMs: () => 1,
    readers: () => readers.size,
    emit(event: Partial<LogEvent> & { type: string; subject: string }) {
      const whole: LogEvent = {
        id: newId('Event'), at, phase: 'INFO', actor: 'token:test', clientAddress: null, requestId: null, projectId: null, operationId: null, data: {}, doc: null,
        ...event, cursor: String(log.length + 1),
      };
      log.push(whole);
      for (const wake of readers) wake();
      return whole;
    },
    async* subscribe<Snapshot>(request: Parameters<EventFeed['subscribe']>[0]): AsyncGenerator<FeedItem<Snapshot>> {
      const reset = request.after === 'too-old';
      let position = log.length;
      if (request.after && !reset) position = Number(request.after);
      let wake = (): void => {};
      const onEvent = (): void => wake();
      readers.add(onEvent);
      request.signal.addEventListener('abort', onEvent, { once: true });
      try {
        if (!request.after || reset) yield { kind: 'snapshot', cursor: String(position), reset, value: (await request.snapshot(async () => [])) as Snapshot };
        while (!request.signal.aborted) {
          const event = log[position];
          if (event) {
            position += 1;
            const isNear = (!request.subject || event.subject === request.subject) && (!request.projectId || event.projectId === request.projectId);
            if (isNear && (request.accept?.(event) ?? true)) yield { kind: 'event', event };
          } else await new Promise<void>((resolve) => { wake = resolve; });
        }
      } finally {
        readers.delete(onEvent);
      }
    },
  };
  return feed as ReturnType<typeof createFakeFeed>;
}

export function createFakeDomain(feed = createFakeFeed()) {
  const projects: ProjectDoc[] = ['alpha', 'beta'].map((name) => ({ id: newId('Project'), name, createdAt: at }));
  const tokens = new Map<string, TokenDoc>();
  const instances = new Map<string, InstanceDoc>();
  const operations = new Map<string, OperationView>();
  const ids = (type: NodeType) => newId(type);
  const plugin = { name: 'postgresql', version: '1.0.0', apiVersion: '^1.0', maturity: 'STABLE', maturityReason: null, origin: 'built-in', state: 'READY' as const, problem: null };
  const version: VersionDoc = { id: ids('DatastoreVersion'), name: '17', datastoreId: ids('Datastore'), datastore: 'postgresql', active: true, deprecated: false, endOfLife: null, capabilities: ['DATABASES', 'USERS'], absent: [{ capability: 'CONFIGURATION', reason: 'not yet' }], minMemoryMb: 256, visibility: 'PUBLIC', projectIds: [], flavorIds: null, revision: 1 };
  const versions: VersionDoc[] = [version];
  const datastore = { id: version.datastoreId, name: 'postgresql', title: 'PostgreSQL', description: 'relational', plugin };
  const flavor = { id: ids('Flavor'), name: 'small', vcpus: 1, memoryMb: 1024 };
  const flavors: FlavorDoc[] = [flavor];
  const volumeType = { id: ids('VolumeType'), name: 'directory', description: 'a folder' };
  const calls: string[] = [];
  let silent = false;
  let parameters: readonly ParameterSpec[] | null = null;
  let pluginAnswer = (_asked: { field: string; args: object }): unknown => null;

  const sees = (caller: Caller, projectId: string | null): boolean => caller.role === 'OPERATOR' || caller.projectId === projectId;
  const shown = ({ role, projectId }: Viewer, one: VersionDoc): boolean => one.visibility === 'PUBLIC' || role === 'OPERATOR' || one.projectIds.includes(projectId ?? '');
  const own = <T extends { projectId: string | null }>(caller: Caller, thing: T | undefined): T | null => (thing && sees(caller, thing.projectId) ? thing : null);
  const need = (caller: Caller, id: string): InstanceDoc => {
    const doc = own(caller, instances.get(id));
    if (!doc) throw notFound(`instance ${id}`);
    return doc;
  };
  const mayWrite = (caller: Caller, action: string): void => {
    if (caller.role === 'VIEWER') throw new CofferError('ACCESS.FORBIDDEN', 'not for viewers', { details: { action } });
  };
  const operator = (caller: Caller, action: string): void => {
    if (caller.role !== 'OPERATOR') throw new CofferError('ACCESS.FORBIDDEN', 'for operators', { details: { action } });
  };

  function addInstance(name: string, project = projects[0]!, given: Partial<InstanceDoc> = {}): InstanceDoc {
    const doc: InstanceDoc = {
      id: ids('Instance'), projectId: project.id, name, datastore: 'postgresql', track: '17', versionId: version.id, buildId: null, buildVersion: '17.6', flavorId: flavor.id,
      volumeGb: 1, volumeType: volumeType.id, volumeUsedBytes: null, volumeUsedAt: null, volumeAutoscaling: null, hostId: ids('Host'), region: 'local', zone: 'local', intent: 'RUNNING', status: 'ACTIVE', role: 'STANDALONE',
      conditions: [{ type: 'IsolationShared', status: 'TRUE', reason: 'OrdinaryUser', message: 'one user', since: at }],
      endpoints: [{ role: 'PRIMARY', host: '127.0.0.1', port: 5432, uri: 'postgresql://127.0.0.1:5432/', tls: true }],
      task: null, fault: null, capabilities: ['DATABASES'], rootEnabledEver: false, deletionProtection: false, maintenance: null, tags: [], caCertificate: null, configuration: null, revision: 1,
      createdAt: at, updatedAt: at, deletedAt: null, ...given,
    };
    instances.set(doc.id, doc);
    return doc;
  }
  function addOperation(instance: InstanceDoc, kind: string): OperationView {
    const operation: OperationView = {
      id: ids('Operation'), kind, state: 'RUNNING', subjectId: instance.id, projectId: instance.projectId, parentId: null, actor: 'token:test', step: 'start', progress: 0.5, attempt: 1,
      cancellable: true, fault: null, deadline: at, createdAt: at, startedAt: at, finishedAt: null,
      steps: [{ name: 'start', title: 'Start', state: 'RUNNING', attempts: 1, progress: null, message: null, startedAt: at, finishedAt: null }],
    };
    operations.set(operation.id, operation);
    return operation;
  }
  function change(id: string, patch: Partial<InstanceDoc>): InstanceDoc {
    const old = instances.get(id)!;
    const doc = { ...old, ...patch, revision: old.revision + 1 };
    instances.set(id, doc);
    const gone = doc.deletedAt !== null;
    feed.emit({ type: gone ? 'instance.deleted' : 'instance.updated', subject: id, projectId: doc.projectId, doc: gone ? null : doc });
    return doc;
  }
  const accept = (kind: string) => async (caller: Caller, id: string): Promise<Accepted> => {
    const instance = need(caller, id);
    mayWrite(caller, kind);
    return { instance, operation: addOperation(instance, kind) };
  };
  const act = (kind: string) => async (caller: Caller, input: string | { instanceId: string; name?: string | null | undefined }): Promise<EngineActed> => {
    const instance = need(caller, typeof input === 'string' ? input : input.instanceId);
    mayWrite(caller, kind);
    const results: ItemResult[] = [{ name: 'app', host: null, authDatabase: null, fault: kind === 'deleteDatabase' ? { code: 'RESOURCE.NOT_FOUND', message: 'the database app was not found' } : null }];
    return { instance, operation: addOperation(instance, kind), results };
  };
  const read = async <T>(caller: Caller, instanceId: string, items: T[]): Promise<T[]> => {
    need(caller, instanceId);
    if (silent) throw new CofferError('ENGINE.UNAVAILABLE', 'the engine is silent');
    return items;
  };
  const { configurations, add: addConfiguration } = createFakeConfigurations({
    version, sees, mayWrite, instance: need, accept, isSilent: () => silent, isProject: (id) => projects.some((project) => project.id === id),
    knowsVersion: (caller, name) => versions.some((one) => (one.id === name || one.name === name) && shown(caller, one)),
  });
  const visible = (caller: Caller): InstanceDoc[] => [...instances.values()].filter((doc) => sees(caller, doc.projectId) && doc.deletedAt === null);
  const matches: Domain['live']['instanceMatches'] = (caller, filter, doc) => sees(caller, doc.projectId) && (!filter.projectId || filter.projectId === doc.projectId)
    && (!filter.name || filter.name === doc.name) && (!filter.status?.length || filter.status.includes(doc.status));

  const domain: Domain = {
    catalogue: {
      datastores: () => [datastore], datastore: (name) => (name === 'postgresql' || name === datastore.id ? datastore : undefined),
      versions: (viewer, _datastore, includeInactive) => versions.filter((one) => shown(viewer, one) && (includeInactive || one.active)), version: (viewer, id) => versions.find((one) => one.id === id && shown(viewer, one)),
      defaultVersion: () => version, instanceVersion: (id) => versions.find((one) => one.id === id), flavors: () => flavors,
      flavor: (id) => flavors.find((one) => one.id === id || one.name === id), instanceFlavor: (id) => domain.catalogue.flavor(id),
      volumeTypes: () => [volumeType], volumeType: (id) => (id === volumeType.id ? volumeType : undefined), manifest: () => undefined, plugins: () => [plugin],
    },
    catalogueChanges: {
      async registerVersion(caller, { version: name }) {
        operator(caller, 'datastore-version.register');
        if (name !== '17') throw new CofferError('INPUT.INVALID', 'version', { details: { issues: [{ path: ['input', 'version'], message: 'it has 17' }] } });
        throw new CofferError('CONFLICT.EXISTS', 'postgresql 17 is registered already');
      },
      async updateVersion(caller, { datastoreVersionId, active, deprecated, visibility, projects: named, flavors: allowed }) {
        const index = needVersion(caller, datastoreVersionId, 'datastore-version.update');
        const missing = named?.find((id) => !projects.some((project) => project.id === id));
        if (missing) throw notFound(`project ${missing}`);
        const old = versions[index]!;
        return (versions[index] = {
          ...old, active: active ?? old.active, deprecated: deprecated ?? old.deprecated, visibility: visibility ?? old.visibility, projectIds: named ?? old.projectIds, revision: old.revision + 1,
          ...(allowed === undefined ? {} : { flavorIds: allowed?.map((name) => domain.catalogue.flavor(name)!.id) ?? null }),
        });
      },
      async deleteVersion(caller, id) {
        const index = needVersion(caller, id, 'datastore-version.delete');
        if ([...instances.values()].some((one) => one.versionId === id)) throw new CofferError('PRECONDITION.STATE', 'postgresql 17 still has instances');
        return versions.splice(index, 1)[0]!;
      },
      async setDefaultVersion(caller, id) { needVersion(caller, id, 'datastore-version.set-default'); return datastore; },
      async createFlavor(caller, input) { operator(caller, 'flavor.create'); const made = { id: ids('Flavor'), ...input }; flavors.push(made); return made; },
      async deleteFlavor(caller, id) {
        const index = flavors.findIndex((one) => one.id === id);
        if (index < 0) throw notFound(`flavor ${id}`);
        operator(caller, 'flavor.delete');
        return flavors.splice(index, 1)[0]!;
      },
    },
    engineSource: async () => ({ kinds: ['debian'], installed: true, builds: [{ id: 'b1', version: '17.6', source: 'debian', installedAt: at, binDir: '/engines/b1/bin' }] }),
    async parameters(of) {
      if (!parameters) throw new CofferError('CAPABILITY.UNSUPPORTED', `postgresql ${of.name} has no CONFIGURATION: not yet`, { details: { capability: 'CONFIGURATION' } });
      return new Map(parameters.map((spec) => [spec.name, spec]));
    },
    async installEngine(caller) { operator(caller, 'engine.install'); return addOperation(addInstance('host'), 'engine.install'); },
    instances: {
      async list(caller, page, filter) { calls.push('instances.list'); return pageOf(visible(caller).filter((doc) => matches(caller, filter, doc)), page); },
      async find(caller, by) { calls.push('instances.find'); return 'id' in by ? own(caller, instances.get(by.id)) : (visible(caller).find((doc) => doc.name === by.name.name) ?? null); },
      async findMany(caller, wanted) { calls.push('instances.findMany'); return wanted.map((id) => own(caller, instances.get(id))); },
      async create(caller, input) {
        mayWrite(caller, 'instance.create');
        if (input.projectId && !sees(caller, input.projectId)) throw notFound(`project ${input.projectId}`);
        if (input.version && !versions.some((one) => (one.id === input.version || one.name === input.version) && shown(caller, one))) throw notFound(`version ${input.version} of ${input.datastore}`);
        if (!/^[a-z][a-z0-9-]*$/.test(input.name)) throw new CofferError('INPUT.INVALID', 'name', { details: { issues: [{ path: ['input', 'name'], message: 'lower-case letters' }] } });
        if (input.name === 'boom') throw new Error('secret detail');
        if (input.configurationId) await configurations.find(caller, { id: input.configurationId }).then((group) => { if (!group) throw notFound(`configuration ${input.configurationId}`); });
        const instance = addInstance(input.name, projects.find((project) => project.id === (input.projectId ?? caller.projectId)) ?? projects[0]!, { status: 'BUILDING' });
        return { instance, operation: addOperation(instance, 'instance.create'), userCredentials: (input.users ?? []).map((user) => ({ name: user.name, host: null, authDatabase: user.authDatabase ?? null, password: 'generated' })) };
      },
      async update(caller, input) { need(caller, input.instanceId); mayWrite(caller, 'instance.update'); return change(input.instanceId, input.name ? { name: input.name } : {}); },
      start: accept('instance.start'), stop: accept('instance.stop'), restart: accept('instance.restart'), reset: accept('instance.reset'),
      resize: (caller, input) => accept('instance.resize')(caller, input.instanceId),
      delete: (caller, input) => accept('instance.delete')(caller, input.instanceId),
      resizeVolume: (caller, input) => accept('instance.resize-volume')(caller, input.instanceId),
      async upgrade(caller, input) {
        if (input.version === '18' && !input.configuration) throw invalidInput([{ path: ['input', 'configuration'], message: 'it has a group for another version' }]);
        return { ...(await accept('instance.upgrade')(caller, input.instanceId)), findings: [], estimate: null };
      },
      async rolloutUpgrade(caller) { operator(caller, 'version.rollout'); return addOperation(addInstance('rolled-out'), 'version.rollout'); },
      newerBuild: async () => null,
      async ping(caller, id) { return { instance: need(caller, id), agentRoundTripMs: 1, engineRoundTripMs: 2, engineState: 'RUNNING', detail: null }; },
    },
    configurations,
    live: {
      instance: async (caller, id) => own(caller, instances.get(id)),
      instances: async (caller, filter, limit) => visible(caller).filter((doc) => matches(caller, filter, doc)).slice(0, limit),
      operation: async (caller, id) => own(caller, operations.get(id)),
      instanceMatches: matches,
      eventMatches: (caller, filter, event) => sees(caller, event.project) && (!filter.subject || filter.subject === event.subject) && (!filter.type || filter.type === event.type),
    },
    engine: {
      listDatabases: (caller, id) => read(caller, id, [{ name: 'app', characterSet: 'UTF8', collation: 'C', sizeBytes: 1 }]),
      listUsers: (caller, id) => read(caller, id, [{ name: 'app', grants: [{ database: 'app', privileges: ['ALL'] }] }]),
      createDatabases: act('createDatabases'), deleteDatabase: act('deleteDatabase'),
      createUsers: async (caller, input) => ({ ...(await act('createUsers')(caller, input)), userCredentials: [] }),
      updateUser: act('updateUser'), deleteUser: act('deleteUser'), grant: act('grant'), revoke: act('revoke'),
      enableRoot: async (caller, input) => ({ ...(await act('enableRoot')(caller, input)), credentials: { name: 'root', host: null, authDatabase: null, password: 'generated' } }), disableRoot: act('disableRoot'),
      readPluginField: (caller, { instanceId, ...asked }) => read(caller, instanceId, [asked]).then(() => pluginAnswer(asked)),
      async runPluginAction(caller, { instanceId, ...asked }) { const acted = await act('engine.command')(caller, { instanceId }); calls.push(JSON.stringify(asked)); return acted; },
    },
    operations: {
      interruptionMs: async () => null,
      upgradeCheck: async () => null,
      async list(caller, page, filter) { calls.push('operations.list'); return pageOf([...operations.values()].filter((one) => sees(caller, one.projectId) && (!filter.subjectId || filter.subjectId === one.subjectId)), page); },
      find: async (caller, id) => own(caller, operations.get(id)),
      async findMany(caller, wanted) { calls.push('operations.findMany'); return wanted.map((id) => own(caller, operations.get(id))); },
      cancel: (caller, id) => endOperation(caller, id, 'CANCELLED'), retry: (caller, id) => endOperation(caller, id, 'RUNNING'),
    },
    access: {
      async authenticate(token, clientAddress, requestId) {
        const doc = tokens.get(token);
        return doc && doc.revokedAt === null ? { tokenId: doc.id, tokenName: doc.name, role: doc.role, projectId: doc.projectId, actor: `token:${doc.name}`, clientAddress, requestId, expiresAt: doc.expiresAt } : null;
      },
      projects: async (caller, page) => pageOf(projects.filter((project) => sees(caller, project.id)), page),
      project: async (caller, id) => projects.find((project) => project.id === id && sees(caller, id)) ?? null,
      async findProjects(caller, wanted) { calls.push('access.findProjects'); return wanted.map((id) => projects.find((project) => project.id === id && sees(caller, id)) ?? null); },
      async createProject(caller, name) { operator(caller, 'project.create'); const project = { id: ids('Project'), name, createdAt: at }; projects.push(project); return project; },
      async deleteProject(caller, id) {
        const project = projects.find((one) => one.id === id && sees(caller, id));
        if (!project) throw notFound(`project ${id}`);
        operator(caller, 'project.delete');
        return project;
      },
      tokens: async (caller, projectId, page) => pageOf([...tokens.values()].filter((doc) => doc.projectId === projectId && sees(caller, doc.projectId)), page),
      async createToken(caller, input) {
        const projectId = input.projectId ?? caller.projectId;
        if (!sees(caller, projectId)) throw notFound(`project ${projectId}`);
        const token = addToken(input.name, input.role, projectId, input.expiresAt ?? null);
        return { token: tokens.get(token)!, secret: token };
      },
      async revokeToken(caller, id) {
        const doc = [...tokens.values()].find((one) => one.id === id);
        if (!doc || !sees(caller, doc.projectId)) throw notFound(`token ${id}`);
        doc.revokedAt = at;
        return doc;
      },
    },
    events: { list: async (caller, page, filter) => pageOf([] as EventDoc[], filter.subject && caller ? page : {}) },
    async system(caller) {
      operator(caller, 'system.read');
      return { version: '0.1.0', generation: 1, gateways: [], hosts: [], agents: { connected: 0, known: 0 }, operations: { pending: 0, running: 0 } };
    },
  };
  function needVersion(caller: Caller, id: string, action: string): number {
    const index = versions.findIndex((one) => one.id === id && shown(caller, one));
    if (index < 0) throw notFound(`version ${id}`);
    operator(caller, action);
    return index;
  }
  async function endOperation(caller: Caller, id: string, state: OperationView['state']): Promise<OperationView> {
    const operation = own(caller, operations.get(id));
    if (!operation) throw notFound(`operation ${id}`);
    mayWrite(caller, 'operation.cancel');
    const next = { ...operation, state };
    operations.set(id, next);
    feed.emit({ type: 'operation.updated', phase: 'PROGRESS', subject: next.subjectId, projectId: next.projectId, operationId: id, doc: next });
    return next;
  }
  function addToken(name: string, role: Role, projectId: string | null, expiresAt: string | null = null): string {
    const secret = `${name}-${tokens.size}-secret`;
    tokens.set(secret, { id: ids('ApiToken'), name, role, projectId, createdBy: 'test', createdAt: at, expiresAt, revokedAt: null });
    return secret;
  }
  return {
    domain, feed, projects, tokens, instances, versions, calls, addInstance, addConfiguration, addOperation, addToken, change,
    setParameters: (specs: readonly ParameterSpec[] | null) => { parameters = specs; },
    setSilent: (value: boolean) => { silent = value; },
    answerPluginFields: (answer: typeof pluginAnswer) => { pluginAnswer = answer; },
  };
}
export type FakeDomain = ReturnType<typeof createFakeDomain>;
