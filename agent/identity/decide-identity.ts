import type { AgentEnrol } from '../../kernel/guest-record.ts';
import { type Identity, lifetimeOf, validityOf } from './certificate.ts';

export type IdentityAction =
  | { do: 'enrol'; enrol: AgentEnrol }
  | { do: 'renew'; retryMs: number }
  /** nothing can be done here: compute must bring a token */
  | { do: 'wait-for-token'; reason: 'none' | 'expired'; pollMs: number }
  | { do: 'rest'; forMs: number };

/** A timer's limit, and a guard against a clock that jumps. */
const longestRestMs = 3_600_000;
const tokenPollMs = 5_000;
const [shortestRetryMs, longestRetryMs] = [500, 60_000];

/** A token that lies there is used even when the certificate is still good: somebody wants a new one. */
export function decideIdentity(input: { identity: Identity | undefined; enrol: AgentEnrol | undefined; usedToken: string | null; nowMs: number }): IdentityAction {
  const { identity, enrol, usedToken, nowMs } = input;
  if (enrol && enrol.token !== usedToken) return { do: 'enrol', enrol };
  if (!identity) return { do: 'wait-for-token', reason: 'none', pollMs: tokenPollMs };
  const lifetime = lifetimeOf(validityOf(identity.certificateChain), identity, nowMs);
  if (lifetime.isExpired) return { do: 'wait-for-token', reason: 'expired', pollMs: tokenPollMs };
  if (nowMs >= lifetime.renewAtMs) return { do: 'renew', retryMs: renewalRetryMs(lifetime.expiresAtMs - nowMs) };
  return { do: 'rest', forMs: Math.min(longestRestMs, lifetime.renewAtMs - nowMs) };
}

/** Ten tries at least before it expires. */
export const renewalRetryMs = (leftMs: number): number => Math.min(longestRetryMs, Math.max(shortestRetryMs, leftMs / 10));
