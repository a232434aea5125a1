import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideAuthorities, isRenewalDue, type CaState } from '../../../gateway/pki/rotation.ts';

const policy = { overlapMs: 100, leafTtlMs: 100 };
const ca = (id: number, createdAtMs: number, over: Partial<CaState> = {}): CaState => ({ id, createdAtMs, notAfterMs: 1_000_000, retiredAtMs: null, ...over });

describe('a CA that replaces another', () => {
  const both = [ca(1, 0), ca(2, 1_000)];
  it('the first one signs at once', () => {
    expect(decideAuthorities([ca(1, 0)], 1, policy)).toEqual({ trusted: [1], newest: 1, established: 1, retire: [] });
  });
  it('is trusted at once, but signs for others only when they have had time to learn of it', () => {
    expect(decideAuthorities(both, 1_050, policy)).toEqual({ trusted: [2, 1], newest: 2, established: 1, retire: [] });
    expect(decideAuthorities(both, 1_100, policy)).toEqual({ trusted: [2, 1], newest: 2, established: 2, retire: [] });
  });
  it('ends the old one when the last leaf of that has ended', () => {
    expect(decideAuthorities(both, 1_199, policy).retire).toEqual([]);
    expect(decideAuthorities(both, 1_200, policy)).toEqual({ trusted: [2], newest: 2, established: 2, retire: [1] });
  });
  it('expired and retired ones count for nothing', () => {
    expect(decideAuthorities([ca(1, 0, { retiredAtMs: 5 }), ca(2, 0, { notAfterMs: 10 })], 10, policy)).toEqual({ trusted: [], newest: null, established: null, retire: [] });
  });
  it('whoever signs is trusted, whatever the history', () => {
    const cas = fc.array(fc.record({ id: fc.nat(), createdAtMs: fc.nat(2_000), notAfterMs: fc.nat(5_000), retiredAtMs: fc.option(fc.nat(2_000)) }), { maxLength: 6 });
    fc.assert(fc.property(fc.uniqueArray(fc.nat(), { maxLength: 6 }), cas, fc.nat(3_000), (ids, states, now) => {
      const known = states.slice(0, ids.length).map((state, i) => ({ ...state, id: ids[i]! }));
      const decided = decideAuthorities(known, now, policy);
      for (const signer of [decided.newest, decided.established]) if (signer !== null) expect(decided.trusted).toContain(signer);
      expect(decided.trusted.length > 0).toBe(known.some((c) => c.retiredAtMs === null && c.notAfterMs > now));
    }));
  });
});

it('renewal is due at two thirds', () => {
  expect(isRenewalDue(0, 300, 199)).toBe(false);
  expect(isRenewalDue(0, 300, 200)).toBe(true);
});
