/** What to do about an instance whose agent does not come back by itself. Pure. */
import { backoffMs, type RetryPolicy } from '../../kernel/backoff.ts';
import type { GuestFacts } from '../../strategies/spi/compute.ts';
import { activityOf } from '../domain/instance/activity.ts';

export interface LostAgent {
  /** since when nothing was heard */
  silentMs: number;
  task: { kind: string } | null;
  /** the gateway turned it away; another certificate would not help */
  isRefused: boolean;
  /** the last time we did something, and how often in a row */
  lastAttempt: { agoMs: number; count: number } | null;
  /** null: none that is neither revoked nor forgotten */
  certificateEndsInMs: number | null;
}

/** Compute brings a dead agent back within seconds, and a live one reconnects: so long nothing has to be done. */
export const PATIENCE_MS = 30_000;
/** An agent with a good certificate is given this long before it is offered another. */
export const LONG_SILENCE_MS = 120_000;
const ATTEMPTS: RetryPolicy = { attempts: Infinity, firstDelayMs: 30_000, maxDelayMs: 600_000 };

/** Whether to look at the guest now. */
export function isRecoveryDue(agent: LostAgent): boolean {
  if (agent.silentMs < PATIENCE_MS || agent.isRefused) return false;
  const activity = agent.task === null ? null : activityOf(agent.task.kind);
  // A create enrols by itself; what is being deleted needs no agent.
  if (activity === 'create' || activity === 'delete') return false;
  return agent.lastAttempt === null || agent.lastAttempt.agoMs >= backoffMs(ATTEMPTS, agent.lastAttempt.count, 1);
}

export type Recovery = 'wait' | 'missing' | 'reenrol';

export function decideRecovery(agent: LostAgent, guest: GuestFacts['state']): Recovery {
  if (guest === 'absent') return 'missing';
  const hasExpired = agent.certificateEndsInMs === null || agent.certificateEndsInMs <= 0;
  return hasExpired || agent.silentMs >= LONG_SILENCE_MS ? 'reenrol' : 'wait';
}
