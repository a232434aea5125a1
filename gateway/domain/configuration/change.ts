/**
 * Making, changing and deleting groups. Values are judged before the transaction, which then proves that the group and
 * its instances are as they were judged; a change of values is a new revision, and a rollout to whoever is to run it.
 */
import { CofferError, invalidInput, type InputIssue, notFound } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import { appendMutation } from '../../events/append.ts';
import type { RolloutWork } from '../../operations/workflows/rollout.ts';
import type { OperationView } from '../../operations/workflow.ts';
import { isUniqueViolation, type Tx } from '../../store/tx.ts';
import type { Caller, ChangedConfiguration, Configurations, VersionDoc } from '../api.ts';
import type { DomainDeps } from '../deps.ts';
import { findVersion, requireCapability } from '../instance/validate-create.ts';
import { nameIssues } from '../names.ts';
import { requireAction, requireOn } from '../policy.ts';
import { resolveProject } from '../project.ts';
import type { ConfigurationDoc, RevisionChange } from './document.ts';
import { judgedValues, limits, namesText, requireTaken, siteIssues } from './judge.ts';
import { findConfiguration } from './read.ts';
import { findArriving, findLeaving, findRollout, insertRevision, lockConfiguration, readRevision, sameValues, selectConfigurations, selectSites, type Site } from './rows.ts';
import { sizeProblem, type StoredValue } from './values.ts';

type Changes = Pick<Configurations, 'create' | 'patch' | 'replace' | 'restore' | 'delete'>;
type Rollout = Parameters<Configurations['patch']>[1];
const mostAttempts = 3;

export function createConfigurationChanges(deps: DomainDeps): Changes {
  const { store } = deps;

  return {
    async create(caller, input) {
      requireAction(caller, 'configuration.create');
      const projectId = await resolveProject(store, caller, input.projectId, ['input', 'projectId']);
      const version = versionOf(deps, caller, input.datastore, input.version);
      requireIssueless(textIssues(input));
      const values = await judgedValues(deps, { datastore: version.datastore, track: version.name }, input.values, ['input', 'values']);
      return insertConfiguration(deps, caller, { projectId, version, name: input.name, description: input.description ?? null, values, change: 'CREATED', origin: null });
    },

    patch: (caller, input) => changeValues(deps, caller, input, {
      change: 'PATCHED', event: 'configuration.patch',
      async values(group) {
        const unknown = (input.unset ?? []).flatMap((name, i) => (group.values.some((value) => value.name === name) ? [] : [{ path: ['input', 'unset', String(i)], message: `the group does not set ${name}` }]));
        const both = (input.unset ?? []).flatMap((name, i) => ((input.set ?? []).some((value) => value.name === name) ? [{ path: ['input', 'unset', String(i)], message: `${name} is to be set too: name it in one of the two` }] : []));
        requireIssueless([...unknown, ...both]);
        const set = await judgedValues(deps, group, input.set ?? [], ['input', 'set']);
        const gone = new Set([...(input.unset ?? []), ...set.map(({ name }) => name)]);
        const values = [...group.values.filter(({ name }) => !gone.has(name)), ...set];
        const problem = sizeProblem(values);
        if (problem !== null) throw invalidInput([{ path: ['input', 'set'], message: problem }]);
        return values;
      },
      pathOf: pathIn('set', input.set ?? []),
    }),

    replace: (caller, input) => changeValues(deps, caller, input, {
      change: 'REPLACED', event: 'configuration.replace', name: input.name ?? undefined, description: input.description,
      values: async (group) => (input.values ? judgedValues(deps, group, input.values, ['input', 'values']) : group.values),
      pathOf: pathIn('values', input.values ?? []),
      // A new name alone is no reason to touch an instance.
      appliesUnchanged: Boolean(input.values),
    }),

    restore: (caller, { configurationId, revision, apply, waveSize }) => changeValues(deps, caller, { configurationId, apply, waveSize }, {
      change: 'RESTORED', event: 'configuration.restore', origin: `${configurationId}/${revision}`,
      async values(group) {
        const { values } = await readRevision(store, group.id, revision);
        await requireTaken(deps, group, values, ['input', 'revision']);
        return values;
      },
      pathOf: () => ['input', 'revision'],
    }),

    async delete(caller, id) {
      return store.transaction(async (tx) => {
        const group = await lockConfiguration(tx, caller, 'configuration.delete', id, 'update');
        const attached = await tx.query<{ name: string }>('select name from instance where configuration_id = $1 and deleted_at is null order by name', [id]);
        if (attached.length > 0) {
          throw new CofferError('CONFLICT.IN_USE', `configuration ${group.name} is attached to ${namesText(attached)}`);
        }
        await requireUnheld(tx, group);
        const leaving = await findLeaving(tx, id);
        if (leaving) throw new CofferError('CONFLICT.BUSY', `${leaving} may end with an instance that has configuration ${group.name}`, { details: { operationId: leaving } });
        await tx.query('update configuration set deleted_at = now(), updated_at = now() where id = $1', [id]);
        await appendMutation(tx, caller, { type: 'configuration.delete', subject: id, projectId: group.projectId, data: { name: group.name } });
        return group;
      });
    },
  };
}

export interface NewConfiguration { projectId: string; version: VersionDoc; name: string; description: string | null; values: readonly StoredValue[]; change: RevisionChange; origin: string | null }

/** `version` has been seen to have groups. */
export async function insertConfiguration(deps: Pick<DomainDeps, 'store'>, caller: Caller, group: NewConfiguration): Promise<ConfigurationDoc> {
  const { projectId, version, name } = group;
  return deps.store.transaction(async (tx) => {
    // Not into a project that is deleted at this moment.
    if ((await tx.query('select 1 from project where id = $1 and deleted_at is null for key share', [projectId])).length === 0) throw notFound(`project ${projectId}`);
    const id = newId('Configuration');
    await tx.query('insert into configuration (id, project_id, name, description, datastore, track, version_id) values ($1, $2, $3, $4, $5, $6, $7)',
      [id, projectId, name, group.description, version.datastore, version.name, version.id]);
    await insertRevision(tx, { id, revision: 1, values: group.values, actor: caller.actor, change: group.change, origin: group.origin });
    await appendMutation(tx, caller, { type: group.change === 'CLONED' ? 'configuration.clone' : 'configuration.create', subject: id, projectId, data: { name, revision: 1, ...(group.origin ? { origin: group.origin } : {}) } });
    return (await selectConfigurations(tx, 'c.id = $1', [id]))[0]!;
  }).catch((error: unknown) => { throw asNameTaken(error, name); });
}

interface ValueChange {
  change: RevisionChange; event: string;
  origin?: string;
  name?: string | undefined; description?: string | null | undefined;
  values(group: ConfigurationDoc): Promise<StoredValue[]>;
  /** where the input says the parameter */
  pathOf(parameter: string): string[];
  /** values that are as before are rolled out to instances that do not run them yet */
  appliesUnchanged?: boolean;
}

async function changeValues(deps: DomainDeps, caller: Caller, input: Rollout, change: ValueChange): Promise<ChangedConfiguration> {
  requireIssueless([...textIssues({ name: change.name, description: change.description }), ...waveIssues(input.waveSize)]);
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    const changed = await changeOnce(deps, caller, input, change);
    if (changed) return changed;
  }
  throw new CofferError('CONFLICT.STALE', 'the configuration or its instances are being changed', { remedy: 'Try again.' });
}

/** Null when it is not any more what was judged: nothing has happened. */
async function changeOnce(deps: DomainDeps, caller: Caller, input: Rollout, change: ValueChange): Promise<ChangedConfiguration | null> {
  const { configurationId: id } = input;
  const seen = requireOn(caller, 'configuration.update', `configuration ${id}`, await findConfiguration(deps.store, caller, { id }), (doc) => doc.projectId);
  requireRevision(seen, input.revision);
  const values = await change.values(seen);
  const isNew = !sameValues(values, seen.values);
  const applies = (input.apply ?? true) && (isNew || (change.appliesUnchanged ?? true));
  const sites = await selectSites(deps.store, id);
  if (isNew || applies) requireIssueless(await siteIssues(deps, seen, values, sites, change.pathOf));
  const revision = seen.revision + (isNew ? 1 : 0);

  return deps.store.transaction(async (tx) => {
    const group = await lockConfiguration(tx, caller, 'configuration.update', id, 'update');
    if (group.revision !== seen.revision) return null;
    if (isNew || applies) await requireUnheld(tx, group);
    const arriving = isNew ? await findArriving(tx, id) : null;
    if (arriving) throw new CofferError('CONFLICT.BUSY', `${arriving} brings an instance to configuration ${group.name} as it is`, { details: { operationId: arriving } });
    if (!areSame(await selectSites(tx, id), sites)) return null;
    if (isNew) await insertRevision(tx, { id, revision, values, actor: caller.actor, change: change.change, origin: change.origin ?? null });
    const description = change.description === undefined ? group.description : change.description;
    await tx.query('update configuration set revision = $2, name = $3, description = $4, updated_at = now() where id = $1', [id, revision, change.name ?? group.name, description]);
    await appendMutation(tx, caller, { type: change.event, subject: id, projectId: group.projectId, data: { name: change.name ?? group.name, revision } });
    const isBehind = sites.some(({ wanted }) => wanted !== revision);
    const operation = applies && isBehind ? await enqueueRollout(tx, deps, caller, group, { configurationId: id, revision, waveSize: input.waveSize ?? 1 }) : null;
    return { configuration: (await selectConfigurations(tx, 'c.id = $1', [id]))[0]!, operation };
  }).catch((error: unknown) => { throw asNameTaken(error, change.name ?? ''); });
}

export const enqueueRollout = (tx: Tx, deps: DomainDeps, caller: Caller, group: ConfigurationDoc, work: RolloutWork): Promise<OperationView> => deps.operations.enqueue(tx, {
  kind: 'configuration.rollout', input: work, subjectId: group.id, lockMode: 'EXCLUSIVE', projectId: group.projectId, actor: caller.actor, clientAddress: caller.clientAddress, requestId: caller.requestId,
});

/** The version of a group, for whoever may see it; with CONFIGURATION. */
function versionOf(deps: DomainDeps, caller: Caller, datastore: string, wanted: string): VersionDoc {
  const version = findVersion(deps.catalogue, caller, datastore, wanted);
  requireCapability(version, 'CONFIGURATION');
  return version;
}

/** While a rollout is under way, neither what it rolls out nor whom it concerns changes. */
export async function requireUnheld(tx: Tx, group: ConfigurationDoc): Promise<void> {
  const operationId = await findRollout(tx, group.id);
  if (operationId) throw new CofferError('CONFLICT.BUSY', `configuration ${group.name} is being rolled out: ${operationId}`, { details: { operationId } });
}

function requireRevision(group: ConfigurationDoc, wanted: number | null | undefined): void {
  if (wanted === null || wanted === undefined || wanted === group.revision) return;
  throw new CofferError('CONFLICT.STALE', `configuration ${group.name} is at revision ${group.revision}, not ${wanted}`);
}

export function requireIssueless(issues: InputIssue[]): void {
  if (issues.length > 0) throw invalidInput(issues);
}

export function textIssues({ name, description }: { name?: string | null | undefined; description?: string | null | undefined }): InputIssue[] {
  const issues = name === null || name === undefined ? [] : nameIssues(['input', 'name'], name);
  if (description && description.length > limits.description) issues.push({ path: ['input', 'description'], message: `at most ${limits.description} characters` });
  // eslint-disable-next-line no-control-regex
  if (description && (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(description) || !description.isWellFormed())) issues.push({ path: ['input', 'description'], message: 'must not contain control characters or halves of characters' });
  return issues;
}

export const waveIssues = (size: number | null | undefined): InputIssue[] =>
  size === null || size === undefined || (size >= 1 && size <= limits.waveSize) ? [] : [{ path: ['input', 'waveSize'], message: `must be 1 to ${limits.waveSize}` }];

const pathIn = (list: string, values: readonly { name: string }[]) => (parameter: string): string[] => {
  const index = values.findIndex(({ name }) => name === parameter);
  return index < 0 ? ['input'] : ['input', list, String(index), 'value'];
};

const areSame = (a: readonly Site[], b: readonly Site[]): boolean => JSON.stringify(a) === JSON.stringify(b);

const asNameTaken = (error: unknown, name: string): unknown =>
  isUniqueViolation(error, 'configuration') ? new CofferError('CONFLICT.NAME_TAKEN', `a configuration named "${name}" exists in the project`) : error;
