/**
 * Databases, users, grants, root: what acts on the engine. Each is an operation, waited for inline; the answer is per item
 * and final, or names the operation that still runs. An unknown outcome is never told as a failure.
 */
import { CofferError, invalidInput, type InputIssue } from '../../kernel/errors.ts';
import type { Capability } from '../../strategies/spi/capability.ts';
import type { Proposal } from '../../strategies/spi/control.ts';
import type { EngineCommand, EngineWork } from '../operations/workflows/engine-command.ts';
import type { OperationView } from '../operations/workflow.ts';
import { isFinished } from '../operations/workflow.ts';
import type { Caller, EngineActed, EngineObjects, ItemResult, UserCredentials, VersionDoc } from './api.ts';
import type { DomainDeps } from './deps.ts';
import { isGiven } from './given.ts';
import { claimKey, hashInput, recordKey, type Replay } from './idempotency.ts';
import { changeInstance, type InstanceRow } from './instance/change.ts';
import { visibleRow } from './instance/lifecycle.ts';
import type { InstanceDoc } from './instance/document.ts';
import { findInstance } from './instance/read.ts';
import { chosenPasswordIssues, databaseIssues, generatePassword, requireCapability, toNewUser, userIssues } from './instance/validate-create.ts';
import { isBusyWith } from './operations.ts';
import { requireAction, requireOn, type Action } from './policy.ts';
import { identityKey, identityOf, type UserIdentity } from './user-identity.ts';

interface Act {
  action: Action; command: EngineCommand; secrets?: Record<string, string>;
  idempotency?: { mutation: string; key: string; input: unknown; userNames: Replay['userNames'] };
  /** runs in the accepting transaction */
  before?(tx: Parameters<typeof changeInstance>[0], row: InstanceRow): Promise<void>;
}

/** Of live reads: a list of databases must not hold a page for longer. */
const readTimeoutMs = 5_000;

export function createEngineObjects(deps: DomainDeps): EngineObjects {
  const instanceOf = async (caller: Caller, action: Action, id: string): Promise<{ instance: InstanceDoc; version: VersionDoc }> => {
    const instance = requireOn(caller, action, `instance ${id}`, await findInstance(deps.store, caller, { id }), (i) => (i.deletedAt ? null : i.projectId));
    return { instance, version: deps.catalogue.instanceVersion(instance.versionId)! };
  };
  const requireDatastore = async (caller: Caller, action: Action, id: string, datastore: string): Promise<void> => {
    const { instance, version } = await instanceOf(caller, action, id);
    if (version.datastore !== datastore) throw invalidInput([{ path: ['input', 'instanceId'], message: `${instance.name} is of ${version.datastore}, and this is for ${datastore} alone` }]);
  };
  const versionOf = async (caller: Caller, action: Action, id: string, capability: Capability): Promise<VersionDoc> => {
    const { instance, version } = await instanceOf(caller, action, id);
    requireCapability(version, capability);
    if (instance.capabilities && !instance.capabilities.includes(capability)) throw new CofferError('CAPABILITY.UNSUPPORTED', `the agent of ${instance.name} has no ${capability}`, { details: { capability } });
    return version;
  };
  /** `isField`: what is proposed was given as one field, so issues have no place inside it. `fields`: others were given elsewhere, and are judged there. */
  const judge = async (version: VersionDoc, path: string[], proposals: { path: string[]; proposal: Proposal; isField?: true; fields?: readonly string[] }[], more: InputIssue[] = []): Promise<void> => {
    const issues = [...more];
    for (const { path: own, proposal, isField, fields } of proposals) {
      const judged = await deps.control.call(version.datastore, 'validate', proposal);
      issues.push(...judged.filter((i) => !fields || fields.includes(i.path[0]!)).map((i) => ({ path: [...path, ...own, ...(isField ? [] : i.path)], message: i.message })));
    }
    if (issues.length > 0) throw invalidInput(issues);
  };
  const act = (caller: Caller, instanceId: string, request: Act): Promise<EngineActed & { replayed: boolean }> => acceptAndWait(deps, caller, instanceId, request);

  return {
    async listDatabases(caller, id) {
      await versionOf(caller, 'engine.read', id, 'DATABASES');
      return deps.agents.listDatabases(id, { signal: AbortSignal.timeout(readTimeoutMs) });
    },
    async listUsers(caller, id) {
      await versionOf(caller, 'engine.read', id, 'USERS');
      return deps.agents.listUsers(id, { signal: AbortSignal.timeout(readTimeoutMs) });
    },
    async createDatabases(caller, input) {
      const version = await versionOf(caller, 'engine.write', input.instanceId, 'DATABASES');
      const issues = input.databases.length === 0 ? [{ path: ['input', 'databases'], message: 'at least one' }] : await databaseIssues(deps.control, version, input.databases, ['input', 'databases'], deps.catalogue.manifest(version.datastore)?.databaseOptions);
      if (issues.length > 0) throw invalidInput(issues);
      return act(caller, input.instanceId, {
        action: 'engine.write', command: { kind: 'createDatabases', databases: input.databases },
        ...(input.idempotencyKey ? { idempotency: { mutation: 'createDatabases', key: input.idempotencyKey, input, userNames: [] } } : {}),
      });
    },
    async deleteDatabase(caller, input) {
      const version = await versionOf(caller, 'engine.write', input.instanceId, 'DATABASES');
      await judge(version, ['input'], [{ path: [], proposal: { kind: 'database-ref', track: version.name, name: input.name } }]);
      return act(caller, input.instanceId, { action: 'engine.write', command: { kind: 'deleteDatabase', name: input.name } });
    },
    async createUsers(caller, input) {
      const version = await versionOf(caller, 'engine.write', input.instanceId, 'USERS');
      const issues = input.users.length === 0 ? [{ path: ['input', 'users'], message: 'at least one' }] : await userIssues(deps.control, version, input.users, ['input', 'users'], null);
      if (issues.length > 0) throw invalidInput(issues);
      const users = input.users.map((u) => toNewUser(u, version, []));
      const { replayed, ...acted } = await act(caller, input.instanceId, {
        action: 'engine.write', command: { kind: 'createUsers', users: users.map((u) => ({ ...identityOf(u), grants: u.grants })) },
        secrets: Object.fromEntries(users.map((u, i) => [`user.${i}`, u.password])),
        ...(input.idempotencyKey ? { idempotency: { mutation: 'createUsers', key: input.idempotencyKey, input, userNames: users.map(identityOf) } } : {}),
      });
      const refused = new Set(acted.results.filter(isFinal).map(identityKey));
      return { ...acted, userCredentials: users.map((u) => ({ ...identityOf(u), password: replayed || refused.has(identityKey(u)) ? null : u.password })) };
    },
    async updateUser(caller, input) {
      const version = await versionOf(caller, 'engine.write', input.instanceId, 'USERS');
      const changed = (['name', 'host'] as const).filter((field) => isGiven(input[field]));
      const renamed = { ...input.user, ...(isGiven(input.name) ? { name: input.name } : {}), ...(isGiven(input.host) ? { host: input.host } : {}) };
      await judge(version, ['input'], [
        { path: ['user'], proposal: { kind: 'user-ref', track: version.name, user: input.user } },
        ...(changed.length > 0 ? [{ path: [] as string[], fields: changed, proposal: { kind: 'user' as const, track: version.name, user: { ...renamed, grants: [] } } }] : []),
      ], await chosenPasswordIssues(deps.control, version, ['input', 'password'], input.password));
      return act(caller, input.instanceId, {
        action: 'engine.write', command: { kind: 'updateUser', user: input.user, newName: input.name ?? null, newHost: input.host ?? null, hasPassword: isGiven(input.password) },
        ...(isGiven(input.password) ? { secrets: { password: input.password } } : {}),
      });
    },
    async deleteUser(caller, input) {
      const version = await versionOf(caller, 'engine.write', input.instanceId, 'USERS');
      await judge(version, ['input'], [{ path: ['user'], proposal: { kind: 'user-ref', track: version.name, user: input.user } }]);
      return act(caller, input.instanceId, { action: 'engine.write', command: { kind: 'deleteUser', user: input.user } });
    },
    async grant(caller, input) {
      const version = await versionOf(caller, 'engine.write', input.instanceId, 'GRANTS');
      const grants = input.grants.map((g) => ({ database: g.database ?? null, privileges: g.privileges ?? [] }));
      await judge(version, ['input'], [
        { path: ['user'], proposal: { kind: 'user-ref', track: version.name, user: input.user } },
        ...grants.map((grant, i) => ({ path: ['grants', String(i)], proposal: { kind: 'grant' as const, track: version.name, grant } })),
      ], grants.length === 0 ? [{ path: ['input', 'grants'], message: 'at least one' }] : []);
      return act(caller, input.instanceId, { action: 'engine.write', command: { kind: 'grant', user: input.user, grants } });
    },
    async revoke(caller, input) {
      const version = await versionOf(caller, 'engine.write', input.instanceId, 'GRANTS');
      await judge(version, ['input'], [
        { path: ['user'], proposal: { kind: 'user-ref', track: version.name, user: input.user } },
        ...input.databases.map((database, i) => ({
          path: database === null ? ['databases'] : ['databases', String(i)], isField: true as const, proposal: { kind: 'grant' as const, track: version.name, grant: { database, privileges: [] } },
        })),
      ], input.databases.length === 0 && version.capabilities.includes('DATABASES') ? [{ path: ['input', 'databases'], message: 'at least one' }] : []);
      return act(caller, input.instanceId, { action: 'engine.write', command: { kind: 'revoke', user: input.user, databases: input.databases } });
    },
    async enableRoot(caller, input) {
      const version = await versionOf(caller, 'engine.root', input.instanceId, 'ROOT');
      await judge(version, ['input'], [], await chosenPasswordIssues(deps.control, version, ['input', 'password'], input.password));
      const password = input.password ?? generatePassword();
      const acted = await act(caller, input.instanceId, {
        action: 'engine.root', command: { kind: 'enableRoot' }, secrets: { password },
        // "root was enabled" is on record before the engine is asked: an answer lost half way must not hide it
        async before(tx, row) {
          await tx.query('insert into root_history (instance_id, actor) values ($1, $2)', [row.id, caller.actor]);
          await changeInstance(tx, row.id, { root_enabled_ever: true }, { actor: caller.actor, requestId: caller.requestId, clientAddress: caller.clientAddress });
        },
      });
      const credentials: UserCredentials | null = acted.results.some(isFinal) ? null : { ...identityOf({ name: deps.control.rootName(version.datastore) }), password };
      return { ...acted, credentials };
    },
    async disableRoot(caller, id) {
      await versionOf(caller, 'engine.root', id, 'ROOT');
      return act(caller, id, { action: 'engine.root', command: { kind: 'disableRoot' } });
    },
    async readPluginField(caller, { instanceId, datastore, field, args }) {
      await requireDatastore(caller, 'engine.read', instanceId, datastore);
      return deps.agents.readPluginField(instanceId, { name: field, args }, { signal: AbortSignal.timeout(readTimeoutMs) });
    },
    async runPluginAction(caller, { instanceId, datastore, action, args, idempotencyKey }) {
      await requireDatastore(caller, 'engine.write', instanceId, datastore);
      return act(caller, instanceId, {
        action: 'engine.write', command: { kind: 'pluginAction', name: action, args },
        ...(idempotencyKey ? { idempotency: { mutation: `${datastore}.${action}`, key: idempotencyKey, input: { instanceId, args }, userNames: [] } } : {}),
      });
    },
  };
}

/** The engine's own no. Anything else that went wrong may have had its effect: whoever gave or got a password may need it. */
const finalCodes = new Set(['CONFLICT.EXISTS', 'RESOURCE.NOT_FOUND', 'ENGINE.REFUSED', 'CAPABILITY.UNSUPPORTED']);
const isFinal = (result: ItemResult): boolean => result.fault !== null && finalCodes.has(result.fault.code);

/** Two people creating users at once need not know of each other: a short command in the way is waited for. */
async function acceptAndWait(deps: DomainDeps, caller: Caller, instanceId: string, request: Act): Promise<EngineActed & { replayed: boolean }> {
  const until = Date.now() + deps.inlineWaitMs;
  for (;;) {
    try {
      return await acceptOnce(deps, caller, instanceId, request);
    } catch (error) {
      const holder = isBusyWith(error);
      if (holder === null || Date.now() >= until || (await deps.operations.get(holder))?.kind !== 'engine.command') throw error;
      await deps.operations.waitForEnd(holder, until - Date.now());
    }
  }
}

async function acceptOnce(deps: DomainDeps, caller: Caller, instanceId: string, request: Act): Promise<EngineActed & { replayed: boolean }> {
  requireAction(caller, request.action);
  const key = request.idempotency;
  const inputHash = key ? hashInput(deps.sealer, key.input) : '';
  const accepted = await deps.store.transaction(async (tx): Promise<{ operationId: string; instance: InstanceDoc; replayed: boolean }> => {
    const row = await visibleRow(tx, caller, request.action, instanceId);
    const readBack = async (): Promise<InstanceDoc> => (await findInstance(tx, caller, { id: instanceId }))!;
    if (key) {
      const earlier = await claimKey(tx, row.project_id, key.mutation, key.key, inputHash);
      if (earlier) return { operationId: earlier.operationId, instance: await readBack(), replayed: true };
    }
    // what was seen counts: a stop that was asked for and failed leaves an engine that can be worked with
    if (!row.prepared || row.released || (row.intent !== 'RUNNING' && row.observation?.engine !== 'ok')) {
      throw new CofferError('PRECONDITION.STATE', `instance ${row.name} is ${row.prepared ? 'stopped' : 'not built yet'}`, { remedy: row.prepared ? 'Start it first.' : 'Wait until it is ACTIVE.' });
    }
    const work: EngineWork = { instanceId, hostId: row.host_id, datastore: row.datastore, track: row.track, command: request.command };
    const operation = await deps.operations.enqueue(tx, {
      kind: 'engine.command', input: work, ...(request.secrets ? { secrets: request.secrets } : {}), subjectId: instanceId, lockMode: 'EXCLUSIVE',
      projectId: row.project_id, actor: caller.actor, clientAddress: caller.clientAddress, requestId: caller.requestId,
    });
    await request.before?.(tx, row);
    if (key) await recordKey(tx, row.project_id, key.mutation, key.key, inputHash, { instanceId, operationId: operation.id, userNames: key.userNames });
    return { operationId: operation.id, instance: await readBack(), replayed: false };
  });
  const ended = await deps.operations.waitForEnd(accepted.operationId, deps.inlineWaitMs);
  // deleted meanwhile: as it was then
  const instance = (await findInstance(deps.store, caller, { id: instanceId })) ?? accepted.instance;
  return { instance, operation: ended, results: resultsOf(request.command, ended), replayed: accepted.replayed };
}

/** Per item what is known; while the operation still runs there are no results to tell. */
function resultsOf(command: EngineCommand, ended: OperationView & { outputs: Record<string, unknown> }): ItemResult[] {
  if (!isFinished(ended.state)) return [];
  const output = ended.outputs['run'] as { items?: ItemResult[] } | undefined;
  if (output?.items && output.items.length > 0) return output.items;
  return itemsOf(command).map((item) => ({ ...item, fault: itemFaultOf(ended) }));
}

function itemFaultOf(ended: OperationView): ItemResult['fault'] {
  if (ended.state === 'SUCCEEDED') return null;
  const { code, message: told } = ended.fault ?? { code: 'OPERATION.STEP_FAILED', message: 'the operation failed' };
  const step = ended.steps.find(({ title }) => told.startsWith(`${title}: `));
  const message = step ? told.slice(step.title.length + 2) : told; // the only step has nothing to add
  const hasBegun = ended.steps.some(({ attempts }) => attempts > 0);
  return { code, message: hasBegun && !finalCodes.has(code) ? `it is not known whether this was done; look before you repeat it: ${message}` : message };
}

function itemsOf(command: EngineCommand): UserIdentity[] {
  switch (command.kind) {
    case 'createDatabases': return command.databases.map(({ name }) => identityOf({ name }));
    case 'deleteDatabase': return [identityOf({ name: command.name })];
    case 'createUsers': return command.users.map(identityOf);
    case 'updateUser': case 'deleteUser': case 'grant': case 'revoke': return [identityOf(command.user)];
    case 'enableRoot': case 'disableRoot': return [identityOf({ name: 'root' })];
    case 'pluginAction': return [identityOf({ name: command.name })];
  }
}
