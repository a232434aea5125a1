/**
 * The latest events, in memory: whoever resumes from a cursor in here costs the store nothing, and when a gateway was
 * lost that is nearly everybody.
 */
import { isAfter, type Position } from './cursor.ts';
import type { Entry } from './event-row.ts';

export interface Recent {
  add(entries: readonly Entry[]): void;
  /** All entries after the position, or null when some of them are no longer (or were never) in memory. */
  after(position: Position): readonly Entry[] | null;
  size(): number;
}

/**
 * Behind which position a first page of latest events is complete: a full page has a past in the table; a page that is
 * not full reaches back to the beginning, or to where the log was pruned.
 */
export const floorOf = (latest: readonly Entry[], isFull: boolean, pruned: Position): Position =>
  isFull && latest[0] ? latest[0].position : pruned;

export function createRecent(floor: Position, limits: { maxEntries: number; maxBytes: number }): Recent {
  let entries: Entry[] = [];
  let start = 0;
  let bytes = 0;
  return {
    add(more) {
      for (const entry of more) {
        entries.push(entry);
        bytes += entry.sizeBytes;
      }
      while (entries.length - start > limits.maxEntries || (bytes > limits.maxBytes && start < entries.length)) {
        const dropped = entries[start++]!;
        bytes -= dropped.sizeBytes;
        floor = dropped.position;
      }
      // Cut rarely: each cut copies what is left.
      if (start > limits.maxEntries) {
        entries = entries.slice(start);
        start = 0;
      }
    },
    after(position) {
      if (isAfter(floor, position)) return null;
      let low = start;
      let high = entries.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (isAfter(entries[middle]!.position, position)) high = middle;
        else low = middle + 1;
      }
      return entries.slice(low);
    },
    size: () => entries.length - start,
  };
}
