import { describe, expect, it } from 'vitest';
import { toObservationDoc } from '../../../gateway/agents/observation.ts';
import { isNews, isVolumeUseStale } from '../../../gateway/domain/instance/observation.ts';
import type { Observation } from '../../../proto/generated/coffer/conductor/v1/conductor.ts';
import { observed } from '../status/observed.ts';

const wire = (over: Partial<Observation> = {}): Observation =>
  ({ incarnation: 3, counter: 1, prepared: true, wanted: 'RUNNING', engine: 'ok', crashes: 0, logTail: [], managementLost: false, isolation: 'users', observedAtMs: 0, ...over });

describe('a report from the wire', () => {
  it('is never taken for well when it is not understood', () => {
    expect(toObservationDoc(wire({ engine: 'splendid' }), 3).engine).toBe('unknown');
    expect(toObservationDoc(wire({ isolation: '' }), 3).isolation).toBe('shared');
  });
  it('is bounded and without control codes', () => {
    const doc = toObservationDoc(wire({ detail: `\u0000${'x'.repeat(9_000)}`, logTail: Array.from({ length: 99 }, (_, i) => `\u001b${i}${'y'.repeat(999)}`), crashes: -1, volumeUsedBytes: 1e300, observedAtMs: 1e300 }), 3);
    expect(JSON.stringify(doc).length).toBeLessThan(8_000);
    expect(JSON.stringify(doc)).not.toContain('\\u00');
    expect(doc).toMatchObject({ crashes: 0, volumeUsedBytes: null });
  });
});

describe('the use of a volume', () => {
  it('is dated by the clock of who hears of it, and not where its age makes no sense or is not told', () => {
    const told = (over: Partial<Observation>) => toObservationDoc(wire({ volumeUsedBytes: 5, ...over }), 1, 100_000).volumeUsedAt;
    expect([told({ volumeUsedAgeMs: 40_000 }), told({ volumeUsedAgeMs: -1 }), told({ volumeUsedAgeMs: 1e12 }), told({})]).toEqual([new Date(60_000).toISOString(), null, null, null]);
    expect(toObservationDoc(wire({ volumeGb: 3 }), 1).volumeGb).toBe(3);
  });
  it('is old after five minutes, and where nobody says when it was measured', () => {
    expect([isVolumeUseStale(new Date(0).toISOString(), 300_000), isVolumeUseStale(new Date(0).toISOString(), 300_001), isVolumeUseStale(null, 0)]).toEqual([false, true, true]);
  });
});

describe('news', () => {
  const volume = 1_000;
  it('is a first report, and the first of a new stream', () => {
    expect(isNews(null, observed(), volume)).toBe(true);
    expect(isNews(observed(), observed({ incarnation: 2 }), volume)).toBe(true);
  });
  it('is not order, time, a little volume, or the log of an engine that is well', () => {
    expect(isNews(observed(), observed({ counter: 9, observedAt: 'later', volumeUsedBytes: 9, logTail: ['chatter'] }), volume)).toBe(false);
  });
  it('is a use that was measured again and hardly moved, now and then: it is not to look old', () => {
    const at = (seconds: number) => observed({ volumeUsedAt: new Date(seconds * 1_000).toISOString() });
    expect([isNews(at(0), at(59), volume), isNews(at(0), at(60), volume)]).toEqual([false, true]);
    expect(isNews(observed(), at(60), volume)).toBe(false);
  });
  it('is whatever else differs', () => {
    for (const over of [{ engine: 'down' }, { crashes: 1 }, { detail: 'x' }, { volumeUsedBytes: 10 }, { volumeUsedBytes: null }, { managementLost: true }, { rootEnabled: true }] as const) expect(isNews(observed(), observed(over), volume)).toBe(true);
    expect(isNews(observed({ engine: 'down' }), observed({ engine: 'down', logTail: ['FATAL'] }), volume)).toBe(true);
  });
});

describe('what the engine runs with', () => {
  const configurationOf = (configuration: Partial<Observation['configuration']>): unknown =>
    toObservationDoc(wire({ configuration: { applied: '', restartRequired: [], drifted: [], ...configuration } }), 1).configuration;
  it('is kept as it was read; an agent that does not tell is not taken for one without a group', () => {
    expect(toObservationDoc(wire(), 1).configuration).toBeNull();
    expect(configurationOf({})).toEqual({ applied: null, restartRequired: [], drifted: [], rejected: null });
    expect(configurationOf({ applied: 'cfg_1/2', restartRequired: ['a'], drifted: ['b'], rejected: 'cfg_1/3', rejectedReason: 'FATAL' }))
      .toEqual({ applied: 'cfg_1/2', restartRequired: ['a'], drifted: ['b'], rejected: { group: 'cfg_1/3', reason: 'FATAL' } });
  });
  it('is bounded, and clean', () => {
    const flood = configurationOf({ restartRequired: Array.from({ length: 5_000 }, () => 'x'.repeat(5_000)), drifted: ['a\u0000b'] }) as { restartRequired: string[]; drifted: string[] };
    expect(JSON.stringify(flood).length).toBeLessThan(11_000);
    expect(flood.drifted).toEqual(['a b']);
  });
  it('is news when it changes', () => {
    const sight = { applied: 'cfg_1/2', restartRequired: [], drifted: [], rejected: null };
    expect(isNews(observed({ configuration: sight }), observed({ configuration: { ...sight } }), 1_000)).toBe(false);
    expect(isNews(observed({ configuration: sight }), observed({ configuration: { ...sight, restartRequired: ['a'] } }), 1_000)).toBe(true);
  });
});
