/** Rows of the log as the driver gives them, and as subscribers see them. */
import { jsonTimeSql } from '../store/json-time.ts';
import { encodeCursor, type Position } from './cursor.ts';
import type { LogEvent } from './feed.ts';

export interface EventRow {
  xid: string; id: string; at: string; type: string; phase: string; actor: string; client_address: string | null; request_id: string | null;
  subject: string; project_id: string | null; operation_id: string | null; data: string; doc: string | null; age_ms: number;
}

export const eventColumnsSql = (e: string): string =>
  `${e}.xid, ${e}.id, ${jsonTimeSql(`${e}.at`)} as at, ${e}.type, ${e}.phase, ${e}.actor, ${e}.client_address, ${e}.request_id, ${e}.subject,
   ${e}.project_id, ${e}.operation_id, ${e}.data::text as data, ${e}.doc::text as doc,
   (extract(epoch from clock_timestamp() - ${e}.at) * 1000)::float8 as age_ms`;

/** As clients see it, the same in lists and in streams. */
export const eventId = (rowId: string): string => `ev_${rowId}`;

/** In memory: the event and where it stands. `sizeBytes` is what it roughly holds. */
export interface Entry { position: Position; event: LogEvent; sizeBytes: number }

export function toEntry(row: EventRow, generation: number): Entry {
  const position = { xid: Number(row.xid), id: Number(row.id) };
  const event = lazyEvent(row, encodeCursor(generation, position));
  return { position, event, sizeBytes: row.data.length + (row.doc?.length ?? 0) + 300 };
}

const rows = new WeakMap<LogEvent, EventRow>();

/** The same event under another cursor. */
export function withCursor(event: LogEvent, cursor: string): LogEvent {
  const row = rows.get(event);
  return row ? lazyEvent(row, cursor) : { ...event, cursor };
}

/** Documents are parsed when somebody looks, and once: most events are read by nobody, some by thousands. */
function lazyEvent(row: EventRow & { parsed?: { data?: unknown; doc?: unknown } }, cursor: string): LogEvent {
  const parsed = (row.parsed ??= {});
  const event: LogEvent = {
    cursor, id: eventId(row.id), at: row.at, type: row.type, phase: row.phase, actor: row.actor, clientAddress: row.client_address, requestId: row.request_id,
    subject: row.subject, projectId: row.project_id, operationId: row.operation_id,
    get data() { return (parsed.data ??= JSON.parse(row.data) as unknown); },
    get doc() { return row.doc === null ? null : (parsed.doc ??= JSON.parse(row.doc) as unknown); },
  };
  rows.set(event, row);
  return event;
}
