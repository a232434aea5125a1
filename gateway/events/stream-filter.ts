/** What one subscriber is still to be told. Pure but for its own position. */
import { encodeCursor, isAfter, isVisibleIn, type Position, type Snapshot } from './cursor.ts';
import { withCursor, type Entry } from './event-row.ts';
import type { LogEvent } from './feed.ts';

export interface StreamFilter {
  /** The event under the cursor to resume from, or null when the subscriber has it already. */
  pass(entry: Entry): LogEvent | null;
  /** Everything up to here has been passed by other means. */
  skipTo(position: Position): void;
}

/**
 * Invariant: whoever resumes from a cursor given out here is told exactly the events that were not told before it. So
 * the snapshot stays in the cursor as long as a transaction it showed may still lie behind the position.
 */
export function createStreamFilter(generation: number, from: Position, snapshot: Snapshot | null): StreamFilter {
  let passed = from;
  return {
    pass(entry) {
      if (!isAfter(entry.position, passed)) return null;
      passed = entry.position;
      if (snapshot && isVisibleIn(snapshot, entry.position)) return null;
      return snapshot && entry.position.xid < snapshot.xmax ? withCursor(entry.event, encodeCursor(generation, entry.position, snapshot)) : entry.event;
    },
    skipTo(position) {
      if (isAfter(position, passed)) passed = position;
    },
  };
}
