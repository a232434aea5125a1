/**
 * Claims what is due and runs it, a few at a time. Several workers, also of several gateways, share one store: each
 * operation is held by one of them under a lease, and a holder that died, hung or was cut off is followed by another
 * when the lease runs out.
 */
import type { Log } from '../../kernel/log.ts';
import type { Sealer } from '../store/seal.ts';
import type { Store } from '../store/tx.ts';
import { createDefinitions } from './definitions.ts';
import { createHeld, type Held } from './held-operation.ts';
import { silentObserver, type OperationHooks, type OperationObserver } from './hooks.ts';
import { createLeases } from './leases.ts';
import { claimOperations, WORK_CHANNEL } from './operation-rows.ts';
import { runOperation, type RunDeps } from './run-operation.ts';
import { createStoreClock } from './store-clock.ts';
import { WorkerStoppingError } from './step-fault.ts';
import type { AnyWorkflow } from './workflow.ts';

export interface WorkerOptions {
  store: Store;
  sealer: Sealer;
  workflows: readonly AnyWorkflow[];
  hooks: OperationHooks;
  /** of the store: the first part of every fence */
  generation: number;
  /** tells this process from all others, also from its own earlier runs */
  gatewayId: string;
  /** operations at once */
  concurrency: number;
  /** a dead worker's operations are taken over after this long */
  leaseMs: number;
  /** compute targets this worker can reach, asked at every claim; operations without a target are anybody's */
  targets: () => readonly string[];
  log: Log;
  observer?: OperationObserver;
}
export interface Worker {
  start(): void;
  /** Claims nothing more, tells what runs to stop, gives it back at once so that another worker goes on. */
  stop(): Promise<void>;
  stats(): { running: number; concurrency: number };
}

/** When no NOTIFY came: leases that ran out, waits that are over. Shorter where leases are. */
const MAX_POLL_MS = 1_000;
const ERROR_DELAY_MS = 500;
/** What does not stop when told is left to itself; its claim is over. */
const STOP_TIMEOUT_MS = 8_000;

export function createWorker(options: WorkerOptions): Worker {
  const { store, log, gatewayId: owner, leaseMs } = options;
  const stopping = new AbortController();
  const clock = createStoreClock();
  const definitions = createDefinitions(options.workflows);
  const leases = createLeases({ store, clock, owner, leaseMs, log });
  const run: RunDeps = {
    sealer: options.sealer, clock, generation: options.generation, log, definitions, observer: options.observer ?? silentObserver, stopping: stopping.signal,
  };
  const running = new Map<Held, Promise<void>>();
  let wake: (() => void) | undefined;
  let isWanted = false;
  let loop: Promise<void> | undefined;
  let unlisten = (): void => {};

  const look = (): void => { isWanted = true; wake?.(); };

  function take(loaded: Parameters<typeof createHeld>[1], askedAt: number): void {
    clock.learn(loaded.now);
    const held = createHeld({ store, clock, owner, definitions, hooks: options.hooks }, loaded);
    leases.add(held, askedAt);
    const done = runOperation(run, held)
      .catch((error: unknown) => log.error({ err: error, operation: held.state.id, kind: held.state.kind }, 'the worker failed on an operation; it is taken up again when its lease has run out'))
      .finally(() => {
        leases.remove(held);
        running.delete(held);
        look();
      });
    running.set(held, done);
  }

  async function claim(): Promise<void> {
    for (let free = options.concurrency - running.size; free > 0 && !stopping.signal.aborted; free = options.concurrency - running.size) {
      const askedAt = performance.now();
      const loaded = await claimOperations(store, { definitions: definitions.keys, targets: options.targets(), limit: free, owner, leaseMs });
      for (const one of loaded) take(one, askedAt);
      if (loaded.length < free) return;
    }
  }

  async function loopUntilStopped(): Promise<void> {
    while (!stopping.signal.aborted) {
      isWanted = false;
      await claim().catch(async (error: unknown) => {
        log.warn({ err: (error as Error).message }, 'no operations could be claimed; trying again');
        await rest(ERROR_DELAY_MS);
      });
      // Not all workers of a store look at the same moment.
      if (!isWanted) await rest(Math.min(MAX_POLL_MS, leaseMs / 2) * (0.75 + Math.random() / 2));
    }
  }

  async function rest(forMs: number): Promise<void> {
    if (stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, forMs);
      wake = () => { clearTimeout(timer); resolve(); };
    });
    wake = undefined;
  }

  return {
    start() {
      if (loop) return;
      unlisten = store.listen(WORK_CHANNEL, (id) => {
        const held = id === '' ? undefined : leases.find(id);
        if (held) held.refresh().catch(() => {});
        else look();
      });
      loop = loopUntilStopped();
    },
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort(new WorkerStoppingError('the worker stops'));
      unlisten();
      wake?.();
      await loop;
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => { timer = setTimeout(resolve, STOP_TIMEOUT_MS); });
      await Promise.race([Promise.allSettled(running.values()), timeout]);
      clearTimeout(timer);
      leases.close();
    },
    stats: () => ({ running: running.size, concurrency: options.concurrency }),
  };
}
