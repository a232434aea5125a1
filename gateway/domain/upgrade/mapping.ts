/** Which configuration group an instance has after an upgrade: one of the new version, or its values taken along into one that is made. */
import { CofferError, invalidInput, type InputIssue } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import type { Finding } from '../../../strategies/spi/guest.ts';
import type { UpgradeGroup } from '../../operations/workflows/upgrade-instance.ts';
import type { Caller, UpgradeInput, VersionDoc } from '../api.ts';
import { requireFit } from '../configuration/attach.ts';
import { siteIssues } from '../configuration/judge.ts';
import { findConfiguration } from '../configuration/read.ts';
import { readRevision } from '../configuration/rows.ts';
import { judgeValues, type StoredValue } from '../configuration/values.ts';
import type { DomainDeps } from '../deps.ts';
import type { InstanceDoc } from '../instance/document.ts';
import { requireOn } from '../policy.ts';

export interface Mapped { group: UpgradeGroup | null; findings: Finding[] }
type Mapping = NonNullable<UpgradeInput['configuration']>;

const path = ['input', 'configuration'];
const longestName = 60;

export async function mapConfiguration(deps: DomainDeps, caller: Caller, instance: InstanceDoc, to: VersionDoc, mapping: Mapping | null): Promise<Mapped> {
  const { configuration: present } = instance;
  if (to.id === instance.versionId) {
    if (mapping) throw invalidInput([{ path, message: 'is for another version: the group stays' }]);
    return { group: present && { ...present, made: null }, findings: [] };
  }
  if (present === null) {
    if (mapping) throw invalidInput([{ path, message: `${instance.name} has no configuration` }]);
    return { group: null, findings: [] };
  }
  const former = requireOn(caller, 'configuration.read', `configuration ${present.id}`, await findConfiguration(deps.store, caller, { id: present.id }), (doc) => doc.projectId);
  if (!mapping) {
    throw invalidInput([{ path, message: `${instance.name} has the configuration ${former.name}, which is for ${former.datastore} ${former.track}: name one for ${to.name} by its configurationId, or give {} to take the values along` }]);
  }
  if (mapping.configurationId) {
    if (mapping.drop && mapping.drop.length > 0) throw invalidInput([{ path: [...path, 'drop'], message: 'is for values that are taken along, and not for a group that is named' }]);
    return { group: await namedGroup(deps, caller, instance, to, mapping.configurationId), findings: [] };
  }
  const { values } = await readRevision(deps.store, present.id, present.revision);
  const { kept, dropped } = await takeAlong(deps, instance, to, values, mapping.drop ?? []);
  const made = { name: `${former.name}-${to.name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')}`.slice(0, longestName).replace(/-+$/, ''), description: former.description, values: kept, origin: `${present.id}/${present.revision}` };
  const findings: Finding[] = [
    { severity: 'WARNING', subject: made.name, message: `this group is made for ${to.name} with the values of ${former.name}, once the upgrade has succeeded` },
    ...dropped.map((name): Finding => ({ severity: 'WARNING', subject: name, message: 'it is not taken along' })),
  ];
  return { group: { id: newId('Configuration'), revision: 1, made }, findings };
}

async function namedGroup(deps: DomainDeps, caller: Caller, instance: InstanceDoc, to: VersionDoc, id: string): Promise<UpgradeGroup> {
  const group = requireOn(caller, 'configuration.attach', `configuration ${id}`, await findConfiguration(deps.store, caller, { id }), (doc) => doc.projectId);
  if (group.projectId !== instance.projectId || group.versionId !== to.id) {
    throw invalidInput([{ path: [...path, 'configurationId'], message: `configuration ${group.name} is for ${group.datastore} ${group.track} of its project, and not for ${to.datastore} ${to.name} of the instance's` }]);
  }
  requireFit(deps, { ...instance, versionId: to.id, track: to.name }, group);
  const issues = await siteIssues(deps, { datastore: to.datastore, track: to.name }, group.values, [siteOf(instance)], () => [...path, 'configurationId']);
  if (issues.length > 0) throw invalidInput(issues);
  return { id: group.id, revision: group.revision, made: null };
}

const siteOf = ({ id, name, flavorId, volumeGb }: InstanceDoc) => ({ id, name, flavorId, volumeGb, wanted: 0 });

/** What no longer exists or is no longer valid has to be dropped in the same call: every such value is named. */
async function takeAlong(deps: DomainDeps, instance: InstanceDoc, to: VersionDoc, values: readonly StoredValue[], drop: readonly string[]): Promise<{ kept: StoredValue[]; dropped: string[] }> {
  const version = { datastore: to.datastore, track: to.name };
  const left = values.filter(({ name }) => !drop.includes(name));
  const { specs } = await deps.parameters.parametersOf(version.datastore, version.track);
  const judged = judgeValues(specs, left.map(({ name, value }) => ({ name, value })));
  const issues: InputIssue[] = [
    ...drop.flatMap((name, i) => (values.some((value) => value.name === name) ? [] : [{ path: [...path, 'drop', String(i)], message: `the group does not set ${name}` }])),
    ...judged.issues.map(({ name, message }) => ({ path: [...path, 'drop'], message: `${name} ${message} (${to.datastore} ${to.name}): name it here to go on without it` })),
  ];
  if (issues.length === 0) issues.push(...(await siteIssues(deps, version, judged.values, [siteOf(instance)], () => [...path, 'drop'])));
  if (issues.length > 0) throw invalidInput(issues);
  return { kept: judged.values, dropped: [...drop] };
}

/** What was judged is what the locked row has. */
export function requireSameGroup(judged: Pick<InstanceDoc, 'configuration'>, now: { id: string; revision: number } | null): void {
  if (JSON.stringify(judged.configuration) !== JSON.stringify(now)) throw new CofferError('CONFLICT.STALE', 'the configuration of the instance was changed meanwhile', { remedy: 'Try again.' });
}
