import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../kernel/settings.ts';
import type { Gateway } from './gateway.ts';
import { HostProblem } from './problem.ts';

const readyTimeoutMs = 90_000;
const askEveryMs = 40;
const answerTimeoutMs = 2_000;

/** Where people reach the server: an address that stands for all is told as this machine's own. */
export function publicUrl(settings: Pick<Settings, 'host' | 'port'>): string {
  const host = settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host === '::' ? '::1' : settings.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${settings.port}`;
}

/** Resolves when the gateway says it is ready; a gateway that gave up, or never gets there, is told in its own words. */
export async function waitReady(settings: Settings, gateway: Gateway, signal: AbortSignal): Promise<void> {
  let gaveUp: string | null = null;
  void gateway.gaveUp.then((words) => { gaveUp = words; });
  const deadline = performance.now() + readyTimeoutMs;
  while (!(await answersReady(`${publicUrl(settings)}/readyz`))) {
    signal.throwIfAborted();
    if (gaveUp !== null) throw new HostProblem(gaveUp);
    if (performance.now() > deadline) throw new HostProblem('the gateway was not ready in time; see logs/gateway.log in COFFER_HOME');
    await delay(askEveryMs, undefined, { signal });
  }
}

async function answersReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerTimeoutMs) });
    await answer.body?.cancel();
    return answer.status === 200;
  } catch {
    return false;
  }
}
