/** What `/readyz` tells. Everything that must hold is a check with a name; a check that throws does not hold. */
import type { Log } from '../../kernel/log.ts';

export interface HealthCheck {
  name: string;
  /** null: holds. Otherwise why it does not, in words that may be shown to anybody. */
  check(signal: AbortSignal): Promise<string | null> | string | null;
}
export interface Readiness { ready: boolean; checks: { name: string; ok: boolean; reason: string | null }[] }

const checkTimeoutMs = 2_000;

async function run({ name, check }: HealthCheck, log: Pick<Log, 'warn'>): Promise<Readiness['checks'][number]> {
  const signal = AbortSignal.timeout(checkTimeoutMs);
  const late = new Promise<string>((resolve) => {
    signal.addEventListener('abort', () => resolve(`no answer within ${checkTimeoutMs} ms`), { once: true });
  });
  try {
    const reason = await Promise.race([Promise.resolve(check(signal)), late]);
    return { name, ok: reason === null, reason };
  } catch (error) {
    log.warn({ check: name, err: error instanceof Error ? error.message : String(error) }, 'a check of /readyz failed');
    return { name, ok: false, reason: 'the check failed; see the log' };
  }
}

export async function readinessOf(checks: readonly HealthCheck[], log: Pick<Log, 'warn'>): Promise<Readiness> {
  const results = await Promise.all(checks.map((check) => run(check, log)));
  return { ready: results.every(({ ok }) => ok), checks: results };
}
