import { CofferError } from '../../kernel/errors.ts';
import { compareFence, type Fence } from '../../kernel/fence.ts';

export interface Claim { fence: Fence; operationId: string }

/** Throws for a zombie. The invariant: what acted once with a newer fence is never followed by an older one's act. */
export function refuseOlder(claim: Claim, seen: Claim | undefined, what: string): void {
  if (!seen || compareFence(claim.fence, seen.fence, claim.operationId === seen.operationId) >= 0) return;
  throw new CofferError('AGENT.FENCED', `${what}: the call is older than one already served (${show(claim.fence)} after ${show(seen.fence)})`);
}

/** After a destroy only a newer claim than the destroying one may make the instance again; the same may destroy again. */
export function refuseDestroyed(claim: Claim, tombstone: Claim | undefined, what: string): void {
  if (!tombstone) return;
  const order = compareFence(claim.fence, tombstone.fence, claim.operationId === tombstone.operationId);
  if (order <= 0) throw new CofferError('AGENT.FENCED', `${what}: it was destroyed by a call that is not older (${show(tombstone.fence)})`);
}

const show = (fence: Fence): string => `${fence.generation}.${fence.epoch}.${fence.attempt}`;
