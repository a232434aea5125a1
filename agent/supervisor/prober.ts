/** Looks at the engine every second. A look that gives no answer in time is an answer: the engine hangs. */
import type { Probe } from '../../strategies/spi/guest.ts';

export const probeIntervalMs = 1_000;

export interface ProberParts {
  /** asks the plugin; must not be called twice at once */
  look(signal: AbortSignal): Promise<Probe>;
  shouldLook(): boolean;
  timeoutMs: number;
  onProbe(probe: Probe): void;
}
export interface Prober {
  start(): void;
  /** A fresh look, shared with one that is under way. */
  now(): Promise<{ probe: Probe; latencyMs: number }>;
  stop(): void;
}

export function createProber(parts: ProberParts): Prober {
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  let running: Promise<{ probe: Probe; latencyMs: number }> | undefined;
  /** a look that ignores its signal: none is added to it */
  let isStuck = false;

  const lookOnce = async (): Promise<{ probe: Probe; latencyMs: number }> => {
    const startedMs = performance.now();
    const probe = isStuck ? noAnswer(parts.timeoutMs) : await raced();
    parts.onProbe(probe);
    return { probe, latencyMs: performance.now() - startedMs };
  };
  const raced = async (): Promise<Probe> => {
    const signal = AbortSignal.timeout(parts.timeoutMs);
    isStuck = true;
    const answer = parts.look(signal).then(judged).catch((error: Error) => ({ state: 'down' as const, detail: error.message, version: null, managementLost: false }));
    void answer.finally(() => { isStuck = false; });
    return Promise.race([answer, aborted(signal, parts.timeoutMs)]);
  };
  const now = (): Promise<{ probe: Probe; latencyMs: number }> => {
    running ??= lookOnce().finally(() => { running = undefined; });
    return running;
  };
  const tick = (): void => {
    const done = parts.shouldLook() ? now() : Promise.resolve();
    void done.finally(() => { if (!hasEnded) timer = setTimeout(tick, probeIntervalMs); });
  };
  return {
    start: tick, now,
    stop() {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
}

const states = new Set(['ok', 'starting', 'down', 'hung'] satisfies Probe['state'][]);
/** What a plugin answers instead of a probe says nothing of the engine. */
function judged(probe: Probe | undefined): Probe {
  if (probe && states.has(probe.state)) return probe;
  throw new Error('the plugin\'s probe answers something that is none');
}

const noAnswer = (timeoutMs: number): Probe => ({ state: 'hung', detail: `The engine did not answer within ${timeoutMs} ms`, version: null, managementLost: false });

const aborted = (signal: AbortSignal, timeoutMs: number): Promise<Probe> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(noAnswer(timeoutMs)), { once: true });
  });
