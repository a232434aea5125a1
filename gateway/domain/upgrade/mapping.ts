/** Which configuration group an instance has after an upgrade: one of the new version, or its values taken along into one that is made. */
import { CofferError, invalidInput, type InputIssue } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import type { Finding } from '../../../strategies/spi/guest.ts';
import type { UpgradeGroup } from '../../operations/workflows/upgrade-instance.ts';
import type { Caller, UpgradeInput, VersionDoc } from '../api.ts';
import { requireFit } from '../configuration/attach.ts';
import { judgedValues, siteIssues } from '../configuration/judge.ts';
import { findConfiguration } from '../configuration/read.ts';
import { freeName, readRevision, sameValues, selectConfigurations } from '../configuration/rows.ts';
import { judgeValues, sizeProblem, type StoredValue } from '../configuration/values.ts';
import type { DomainDeps } from '../deps.ts';
import { isGiven } from '../given.ts';
import type { InstanceDoc } from '../instance/document.ts';
import { requireOn } from '../policy.ts';

export interface Mapped { group: UpgradeGroup | null; findings: Finding[] }
type Mapping = NonNullable<UpgradeInput['configuration']>;

const path = ['input', 'configuration'];
const longestName = 59; // room for a number, where the name is taken

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
  if (isGiven(mapping.configurationId)) {
    for (const field of ['drop', 'set'] as const) {
      if (mapping[field]?.length) throw invalidInput([{ path: [...path, field], message: 'is for values that are taken along, and not for a group that is named' }]);
    }
    return { group: await namedGroup(deps, caller, instance, to, mapping.configurationId), findings: [] };
  }
  const { values } = await readRevision(deps.store, present.id, present.revision);
  const { kept, dropped } = await takeAlong(deps, instance, to, values, mapping);
  const origin = `${present.id}/${present.revision}`;
  const follower = (await selectConfigurations(deps.store, FOLLOWERS, [instance.projectId, to.id, origin])).find((one) => sameValues(one.values, kept));
  const isLeft = dropped.map((name): Finding => ({ severity: 'WARNING', subject: name, message: 'it is not taken along' }));
  if (follower) {
    return { group: await namedGroup(deps, caller, instance, to, follower.id), findings: [{ severity: 'WARNING', subject: follower.name, message: `this group was made for ${to.name} with the values of ${former.name} before, and follows it here too` }, ...isLeft] };
  }
  const made = { name: followerName(former.name, to.name), description: former.description, values: kept, origin };
  const findings: Finding[] = [
    // As things are; its name is taken when it is made.
    { severity: 'WARNING', subject: await freeName(deps.store, instance.projectId, made.name), message: `this group is made for ${to.name} with the values of ${former.name}, once the upgrade has succeeded` },
    ...isLeft,
  ];
  return { group: { id: newId('Configuration'), revision: 1, made }, findings };
}

/** A long name is cut before the version, which is what tells the two apart. */
function followerName(former: string, version: string): string {
  const ending = `-${version.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-').slice(0, 20)}`.replace(/-+$/, '');
  return `${former.slice(0, longestName - ending.length).replace(/-+$/, '')}${ending}`;
}

/** Of the same revision, for another instance of it before: a fleet that goes along one by one has one group in the end. */
const FOLLOWERS = `c.project_id = $1 and c.version_id = $2 and c.deleted_at is null
  and exists (select 1 from configuration_revision f where f.configuration_id = c.id and f.revision = 1 and f.origin = $3) order by c.id`;

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

/** What no longer exists or is no longer valid has to be dropped or set anew in the same call: every such value is named. */
async function takeAlong(deps: DomainDeps, instance: InstanceDoc, to: VersionDoc, values: readonly StoredValue[], mapping: Mapping): Promise<{ kept: StoredValue[]; dropped: string[] }> {
  const [drop, set] = [mapping.drop ?? [], mapping.set ?? []];
  const version = { datastore: to.datastore, track: to.name };
  const anew = await judgedValues(deps, version, set, [...path, 'set']);
  const left = values.filter(({ name }) => !drop.includes(name) && !anew.some((value) => value.name === name));
  const { specs } = await deps.parameters.parametersOf(version.datastore, version.track);
  const judged = judgeValues(specs, left.map(({ name, value }) => ({ name, value })));
  const kept = [...judged.values, ...anew];
  const issues: InputIssue[] = [
    ...drop.flatMap((name, i) => (values.some((value) => value.name === name) ? [] : [{ path: [...path, 'drop', String(i)], message: `the group does not set ${name}` }])),
    ...set.flatMap(({ name }, i) => (drop.includes(name) ? [{ path: [...path, 'set', String(i), 'name'], message: `${name} is to be dropped too: name it in one of the two` }] : [])),
    ...[sizeProblem(kept)].flatMap((message) => (message === null ? [] : [{ path: [...path, 'set'], message }])),
    ...judged.issues.map(({ name, message }) => ({ path: [...path, 'drop'], message: `${name} ${message} (${to.datastore} ${to.name}): name it here to go on without it, or set what takes its place` })),
  ];
  if (issues.length === 0) issues.push(...(await siteIssues(deps, version, kept, [siteOf(instance)], (parameter) => [...path, anew.some(({ name }) => name === parameter) ? 'set' : 'drop'])));
  if (issues.length > 0) throw invalidInput(issues);
  return { kept, dropped: [...drop] };
}

/** What was judged is what the locked row has. */
export function requireSameGroup(judged: Pick<InstanceDoc, 'configuration'>, now: { id: string; revision: number } | null): void {
  if (JSON.stringify(judged.configuration) !== JSON.stringify(now)) throw new CofferError('CONFLICT.STALE', 'the configuration of the instance was changed meanwhile', { remedy: 'Try again.' });
}
