export interface RetryPolicy { attempts: number; firstDelayMs: number; maxDelayMs: number }

/** Exponential backoff with full jitter: `random` in [0, 1) is given so that a decision stays pure. */
export const backoffMs = (policy: RetryPolicy, attempt: number, random: number): number =>
  Math.round(Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** Math.max(0, attempt - 1)) * (0.5 + random / 2));
