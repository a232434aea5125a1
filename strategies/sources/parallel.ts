import { availableParallelism } from 'node:os';

/** For work that keeps a processor busy. */
const localWorkers = Math.min(4, availableParallelism());

/** Runs `work` for each item, a few at once; the first failure stops the others and is the one thrown. */
export async function forEachParallel<T>(items: readonly T[], signal: AbortSignal, work: (item: T, signal: AbortSignal) => Promise<void>, workers = localWorkers): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const queue = items.values();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (either.aborted) return;
      try { await work(item, either); } catch (error) { failures.push(error); stop.abort(error); return; }
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
