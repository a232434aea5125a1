/** Reading instances: one statement that returns one JSON text, whatever the length of the list. */
import { instanceDocSql } from '../../store/instance-document.ts';
import type { Tx } from '../../store/tx.ts';
import type { Caller, Connection, InstanceFilter, InstanceOrder, Lookup, Page } from '../api.ts';
import { isGiven } from '../given.ts';
import { toConnection, windowOf } from '../paging.ts';
import { requireAction, seesProject } from '../policy.ts';
import { resolveProject } from '../project.ts';
import type { InstanceDoc } from './document.ts';
import { type InstanceDocuments, versionSql } from './documents.ts';

interface Where { text: string; values: unknown[] }

/** Also used by the `instances` subscription's snapshot, so that list and stream agree on what matches. */
export function instanceWhere(caller: Caller, filter: InstanceFilter, alias = 'i'): Where {
  const clauses: string[] = [];
  const values: unknown[] = [];
  const add = (make: (n: string) => string, value: unknown): void => { values.push(value); clauses.push(make(`$${values.length}`)); };
  if (caller.role !== 'OPERATOR') add((n) => `${alias}.project_id = ${n}`, caller.projectId);
  if (isGiven(filter.projectId)) add((n) => `${alias}.project_id = ${n}`, filter.projectId);
  if (!filter.includeDeleted) clauses.push(`${alias}.deleted_at is null`);
  if (isGiven(filter.name)) add((n) => `${alias}.name = ${n}`, filter.name);
  if (isGiven(filter.datastore)) add((n) => `${alias}.datastore = ${n}`, filter.datastore);
  if (filter.status && filter.status.length > 0) add((n) => `${alias}.status = any(${n}::text[])`, filter.status);
  if (filter.tag) {
    const { key, value } = filter.tag;
    add((n) => `${alias}.tags @> ${n}::jsonb`, JSON.stringify([value === null || value === undefined ? { key } : { key, value }]));
  }
  return { text: clauses.length === 0 ? 'true' : clauses.join(' and '), values };
}

/** The same filter on a document, for live events. */
export function instanceMatches(caller: Caller, filter: InstanceFilter, doc: InstanceDoc): boolean {
  if (!seesProject(caller, doc.projectId)) return false;
  if (isGiven(filter.projectId) && doc.projectId !== filter.projectId) return false;
  if (!filter.includeDeleted && doc.deletedAt !== null) return false;
  if (isGiven(filter.name) && doc.name !== filter.name) return false;
  if (isGiven(filter.datastore) && doc.datastore !== filter.datastore) return false;
  if (filter.status && filter.status.length > 0 && !filter.status.includes(doc.status)) return false;
  const tag = filter.tag;
  return !tag || doc.tags.some((t) => t.key === tag.key && (tag.value === null || tag.value === undefined || t.value === tag.value));
}

const orderColumn = { CREATED_AT: 'created_at', NAME: 'name' } as const;

export async function listInstances(tx: Tx, documents: InstanceDocuments, caller: Caller, page: Page, filter: InstanceFilter, order: InstanceOrder): Promise<Connection<InstanceDoc>> {
  if (filter.includeDeleted) requireAction(caller, 'instance.read-deleted');
  const window = windowOf(page);
  const where = instanceWhere(caller, filter);
  const descending = (order.direction === 'DESC') !== window.backwards;
  // ids are sortable by creation, so (created_at) order is id order: one key serves
  const column = orderColumn[order.field] === 'name' ? 'i.name' : 'i.id';
  const values = [...where.values];
  let keyset = '';
  if (window.from) {
    values.push(window.from.key, window.from.id);
    keyset = ` and (${column}, i.id) ${descending ? '<' : '>'} ($${values.length - 1}, $${values.length})`;
  }
  values.push(window.limit + 1);
  const direction = descending ? 'desc' : 'asc';
  const [row] = await tx.query<{ total: number; versions: string }>(
    `select (select count(*) from instance i where ${where.text})::int as total,
            array_to_string(array(select ${versionSql('i')} from instance i where ${where.text}${keyset} order by ${column} ${direction}, i.id ${direction} limit $${values.length}), ' ') as versions`,
    values,
  );
  const docs = row?.versions ? await documents.of(tx, row.versions.split(' ')) : [];
  return toConnection(docs, window, row?.total ?? 0, (d) => ({ key: column === 'i.name' ? d.name : d.id, id: d.id }));
}

/** Null for what is missing and for what the caller may not see alike. Operators also find deleted ones by id. */
export async function findInstance(tx: Tx, caller: Caller, by: Lookup): Promise<InstanceDoc | null> {
  let where: Where;
  if ('id' in by) where = { text: 'i.id = $1', values: [by.id] };
  else {
    const projectId = await resolveProject(tx, caller, by.name.projectId, ['by', 'name', 'projectId']);
    where = { text: 'i.project_id = $1 and i.name = $2 and i.deleted_at is null', values: [projectId, by.name.name] };
  }
  const [row] = await tx.query<{ doc: string }>(`select (${instanceDocSql('i')})::text as doc from instance i where ${where.text}`, where.values);
  const doc = row ? (JSON.parse(row.doc) as InstanceDoc) : null;
  return doc && seesProject(caller, doc.projectId) && (doc.deletedAt === null || caller.role === 'OPERATOR') ? doc : null;
}

export async function findInstances(tx: Tx, caller: Caller, ids: readonly string[]): Promise<(InstanceDoc | null)[]> {
  const rows = await tx.query<{ doc: string }>(`select (${instanceDocSql('i')})::text as doc from instance i where i.id = any($1::text[])`, [ids]);
  const byId = new Map(rows.map((r) => { const doc = JSON.parse(r.doc) as InstanceDoc; return [doc.id, doc]; }));
  return ids.map((id) => {
    const doc = byId.get(id);
    return doc && seesProject(caller, doc.projectId) && (doc.deletedAt === null || caller.role === 'OPERATOR') ? doc : null;
  });
}
