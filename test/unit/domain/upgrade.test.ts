import { describe, expect, it } from 'vitest';
import { estimateOf, findingsText, isVeto } from '../../../gateway/domain/upgrade/judge.ts';
import type { Finding } from '../../../strategies/spi/guest.ts';

const [error, warning]: Finding[] = [{ severity: 'ERROR', subject: 'app', message: 'it is in the way' }, { severity: 'WARNING', subject: null, message: 'take care' }];

describe('what a check found', () => {
  it('is a veto when there is an error among it, which is told first', () => {
    expect(isVeto([warning!])).toBe(false);
    expect(isVeto([warning!, error!])).toBe(true);
    expect(findingsText([warning!, error!])).toBe('app: it is in the way; take care');
  });
});

describe('the estimate', () => {
  const limits = { startMs: 120_000, stopMs: 60_000 };
  it('grows with the data where they have to be copied, and only there', () => {
    const of = (dataBytes: number, reflink: boolean): number => estimateOf({ dataBytes, freeBytes: 0, reflink }, limits).interruptionMs;
    expect(of(10 ** 9, true)).toBe(of(0, true));
    expect(of(10 ** 9, false)).toBeGreaterThan(of(0, false) + 1_000);
  });
  it('is that of no data where an agent does not tell', () => expect(estimateOf(null, limits)).toMatchObject({ dataBytes: 0, reflink: false }));
});
