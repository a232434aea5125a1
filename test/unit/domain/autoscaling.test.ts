import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { autoscalingIssues, decideGrowth, type GrowthInput } from '../../../gateway/domain/instance/autoscaling.ts';
import { VOLUME_STALE_AFTER_MS } from '../../../gateway/domain/instance/observation.ts';

const gib = 1024 ** 3;
const nowMs = Date.parse('2026-11-29T12:00:00Z');
const autoscaling = { thresholdPercent: 80, stepGb: 5, maxGb: 20, coolDownSeconds: 600 };
const at = (ms: number): string => new Date(ms).toISOString();
const given = (change: Partial<GrowthInput> = {}): GrowthInput => ({ nowMs, autoscaling, volumeGb: 10, usedBytes: 8 * gib, usedAt: at(nowMs - 1_000), isBusy: false, lastEndedMs: null, lastWorkEndedMs: null, ...change });

describe('a volume grows by itself', () => {
  it('by a step once so much of it is used, and by what is left to the ceiling', () => {
    expect(decideGrowth(given())).toBe(15);
    expect(decideGrowth(given({ usedBytes: 8 * gib - 1 }))).toBeNull();
    expect(decideGrowth(given({ volumeGb: 18, usedBytes: 18 * gib }))).toBe(20);
    expect(decideGrowth(given({ volumeGb: 20, usedBytes: 20 * gib }))).toBeNull();
  });
  it('not while something else is done to it', () => expect(decideGrowth(given({ isBusy: true }))).toBeNull());
  it('not on a use that is unknown or old', () => {
    expect(decideGrowth(given({ usedBytes: null }))).toBeNull();
    expect(decideGrowth(given({ usedAt: null }))).toBeNull();
    expect(decideGrowth(given({ usedAt: at(nowMs - VOLUME_STALE_AFTER_MS - 1) }))).toBeNull();
  });
  it('not before it has rested, nor on what was measured before the last step had ended', () => {
    expect(decideGrowth(given({ lastEndedMs: nowMs - 599_999 }))).toBeNull();
    expect(decideGrowth(given({ lastEndedMs: nowMs - 600_000 }))).toBe(15);
    const quick = { ...autoscaling, coolDownSeconds: 60 };
    expect(decideGrowth(given({ autoscaling: quick, lastEndedMs: nowMs - 60_000, usedAt: at(nowMs - 60_000) }))).toBeNull();
  });
  it('nor on what was measured before other work on it had ended, and then at once', () => {
    expect(decideGrowth(given({ lastWorkEndedMs: nowMs - 500 }))).toBeNull();
    expect(decideGrowth(given({ lastWorkEndedMs: nowMs - 1_000 }))).toBeNull();
    expect(decideGrowth(given({ lastWorkEndedMs: nowMs - 1_001 }))).toBe(15);
  });
});

describe('whatever is used, and however often it is looked at', () => {
  it('it stops at the ceiling, rests between two steps, and ends', () => {
    fc.assert(fc.property(
      fc.record({ thresholdPercent: fc.integer({ min: 10, max: 95 }), stepGb: fc.integer({ min: 1, max: 40 }), maxGb: fc.integer({ min: 1, max: 100 }), coolDownSeconds: fc.integer({ min: 60, max: 3_600 }) }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.record({ afterMs: fc.integer({ min: 1, max: 2_000_000 }), usedShare: fc.double({ min: 0, max: 1.5, noNaN: true }), ageMs: fc.integer({ min: 0, max: 600_000 }), isKnown: fc.boolean(), isBusy: fc.boolean() }), { maxLength: 60 }),
      (rule, startGb, looks) => {
        let [volumeGb, clock, lastEndedMs] = [startGb, nowMs, null as number | null];
        let steps = 0;
        for (const look of looks) {
          clock += look.afterMs;
          const usedBytes = look.isKnown ? look.usedShare * volumeGb * gib : null;
          const next = decideGrowth({ nowMs: clock, autoscaling: rule, volumeGb, usedBytes, usedAt: at(clock - look.ageMs), isBusy: look.isBusy, lastEndedMs, lastWorkEndedMs: lastEndedMs });
          if (next === null) continue;
          expect(look.isBusy || usedBytes === null || look.ageMs > VOLUME_STALE_AFTER_MS).toBe(false);
          expect(usedBytes! * 100).toBeGreaterThanOrEqual(volumeGb * gib * rule.thresholdPercent);
          expect(next).toBeGreaterThan(volumeGb);
          expect(next).toBeLessThanOrEqual(Math.min(rule.maxGb, volumeGb + rule.stepGb));
          if (lastEndedMs !== null) expect(clock - lastEndedMs).toBeGreaterThanOrEqual(rule.coolDownSeconds * 1_000);
          // At once again, with the same figure: never a second step.
          expect(decideGrowth({ nowMs: clock, autoscaling: rule, volumeGb: next, usedBytes, usedAt: at(clock - look.ageMs), isBusy: false, lastEndedMs: clock, lastWorkEndedMs: clock })).toBeNull();
          [volumeGb, lastEndedMs] = [next, clock];
          steps += 1;
        }
        expect(steps).toBeLessThanOrEqual(Math.max(0, Math.ceil((rule.maxGb - startGb) / rule.stepGb)));
      }));
  });
});

describe('what is asked for', () => {
  it('is judged field by field', () => {
    expect(autoscalingIssues(autoscaling, 10, ['a'])).toEqual([]);
    expect(autoscalingIssues({ thresholdPercent: 9, stepGb: 0, maxGb: 70_000, coolDownSeconds: 59 }, 10, ['a']).map(({ path }) => path.join('.'))).toEqual(['a.thresholdPercent', 'a.stepGb', 'a.maxGb', 'a.coolDownSeconds']);
    expect(autoscalingIssues({ ...autoscaling, maxGb: 9 }, 10, ['a'])).toEqual([{ path: ['a', 'maxGb'], message: 'must not be below the volume\'s size, 10 GB' }]);
  });
});
