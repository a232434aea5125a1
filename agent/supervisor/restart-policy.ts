/** When an engine that ended by itself is started again. */
export const restartLimits = {
  firstDelayMs: 200,
  maxDelayMs: 30_000,
  /** a run this long makes the next crash the first again */
  stableMs: 60_000,
  loopCrashes: 5,
  loopWindowMs: 120_000,
} as const;

export interface RestartDecision { delayMs: number; isCrashLoop: boolean }

/** `crashTimesMs` oldest first, the latest being the crash at hand. */
export function decideRestart(crashTimesMs: readonly number[], nowMs: number): RestartDecision {
  const recent = crashTimesMs.filter((at) => nowMs - at <= restartLimits.loopWindowMs);
  const consecutive = consecutiveCrashes(crashTimesMs);
  // The second makes a loop last while its slow retries go on.
  const isCrashLoop = recent.length >= restartLimits.loopCrashes || consecutive >= restartLimits.loopCrashes;
  if (isCrashLoop) return { delayMs: restartLimits.maxDelayMs, isCrashLoop };
  return { delayMs: Math.min(restartLimits.maxDelayMs, restartLimits.firstDelayMs * 2 ** Math.max(0, consecutive - 1)), isCrashLoop };
}

function consecutiveCrashes(timesMs: readonly number[]): number {
  let count = 0;
  for (let index = timesMs.length - 1; index >= 0; index--) {
    count++;
    const earlier = timesMs[index - 1];
    if (earlier === undefined || (timesMs[index] ?? 0) - earlier > restartLimits.stableMs) return count;
  }
  return count;
}

/** Never more than a handful. */
export const rememberCrash = (timesMs: readonly number[], nowMs: number): number[] => [...timesMs, nowMs].slice(-2 * restartLimits.loopCrashes);
