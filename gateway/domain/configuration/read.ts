/** Reading configuration groups: a list is one statement, whatever its length. Foreign ones are missing. */
import { invalidInput } from '../../../kernel/errors.ts';
import type { Tx } from '../../store/tx.ts';
import type { Caller, ConfigurationFilter, Connection, Lookup, Page } from '../api.ts';
import { isGiven } from '../given.ts';
import type { ConfigurationSight } from '../instance/observation.ts';
import { toConnection, windowOf } from '../paging.ts';
import { seesProject } from '../policy.ts';
import { resolveProject } from '../project.ts';
import type { AttachmentDoc, ConfigurationDoc, RevisionDoc } from './document.ts';
import { configurationDocSql, configurationFrom, readRevisions, selectConfigurations } from './rows.ts';

export async function listConfigurations(tx: Tx, caller: Caller, page: Page, filter: ConfigurationFilter): Promise<Connection<ConfigurationDoc>> {
  const window = windowOf(page);
  const clauses = ['c.deleted_at is null'];
  const values: unknown[] = [];
  const add = (make: (n: string) => string, value: unknown): void => { values.push(value); clauses.push(make(`$${values.length}`)); };
  if (caller.role !== 'OPERATOR') add((n) => `c.project_id = ${n}`, caller.projectId);
  if (isGiven(filter.projectId)) add((n) => `c.project_id = ${n}`, filter.projectId);
  if (isGiven(filter.datastore)) add((n) => `c.datastore = ${n}`, filter.datastore);
  if (isGiven(filter.name)) add((n) => `c.name = ${n}`, filter.name);
  const where = clauses.join(' and ');
  const direction = window.backwards ? 'desc' : 'asc';
  let keyset = '';
  if (window.from) { values.push(window.from.id); keyset = ` and c.id ${window.backwards ? '<' : '>'} $${values.length}`; }
  values.push(window.limit + 1);
  const [row] = await tx.query<{ total: number; docs: ConfigurationDoc[] | null }>(
    `select (select count(*) from configuration c where ${where})::int as total,
            (select json_agg(doc order by id ${direction}) from (select c.id, ${configurationDocSql} as doc from ${configurationFrom} where ${where}${keyset} order by c.id ${direction} limit $${values.length}) page) as docs`, values);
  return toConnection(row?.docs ?? [], window, row?.total ?? 0, (doc) => ({ key: '', id: doc.id }));
}

export async function findConfiguration(tx: Tx, caller: Caller, by: Lookup): Promise<ConfigurationDoc | null> {
  if ('id' in by) return (await findConfigurations(tx, caller, [by.id]))[0] ?? null;
  const projectId = await resolveProject(tx, caller, by.name.projectId, ['by', 'name', 'projectId']);
  const [doc] = await selectConfigurations(tx, 'c.project_id = $1 and c.name = $2 and c.deleted_at is null', [projectId, by.name.name]);
  return doc ?? null;
}

export async function findConfigurations(tx: Tx, caller: Caller, ids: readonly string[]): Promise<(ConfigurationDoc | null)[]> {
  const found = new Map((await selectConfigurations(tx, 'c.id = any($1::text[]) and c.deleted_at is null', [ids])).map((doc) => [doc.id, doc]));
  return ids.map((id) => { const doc = found.get(id); return doc && seesProject(caller, doc.projectId) ? doc : null; });
}

/** The group has been found for the caller. */
export async function listAttachments(tx: Tx, configurationId: string, page: Page): Promise<Connection<AttachmentDoc>> {
  const window = windowOf(page);
  const [row] = await tx.query<{ total: number; rows: { id: string; revision: number; sight: ConfigurationSight | null; operationId: string | null }[] | null }>(
    `select (select count(*) from instance i where i.configuration_id = $1 and i.deleted_at is null)::int as total,
            (select json_agg(a order by a.id) from (select i.id, i.configuration_revision as revision, i.observation->'configuration' as sight,
               (select o.id from operation o where o.subject_id = i.id and o.kind = 'instance.configure' order by o.id desc limit 1) as "operationId" from instance i
               where i.configuration_id = $1 and i.deleted_at is null and ($2::text is null or i.id > $2) order by i.id limit $3) a) as rows`,
    [configurationId, window.from?.id ?? null, window.limit + 1]);
  const docs = (row?.rows ?? []).map(({ id, revision, sight, operationId }): AttachmentDoc => ({ configurationId, instanceId: id, revision, applied: appliedOf(sight), restartRequired: sight?.restartRequired ?? [], operationId }));
  return toConnection(docs, window, row?.total ?? 0, (doc) => ({ key: '', id: doc.instanceId }));
}

/** `<id>/<revision>` */
export function appliedOf(sight: ConfigurationSight | null | undefined): AttachmentDoc['applied'] {
  const [, id, revision] = /^(.+)\/(\d+)$/.exec(sight?.applied ?? '') ?? [];
  return id === undefined ? null : { id, revision: Number(revision) };
}

/** Newest first. */
export async function listHistory(tx: Tx, configuration: ConfigurationDoc, page: Page): Promise<Connection<RevisionDoc>> {
  const window = windowOf({ first: page.first, after: page.after });
  const before = window.from ? Number(window.from.id) : null;
  if (Number.isNaN(before)) throw invalidInput([{ path: ['after'], message: 'is not a cursor of this list' }]);
  // Revisions have no gaps.
  return toConnection(await readRevisions(tx, configuration.id, before, window.limit + 1), window, configuration.revision, (doc) => ({ key: '', id: String(doc.revision) }));
}
