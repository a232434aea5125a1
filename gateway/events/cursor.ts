/**
 * Positions in the event log and the cursors that carry them. Order is (xid, id): the id alone is given out before a
 * transaction commits, so it does not tell what a reader has already seen.
 *
 * A cursor is `generation.xid.id`, right after a snapshot followed by `~xmin:xmax:xip,…:newest`: of the events behind the
 * position, those that the snapshot already showed are passed over.
 *
 * A store that crashed gives out again the transaction ids of what had neither committed nor been written down, and an
 * open or rolled back transaction had moved the horizon all the same. So a position is always that of an event, never a
 * bare horizon, and what a snapshot showed is told by the ids of events too: neither of a committed one comes again.
 */

export interface Position { xid: number; id: number }

/** `pg_current_snapshot()` in parts, and the newest event it shows. */
export interface Snapshot { xmin: number; xmax: number; running: ReadonlySet<number>; newestId: number; text: string }

export interface Cursor { generation: number; position: Position; snapshot: Snapshot | null }

const MAX_CURSOR_LENGTH = 8_192;
const CURSOR = /^(\d{1,9})\.(\d{1,15})\.(\d{1,15})(?:~(\d{1,15}:\d{1,15}:[\d,]*:\d{1,15}))?$/;

export const comparePositions = (a: Position, b: Position): number => a.xid - b.xid || a.id - b.id;
export const isAfter = (a: Position, b: Position): boolean => comparePositions(a, b) > 0;

/** Of `xmin:xmax:xip,…:newest`. */
export function parseSnapshot(text: string): Snapshot {
  const [xmin = '', xmax = '', running = '', newest = ''] = text.split(':');
  return { xmin: Number(xmin), xmax: Number(xmax), running: new Set(running === '' ? [] : running.split(',').map(Number)), newestId: Number(newest), text };
}

/** Whether the snapshot shows the event there (given that its transaction committed). */
export const isVisibleIn = (snapshot: Snapshot, { xid, id }: Position): boolean =>
  id <= snapshot.newestId && (xid < snapshot.xmin || (xid < snapshot.xmax && !snapshot.running.has(xid)));

/** The snapshot is left out as soon as nothing behind the position can be visible in it. */
export function encodeCursor(generation: number, position: Position, snapshot: Snapshot | null = null): string {
  const plain = `${generation}.${position.xid}.${position.id}`;
  return snapshot && position.xid < snapshot.xmax ? `${plain}~${snapshot.text}` : plain;
}

/** Null for anything that is not a cursor of ours. */
export function decodeCursor(text: string): Cursor | null {
  const match = text.length <= MAX_CURSOR_LENGTH ? CURSOR.exec(text) : null;
  if (!match) return null;
  const [, generation, xid, id, snapshot] = match;
  return { generation: Number(generation), position: { xid: Number(xid), id: Number(id) }, snapshot: snapshot ? parseSnapshot(snapshot) : null };
}
