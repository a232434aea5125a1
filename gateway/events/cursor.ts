/**
 * Positions in the event log and the cursors that carry them. Order is (xid, id): the id alone is given out before a
 * transaction commits, so it does not tell what a reader has already seen.
 *
 * A cursor is `generation.xid.id`, right after a snapshot followed by `~xmin:xmax:xip,…`: of the events behind the
 * position, those that the snapshot already showed are passed over.
 */

export interface Position { xid: number; id: number }

/** `pg_current_snapshot()` in parts. */
export interface Snapshot { xmin: number; xmax: number; running: ReadonlySet<number>; text: string }

export interface Cursor { generation: number; position: Position; snapshot: Snapshot | null }

const MAX_CURSOR_LENGTH = 8_192;
const CURSOR = /^(\d{1,9})\.(\d{1,15})\.(\d{1,15})(?:~(\d{1,15}:\d{1,15}:[\d,]*))?$/;

export const comparePositions = (a: Position, b: Position): number => a.xid - b.xid || a.id - b.id;
export const isAfter = (a: Position, b: Position): boolean => comparePositions(a, b) > 0;

export function parseSnapshot(text: string): Snapshot {
  const [xmin = '', xmax = '', running = ''] = text.split(':');
  return { xmin: Number(xmin), xmax: Number(xmax), running: new Set(running === '' ? [] : running.split(',').map(Number)), text };
}

/** Whether the snapshot shows what the transaction did (given that it committed). */
export const isVisibleIn = (snapshot: Snapshot, xid: number): boolean =>
  xid < snapshot.xmin || (xid < snapshot.xmax && !snapshot.running.has(xid));

/** The position right before the first transaction that the snapshot may not show. */
export const positionOf = (snapshot: Snapshot): Position => ({ xid: snapshot.xmin, id: 0 });

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
