/** A loop that looks again and again: never twice at once, jittered so that gateways do not march in step, bounded in time. */
import type { Log } from '../../kernel/log.ts';

export interface LoopRun { loop: string; durationMs: number; acted: number; outcome: 'ok' | 'error' }
export interface LoopOptions {
  name: string;
  everyMs: number;
  /** before the first look */
  delayMs?: number;
  /** of one look */
  timeoutMs: number;
  /** Looks and acts on what it finds; answers on how many things it acted. */
  work(signal: AbortSignal): Promise<number>;
  log: Log;
  /** for metrics */
  onRun?: ((run: LoopRun) => void) | undefined;
  random?: () => number;
}
export interface Loop {
  start(): void;
  /** Looks now. A look that is under way is waited for instead. */
  run(): Promise<number>;
  stop(): Promise<void>;
}

/** Every wait is between 0.8 and 1.2 of the period. */
export const jittered = (everyMs: number, random: number): number => Math.round(everyMs * (0.8 + random * 0.4));

export function createLoop(options: LoopOptions): Loop {
  const { random = Math.random } = options;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<number> | undefined;
  const stopping = new AbortController();

  async function look(): Promise<number> {
    const startedAt = performance.now();
    let acted = 0;
    let outcome: LoopRun['outcome'] = 'ok';
    try {
      acted = await options.work(AbortSignal.any([stopping.signal, AbortSignal.timeout(options.timeoutMs)]));
    } catch (error) {
      outcome = 'error';
      if (!stopping.signal.aborted) options.log.warn({ loop: options.name, error: String(error) }, 'a look of a loop failed; it looks again');
    }
    options.onRun?.({ loop: options.name, durationMs: performance.now() - startedAt, acted, outcome });
    return acted;
  }
  const run = (): Promise<number> => (current ??= look().finally(() => { current = undefined; }));
  function schedule(ms: number): void {
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => void run().finally(() => schedule(jittered(options.everyMs, random()))), ms);
  }

  return {
    start: () => schedule(options.delayMs ?? jittered(options.everyMs, random())),
    run,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await current;
    },
  };
}
