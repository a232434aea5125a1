/** What waits for one subscriber: bounded, filled by the reader, emptied by the subscriber. */
import type { Entry } from './event-row.ts';

export interface Buffer {
  push(entry: Entry): void;
  /** The next batch; null once closed. Waits while there is nothing. */
  take(): Promise<readonly Entry[] | null>;
  isOverflown(): boolean;
  close(): void;
}

export function createBuffer(limit: number): Buffer {
  let waiting: Entry[] = [];
  let wake: (() => void) | undefined;
  let overflown = false;
  let closed = false;
  return {
    push(entry) {
      if (closed || overflown) return;
      if (waiting.length >= limit) {
        // The subscriber resumes by its cursor; keeping more would let one slow reader eat the process.
        overflown = true;
        waiting = [];
      } else waiting.push(entry);
      wake?.();
    },
    async take() {
      while (waiting.length === 0 && !closed && !overflown) {
        await new Promise<void>((resolve) => { wake = resolve; });
        wake = undefined;
      }
      if (closed || overflown) return null;
      const batch = waiting;
      waiting = [];
      return batch;
    },
    isOverflown: () => overflown,
    close() {
      closed = true;
      waiting = [];
      wake?.();
    },
  };
}
