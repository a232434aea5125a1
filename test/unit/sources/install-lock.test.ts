import { describe, expect, it } from 'vitest';
import { decideLock, foreignStaleMs, parseHolder, parseStartTime } from '../../../strategies/sources/install-lock.ts';

const self = { pid: 10, startTime: '500', bootId: 'boot', pidNamespace: 'pid:[1]', nonce: 'me' };
const holder = { ...self, pid: 20, startTime: '400', nonce: 'other' };

describe('a lock', () => {
  it.each([
    ['is free when it was released', undefined, { startTime: undefined, ageMs: 0 }, 'free'],
    ['is held while its holder lives, however long that takes', holder, { startTime: '400', ageMs: 9e9 }, 'held'],
    ['is held by another call of the same process', { ...self, nonce: 'earlier' }, { startTime: '500', ageMs: 0 }, 'held'],
    ['is free when the holder is gone', holder, { startTime: undefined, ageMs: 0 }, 'free'],
    ['is free when its pid now belongs to a stranger', holder, { startTime: '999', ageMs: 0 }, 'free'],
    ['is held across hosts and containers while its file is touched', { ...holder, bootId: 'other' }, { startTime: undefined, ageMs: foreignStaleMs - 1 }, 'held'],
    ['is free across hosts and containers when its file was left', { ...holder, pidNamespace: 'pid:[2]' }, { startTime: '400', ageMs: foreignStaleMs + 1 }, 'free'],
  ] as const)('%s', (_fact, held, observed, verdict) => { expect(decideLock(held, self, observed)).toBe(verdict); });

  it('reads its holder from a file, and takes an empty or torn one for released', () => {
    expect(parseHolder(JSON.stringify(holder))).toEqual(holder);
    for (const text of ['', '{"pid":', '{}', '{"pid":"20","nonce":"x"}']) expect(parseHolder(text)).toBeUndefined();
  });

  it("reads the start time from a process's state, whatever its name is", () => {
    const after = (state: string): string => `${state} ${Array.from({ length: 18 }, (_, i) => i + 4).join(' ')} 777 23 24`;
    expect(parseStartTime(`20 (node) ${after('S')}`)).toBe('777');
    expect(parseStartTime(`20 (a) b (c)) ${after('R')}`)).toBe('777');
    expect(parseStartTime(`20 (node) ${after('Z')}`)).toBeUndefined();
  });
});
