import { setTimeout as delay } from 'node:timers/promises';

export const pollMs = 20;

/** Polls until `condition` holds: true; or false at the timeout. An abort is thrown. */
export async function waitUntil(condition: () => Promise<boolean> | boolean, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await delay(pollMs, undefined, signal ? { signal } : {});
  }
}
