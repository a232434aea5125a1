/** A group made of what there is: another group, one of its revisions, or what an instance's engine has now. */
import { invalidInput } from '../../../kernel/errors.ts';
import type { Caller, Configurations, VersionDoc } from '../api.ts';
import type { DomainDeps } from '../deps.ts';
import { isGiven } from '../given.ts';
import { requireAction, requireOn } from '../policy.ts';
import { insertConfiguration, requireIssueless, textIssues } from './change.ts';
import { readLive } from './compare.ts';
import type { ConfigurationDoc } from './document.ts';
import { importedValues } from './import-values.ts';
import { judgedValues, requireTaken } from './judge.ts';
import { findConfiguration } from './read.ts';
import { readRevision } from './rows.ts';
import type { StoredValue } from './values.ts';

type Input = Parameters<Configurations['clone']>[1];
interface Source { projectId: string; versionId: string; values: StoredValue[]; origin: string; description: string | null }

export async function cloneConfiguration(deps: DomainDeps, caller: Caller, input: Input): Promise<ConfigurationDoc> {
  requireAction(caller, 'configuration.create');
  if (isGiven(input.configurationId) === isGiven(input.instanceId)) throw invalidInput([{ path: ['input', 'configurationId'], message: 'give configurationId or instanceId, one of them' }]);
  if (isGiven(input.instanceId) && isGiven(input.revision)) throw invalidInput([{ path: ['input', 'revision'], message: 'belongs to configurationId' }]);
  requireIssueless(textIssues(input));
  const source = isGiven(input.instanceId) ? await fromInstance(deps, caller, input.instanceId) : await fromGroup(deps, caller, input.configurationId!, input.revision ?? null);
  const version = deps.catalogue.instanceVersion(source.versionId) as VersionDoc;
  return insertConfiguration(deps, caller, { ...source, version, name: input.name, description: input.description === undefined ? source.description : input.description, change: 'CLONED' });
}

async function fromGroup(deps: DomainDeps, caller: Caller, id: string, revision: number | null): Promise<Source> {
  const group = requireOn(caller, 'configuration.read', `configuration ${id}`, await findConfiguration(deps.store, caller, { id }), (doc) => doc.projectId);
  const { values } = revision === null ? group : await readRevision(deps.store, id, revision);
  await requireTaken(deps, group, values, ['input', revision === null ? 'configurationId' : 'revision']);
  return { ...group, values, origin: `${id}/${revision ?? group.revision}` };
}

async function fromInstance(deps: DomainDeps, caller: Caller, id: string): Promise<Source> {
  const { instance, catalogue, live } = await readLive(deps, caller, 'configuration.read', id);
  const version = { datastore: instance.datastore, track: instance.track };
  const values = await judgedValues(deps, version, importedValues(catalogue, live), ['input', 'instanceId']);
  return { projectId: instance.projectId, versionId: instance.versionId, values, origin: id, description: null };
}
