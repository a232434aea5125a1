import { invalidInput } from '../../kernel/errors.ts';
import type { Store } from '../store/tx.ts';
import { encodeCursor, type Position } from '../events/cursor.ts';
import { eventId } from '../events/event-row.ts';
import type { Caller, Connection, EventDoc, EventFilter, Page } from './api.ts';
import { isGiven } from './given.ts';
import { toConnection, windowOf } from './paging.ts';

interface Row { id: string; xid: string; settled_xid: string | null; settled_id: string | null; is_settled: boolean; generation: number; at: Date; type: string; phase: EventDoc['phase']; actor: string; client_address: string | null; request_id: string | null; subject: string; project_id: string | null; operation_id: string | null; data: unknown }

/** What a live event must satisfy, same as the list's. */
export const eventMatches = (filter: EventFilter, event: { subject: string; projectId: string | null; type: string; operationId: string | null }): boolean =>
  (!isGiven(filter.subject) || event.subject === filter.subject) && (!isGiven(filter.projectId) || event.projectId === filter.projectId)
  && (!isGiven(filter.type) || event.type === filter.type || (filter.type.endsWith('*') && event.type.startsWith(filter.type.slice(0, -1)))) && (!isGiven(filter.operationId) || event.operationId === filter.operationId);

const isNumber = (text: string): boolean => /^\d{1,18}$/.test(text);

/** Newest first. */
export async function listEvents(store: Store, caller: Pick<Caller, 'role' | 'projectId'>, page: Page, filter: EventFilter): Promise<Connection<EventDoc>> {
  const window = windowOf(page);
  const clauses: string[] = [];
  const values: unknown[] = [];
  const add = (make: (n: string) => string, value: unknown): void => { values.push(value); clauses.push(make(`$${values.length}`)); };
  if (caller.role !== 'OPERATOR') add((n) => `e.project_id = ${n}`, caller.projectId);
  if (isGiven(filter.projectId)) add((n) => `e.project_id = ${n}`, filter.projectId);
  if (isGiven(filter.subject)) add((n) => `e.subject = ${n}`, filter.subject);
  if (isGiven(filter.operationId)) add((n) => `e.operation_id = ${n}`, filter.operationId);
  if (isGiven(filter.type)) add((n) => `e.type like ${n}`, filter.type.replace(/[\\%_]/g, '\\$&').replace(/\*$/, '%'));
  const where = clauses.length === 0 ? 'true' : clauses.join(' and ');
  const counted = [...values];
  const descending = !window.backwards;
  let keyset = '';
  if (window.from && !(isNumber(window.from.key) && isNumber(window.from.id))) throw invalidInput([{ path: [window.backwards ? 'before' : 'after'], message: 'is not a cursor of this list' }]);
  if (window.from) { values.push(window.from.key, window.from.id); keyset = ` and (e.xid, e.id) ${descending ? '<' : '>'} ($${values.length - 1}::bigint, $${values.length}::bigint)`; }
  values.push(window.limit + 1);
  const direction = descending ? 'desc' : 'asc';
  const rows = await store.query<Row>(
    `with h as materialized (select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin),
       settled as materialized (select s.xid, s.id from event s where s.xid < (select xmin from h) and s.generation = (select generation from installation) order by s.xid desc, s.id desc limit 1)
     select e.id::text as id, e.xid::text as xid, e.generation, e.at, e.type, e.phase, e.actor, e.client_address, e.request_id, e.subject, e.project_id, e.operation_id, e.data,
            e.xid < (select xmin from h) as is_settled, (select xid from settled) as settled_xid, (select id from settled) as settled_id
       from event e where ${where}${keyset} order by e.xid ${direction}, e.id ${direction} limit $${values.length}`, values);
  const [{ n } = { n: 0 }] = await store.query<{ n: number }>(`select count(*)::int as n from event e where ${where}`, counted);
  const connection = toConnection(rows, window, n, (r) => ({ key: r.xid, id: r.id }));
  return { ...connection, edges: connection.edges.map(({ cursor, node }) => ({ cursor, node: toDoc(node) })) };
}

/**
 * While an older transaction is open, what it writes is still to come before this event: whoever resumes is then told
 * of some things again rather than never.
 */
const positionOf = (r: Row): Position => (r.is_settled ? { xid: Number(r.xid), id: Number(r.id) } : { xid: Number(r.settled_xid ?? 0), id: Number(r.settled_id ?? 0) });

const toDoc = (r: Row): EventDoc => ({
  id: eventId(r.id), cursor: encodeCursor(r.generation, positionOf(r)), at: r.at.toISOString(), type: r.type, phase: r.phase, actor: r.actor,
  clientAddress: r.client_address, requestId: r.request_id, subject: r.subject, project: r.project_id, operation: r.operation_id, data: r.data,
});
