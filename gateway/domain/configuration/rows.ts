/** Configuration groups in the store: documents made in one statement, changes under the row's lock. */
import { notFound } from '../../../kernel/errors.ts';
import { jsonTimeSql } from '../../store/json-time.ts';
import type { Tx } from '../../store/tx.ts';
import type { Caller } from '../api.ts';
import type { GroupRevision } from '../instance/document.ts';
import { requireOn, type Action } from '../policy.ts';
import type { ConfigurationDoc, RevisionChange, RevisionDoc } from './document.ts';
import type { StoredValue } from './values.ts';

/** A JSON expression over a group `c` and its newest revision `r`. */
export const configurationDocSql = `json_build_object('id', c.id, 'projectId', c.project_id, 'name', c.name, 'description', c.description, 'datastore', c.datastore, 'track', c.track,
  'versionId', c.version_id, 'revision', c.revision, 'values', r.values, 'createdAt', ${jsonTimeSql('c.created_at')}, 'updatedAt', ${jsonTimeSql('c.updated_at')}, 'deletedAt', ${jsonTimeSql('c.deleted_at')})`;
export const configurationFrom = 'configuration c join configuration_revision r on r.configuration_id = c.id and r.revision = c.revision';

/** `where` speaks of the aliases `c` and `r`. */
export async function selectConfigurations(tx: Tx, where: string, values: readonly unknown[]): Promise<ConfigurationDoc[]> {
  const rows = await tx.query<{ doc: ConfigurationDoc }>(`select ${configurationDocSql} as doc from ${configurationFrom} where ${where}`, values);
  return rows.map((row) => row.doc);
}

/** Of one that the caller sees. `update` is for changes; with `share` it is neither changed nor deleted before the transaction ends. */
export async function lockConfiguration(tx: Tx, caller: Caller, action: Action, id: string, strength: 'update' | 'share'): Promise<ConfigurationDoc> {
  await tx.query(`select 1 from configuration where id = $1 for ${strength}`, [id]);
  const [found] = await selectConfigurations(tx, 'c.id = $1 and c.deleted_at is null', [id]);
  return requireOn(caller, action, `configuration ${id}`, found, (doc) => doc.projectId);
}

const REVISION = `select r.revision, r.values, r.actor, ${jsonTimeSql('r.at')} as at, r.change, r.origin from configuration_revision r`;

export async function readRevision(tx: Tx, id: string, revision: number): Promise<RevisionDoc> {
  const [row] = await tx.query<RevisionDoc>(`${REVISION} where r.configuration_id = $1 and r.revision = $2`, [id, revision]);
  if (!row) throw notFound(`revision ${revision} of configuration ${id}`);
  return row;
}

/** Newest first. */
export const readRevisions = (tx: Tx, id: string, before: number | null, limit: number): Promise<RevisionDoc[]> =>
  tx.query<RevisionDoc>(`${REVISION} where r.configuration_id = $1 and ($2::int is null or r.revision < $2) order by r.revision desc limit $3`, [id, before, limit]);

/** What is kept of a value: what the catalogue says besides may change. */
const kept = (values: readonly StoredValue[]): string =>
  JSON.stringify(values.map(({ name, value, kind }) => ({ name, value, kind })).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)));

export async function insertRevision(tx: Tx, revision: GroupRevision & { values: readonly StoredValue[]; actor: string; change: RevisionChange; origin: string | null }): Promise<void> {
  const { id, revision: number, values, actor, change, origin } = revision;
  await tx.query('insert into configuration_revision (configuration_id, revision, values, actor, change, origin) values ($1, $2, $3::json, $4, $5, $6)', [id, number, kept(values), actor, change, origin]);
}

export const sameValues = (a: readonly StoredValue[], b: readonly StoredValue[]): boolean => kept(a) === kept(b);

/** An instance that a change of the group concerns. One whose create failed has no engine, and can only be deleted. */
export interface Site { id: string; name: string; flavorId: string; volumeGb: number; wanted: number }
export const selectSites = (tx: Tx, configurationId: string): Promise<Site[]> => tx.query<Site>(
  `select id, name, flavor_id as "flavorId", volume_gb as "volumeGb", configuration_revision as wanted
     from instance where configuration_id = $1 and deleted_at is null and not released and (prepared or task_id is not null) order by id`, [configurationId]);

/** An operation that takes the group off an instance, which gets it back when that fails, or brings an instance to it with another version. */
export async function findLeaving(tx: Tx, configurationId: string): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>(
    `select id from operation where kind in ('instance.configure', 'instance.upgrade') and state in ('PENDING', 'RUNNING', 'CANCELLING')
        and (input->'before'->>'id' = $1 or (kind = 'instance.upgrade' and input->'configuration'->>'id' = $1)) limit 1`, [configurationId]);
  return row?.id ?? null;
}

/** An upgrade that brings an instance to the group, in the revision that it had when the upgrade began. One that has it already stays in turn. */
export async function findArriving(tx: Tx, configurationId: string): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>(
    `select id from operation where kind = 'instance.upgrade' and state in ('PENDING', 'RUNNING', 'CANCELLING') and input->'configuration'->>'id' = $1
        and input->'before'->>'id' is distinct from $1 limit 1`, [configurationId]);
  return row?.id ?? null;
}

/** The latest rollout of the group. */
export async function findLatestRollout(tx: Tx, configurationId: string): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>(`select id from operation where subject_id = $1 and kind = 'configuration.rollout' order by id desc limit 1`, [configurationId]);
  return row?.id ?? null;
}

/** An instance that a rollout has brought to another revision, and that was not brought to a further one since. */
export interface Reached { id: string; name: string; flavorId: string; volumeGb: number; wanted: number; before: number }
export const selectReached = (tx: Tx, configurationId: string, rolloutId: string): Promise<Reached[]> => tx.query<Reached>(
  `select i.id, i.name, i.flavor_id as "flavorId", i.volume_gb as "volumeGb", i.configuration_revision as wanted, (o.input->'before'->>'revision')::int as before
     from operation o join instance i on i.id = o.subject_id and i.configuration_id = $1 and i.deleted_at is null and not i.released
    where o.parent_id = $2 and o.state = 'SUCCEEDED' and i.configuration_revision = (o.input->'configuration'->>'revision')::int
      and not exists (select 1 from operation later where later.subject_id = o.subject_id and later.kind = 'instance.configure' and later.id > o.id
                        and (later.state not in ('SUCCEEDED', 'FAILED', 'CANCELLED') or (later.state = 'SUCCEEDED' and later.input->'configuration' is distinct from later.input->'before'))) order by i.id`, [configurationId, rolloutId]);

/** The operation that rolls the group out now. */
export async function findRollout(tx: Tx, configurationId: string): Promise<string | null> {
  const [row] = await tx.query<{ operation_id: string }>('select operation_id from subject_lock where subject_id = $1 limit 1', [configurationId]);
  return row?.operation_id ?? null;
}

/** `wanted` itself, or with the first number that makes it free in the project. */
export async function freeName(tx: Tx, projectId: string, wanted: string): Promise<string> {
  const rows = await tx.query<{ name: string }>('select name from configuration where project_id = $1 and deleted_at is null', [projectId]);
  const taken = new Set(rows.map(({ name }) => name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted.slice(0, longestName - 4)}-${number}`;
    if (!taken.has(name)) return name;
  }
}
const longestName = 63;
