/** Which CAs are trusted, which one signs what, and when an old one goes. Pure. */
export type CaKind = 'identity' | 'engine';

export interface CaState { id: number; createdAtMs: number; notAfterMs: number; retiredAtMs: number | null }

export interface RotationPolicy {
  /** how long a new CA is only made known before it signs what others must already trust */
  overlapMs: number;
  /** longest life of a leaf it signs */
  leafTtlMs: number;
}

export interface Authorities {
  /** newest first; certificates of all of them are accepted and all are in the bundle that is handed out */
  trusted: number[];
  /** signs what only the gateways verify (they know a new CA at once): the newest */
  newest: number | null;
  /** signs what others verify (gateways' own leaves, engine certificates): one they have had time to learn */
  established: number | null;
  /** nothing that is still valid depends on these */
  retire: number[];
}

export function decideAuthorities(cas: readonly CaState[], nowMs: number, policy: RotationPolicy): Authorities {
  const live = cas.filter((ca) => ca.retiredAtMs === null && ca.notAfterMs > nowMs).sort((a, b) => b.createdAtMs - a.createdAtMs || b.id - a.id);
  const ageMs = (ca: CaState): number => nowMs - ca.createdAtMs;
  const established = live.find((ca) => ageMs(ca) >= policy.overlapMs) ?? live.at(-1) ?? null;
  // From `overlap` on nothing is signed by the older one; a leaf later its last leaf has ended.
  const successor = live.findIndex((ca) => ageMs(ca) >= policy.overlapMs + policy.leafTtlMs);
  const retire = successor < 0 ? [] : live.slice(successor + 1).map((ca) => ca.id);
  return { trusted: live.filter((ca) => !retire.includes(ca.id)).map((ca) => ca.id), newest: live[0]?.id ?? null, established: established?.id ?? null, retire };
}

/** Renewal is due at two thirds of a certificate's life. */
export const isRenewalDue = (notBeforeMs: number, notAfterMs: number, nowMs: number): boolean => nowMs >= notBeforeMs + ((notAfterMs - notBeforeMs) * 2) / 3;
