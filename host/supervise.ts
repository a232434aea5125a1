import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs, type RetryPolicy } from '../kernel/backoff.ts';
import type { Log } from '../kernel/log.ts';
import type { Launched } from '../compute/launch/launch.ts';
import { kill, type ProcessIdentity } from '../compute/processes/proc.ts';
import { waitUntil } from '../compute/processes/wait.ts';

export interface Exit { code: number | null; signal: NodeJS.Signals | null }
export interface ServiceSpec {
  name: string;
  /** Starts it once. The first failure is the caller's; later ones are tried again. */
  launch(): Promise<Launched>;
  /** Before each new start: ends what the last one left. */
  clean?(): Promise<void>;
  /** True: it is not worth starting again. */
  isFinal?(exit: Exit, startsSinceHealthy: number): boolean;
  log: Log;
}
export interface Service {
  process(): ProcessIdentity | null;
  /** Resolves when it has ended for good without being asked to. */
  gaveUp: Promise<Exit>;
  /** Each signal in turn, for at most its time; then SIGKILL. */
  stop(steps: readonly { signal: NodeJS.Signals; waitMs: number }[]): Promise<void>;
}

const policy: RetryPolicy = { attempts: Number.POSITIVE_INFINITY, firstDelayMs: 100, maxDelayMs: 15_000 };
const healthyAfterMs = 30_000;
const killWaitMs = 5_000;

/** Keeps one child process running: dead means started again, with backoff. */
export async function superviseService(spec: ServiceSpec): Promise<Service> {
  const stopping = new AbortController();
  const gaveUp = Promise.withResolvers<Exit>();
  let current: Launched | null = await spec.launch();
  let hasEnded = false;
  void loop(current).finally(() => { hasEnded = true; });

  async function loop(first: Launched): Promise<void> {
    let failures = 0;
    for (let launched: Launched | null = first; launched !== null;) {
      const startedMs = performance.now();
      const exit = await exitOf(launched.child);
      current = null;
      if (stopping.signal.aborted) return;
      failures = performance.now() - startedMs >= healthyAfterMs ? 1 : failures + 1;
      if (spec.isFinal?.(exit, failures)) { gaveUp.resolve(exit); return; }
      spec.log.warn({ part: spec.name, pid: launched.process.pid, reason: exitText(exit) }, `${spec.name} ended and is started again`);
      launched = await relaunch(failures);
      current = launched;
    }
  }

  async function relaunch(failures: number): Promise<Launched | null> {
    for (let attempt = failures; ; attempt++) {
      await delay(backoffMs(policy, attempt, Math.random()), undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return null;
      try {
        await spec.clean?.();
        return await spec.launch();
      } catch (error) {
        spec.log.error({ part: spec.name, reason: error instanceof Error ? error.message : String(error) }, `${spec.name} could not be started; it is tried again`);
      }
    }
  }

  return {
    process: () => current?.process ?? null,
    gaveUp: gaveUp.promise,
    async stop(steps) {
      stopping.abort();
      for (const { signal, waitMs } of [...steps, { signal: 'SIGKILL' as const, waitMs: killWaitMs }]) {
        // It may be about to be started again just now; then that one is ended.
        await waitUntil(() => current !== null || hasEnded, waitMs);
        if (current !== null) kill(current.process.pid, signal);
        if (await waitUntil(() => hasEnded, waitMs)) break;
      }
    },
  };
}

function exitOf(child: ChildProcess): Promise<Exit> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  return new Promise((resolve) => { child.once('exit', (code, signal) => resolve({ code, signal })); });
}

export const exitText = ({ code, signal }: Exit): string => (signal ? `ended by ${signal}` : `ended with code ${code}`);
