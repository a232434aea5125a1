import { CofferError } from '../../kernel/errors.ts';
import { compareFence, type Fence } from '../../kernel/fence.ts';

export interface Claim { fence: Fence; operationId: string }

/** Throws for a zombie. The invariant: what acted once with a newer fence is never followed by an older one's act. */
export function refuseOlder(claim: Claim, seen: Claim | undefined, what: string): void {
  if (!seen || compareFence(claim.fence, seen.fence, claim.operationId === seen.operationId) >= 0) return;
  throw new CofferError('AGENT.FENCED', `${what}: the call is older than one already served (${show(claim.fence)} after ${show(seen.fence)})`);
}

const rememberedOperations = 64;

/** The attempts to remember once a claim was let in; throws for an attempt that a newer one of its operation replaced. */
export function admitAttempt(claim: Claim, seen: { fence: Fence; attempts: Readonly<Record<string, number>> } | undefined, what: string): Record<string, number> {
  const isSameEpoch = seen !== undefined && compareFence(claim.fence, seen.fence, false) === 0;
  const known = isSameEpoch ? seen.attempts : {};
  const newest = known[claim.operationId];
  if (newest !== undefined && claim.fence.attempt < newest) {
    throw new CofferError('AGENT.FENCED', `${what}: attempt ${claim.fence.attempt} of ${claim.operationId} comes after attempt ${newest}`);
  }
  const others = Object.entries(known).filter(([id]) => id !== claim.operationId).slice(1 - rememberedOperations);
  return { ...Object.fromEntries(others), [claim.operationId]: claim.fence.attempt };
}

/** After a destroy only a newer claim than the destroying one may make the instance again; the same may destroy again. */
export function refuseDestroyed(claim: Claim, tombstone: Claim | undefined, what: string): void {
  if (!tombstone) return;
  const order = compareFence(claim.fence, tombstone.fence, claim.operationId === tombstone.operationId);
  if (order <= 0) throw new CofferError('AGENT.FENCED', `${what}: it was destroyed by a call that is not older (${show(tombstone.fence)})`);
}

const show = (fence: Fence): string => `${fence.generation}.${fence.epoch}.${fence.attempt}`;
