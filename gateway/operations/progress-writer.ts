/** Progress of one step: at most a write every 200 ms, the last one always, never backwards. */
export interface ProgressWriter {
  report(fraction: number, message: string): void;
  /** What has not been written yet; the step's end writes it along. */
  rest(): { fraction: number; message: string | null } | null;
  stop(): void;
}

const MIN_INTERVAL_MS = 200;
const MAX_MESSAGE = 300;

export function createProgressWriter(write: (fraction: number, message: string | null) => Promise<unknown>): ProgressWriter {
  let waiting: { fraction: number; message: string | null } | null = null;
  let highest = 0;
  let isWriting = false;
  let lastAt = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function flush(): void {
    timer = undefined;
    if (stopped || isWriting || !waiting) return;
    const { fraction, message } = waiting;
    waiting = null;
    isWriting = true;
    lastAt = performance.now();
    // A refused write means that the claim is gone; the step learns that by its signal.
    write(fraction, message).catch(() => {}).finally(() => {
      isWriting = false;
      schedule();
    });
  }
  function schedule(): void {
    if (stopped || timer || isWriting || !waiting) return;
    timer = setTimeout(flush, Math.max(0, lastAt + MIN_INTERVAL_MS - performance.now()));
  }

  return {
    report(fraction, message) {
      highest = Math.max(highest, Number.isFinite(fraction) ? fraction : 0);
      waiting = { fraction: highest, message: String(message ?? '').slice(0, MAX_MESSAGE) };
      schedule();
    },
    rest: () => waiting,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
