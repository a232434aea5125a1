/** Relay paging over a keyset: cursors are the row's sort key and id, opaque to callers. */
import { invalidInput } from '../../kernel/errors.ts';
import type { Connection, Page } from './api.ts';

export const defaultPageSize = 20;
/** Beyond this nothing is served, whatever the limits of the API say (`COFFER_LIMITS`). */
export const maxPageSize = 1_000;

export interface KeysetWindow {
  limit: number;
  /** rows are read backwards (last/before) and turned round after */
  backwards: boolean;
  from: { key: string; id: string } | null;
}

export const encodeKey = (key: string, id: string): string => Buffer.from(JSON.stringify([key, id])).toString('base64url');

function decodeKey(path: string, cursor: string): { key: string; id: string } {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'string') return { key: value[0], id: value[1] };
  } catch { /* told below */ }
  throw invalidInput([{ path: [path], message: 'is not a cursor of this list' }]);
}

export function windowOf(page: Page): KeysetWindow {
  const backwards = page.last !== null && page.last !== undefined;
  const size = (backwards ? page.last : page.first) ?? defaultPageSize;
  if (size < 0 || size > maxPageSize) throw invalidInput([{ path: [backwards ? 'last' : 'first'], message: `must be 0 to ${maxPageSize}` }]);
  if (backwards && page.first !== null && page.first !== undefined) throw invalidInput([{ path: ['first'], message: 'give first or last, not both' }]);
  const cursor = backwards ? page.before : page.after;
  return { limit: size, backwards, from: cursor ? decodeKey(backwards ? 'before' : 'after', cursor) : null };
}

/** `rows` were read with limit + 1, in reading direction. */
export function toConnection<T>(rows: T[], window: KeysetWindow, totalCount: number, keyOf: (row: T) => { key: string; id: string }): Connection<T> {
  const more = rows.length > window.limit;
  const page = rows.slice(0, window.limit);
  if (window.backwards) page.reverse();
  return {
    totalCount,
    edges: page.map((node) => { const { key, id } = keyOf(node); return { cursor: encodeKey(key, id), node }; }),
    hasNextPage: window.backwards ? window.from !== null : more,
    hasPreviousPage: window.backwards ? more : window.from !== null,
  };
}
