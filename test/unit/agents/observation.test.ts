import { describe, expect, it } from 'vitest';
import { toObservationDoc } from '../../../gateway/agents/observation.ts';
import { isNews } from '../../../gateway/domain/instance/observation.ts';
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

describe('news', () => {
  const volume = 1_000;
  it('is a first report, and the first of a new stream', () => {
    expect(isNews(null, observed(), volume)).toBe(true);
    expect(isNews(observed(), observed({ incarnation: 2 }), volume)).toBe(true);
  });
  it('is not order, time, a little volume, or the log of an engine that is well', () => {
    expect(isNews(observed(), observed({ counter: 9, observedAt: 'later', volumeUsedBytes: 9, logTail: ['chatter'] }), volume)).toBe(false);
  });
  it('is whatever else differs', () => {
    for (const over of [{ engine: 'down' }, { crashes: 1 }, { detail: 'x' }, { volumeUsedBytes: 10 }, { volumeUsedBytes: null }, { managementLost: true }, { rootEnabled: true }] as const) expect(isNews(observed(), observed(over), volume)).toBe(true);
    expect(isNews(observed({ engine: 'down' }), observed({ engine: 'down', logTail: ['FATAL'] }), volume)).toBe(true);
  });
});
