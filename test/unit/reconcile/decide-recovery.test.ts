import { describe, expect, it } from 'vitest';
import { decideRecovery, isRecoveryDue, LONG_SILENCE_MS, PATIENCE_MS, type LostAgent } from '../../../gateway/reconcile/decide-recovery.ts';
import { createLoop, jittered, type LoopRun } from '../../../gateway/reconcile/loop.ts';
import { silentLog } from '../../../kernel/log.ts';

const lost = (over: Partial<LostAgent> = {}): LostAgent => ({ silentMs: PATIENCE_MS, task: null, isRefused: false, lastAttempt: null, certificateEndsInMs: 1, ...over });

describe('an agent that stays away', () => {
  it('is looked after when it has had time to come back by itself', () => {
    expect(isRecoveryDue(lost())).toBe(true);
    expect(isRecoveryDue(lost({ silentMs: PATIENCE_MS - 1 }))).toBe(false);
    expect(isRecoveryDue(lost({ task: { kind: 'instance.start' } }))).toBe(true);
  });
  it('is left alone when it was refused, is being made, or is being deleted', () => {
    for (const over of [{ isRefused: true }, { task: { kind: 'instance.create' } }, { task: { kind: 'instance.delete' } }]) expect(isRecoveryDue(lost(over))).toBe(false);
  });
  it('is tried again ever more rarely', () => {
    expect(isRecoveryDue(lost({ lastAttempt: { agoMs: 29_999, count: 1 } }))).toBe(false);
    expect(isRecoveryDue(lost({ lastAttempt: { agoMs: 30_000, count: 1 } }))).toBe(true);
    expect(isRecoveryDue(lost({ lastAttempt: { agoMs: 30_000, count: 2 } }))).toBe(false);
    expect(isRecoveryDue(lost({ lastAttempt: { agoMs: 600_000, count: 99 } }))).toBe(true);
  });
  it('gets a fresh token when its certificate has ended, or when silence has lasted', () => {
    expect(decideRecovery(lost(), 'running')).toBe('wait');
    for (const over of [{ certificateEndsInMs: 0 }, { certificateEndsInMs: null }, { silentMs: LONG_SILENCE_MS }]) {
      for (const state of ['running', 'stopped', 'starting'] as const) expect(decideRecovery(lost(over), state)).toBe('reenrol');
      expect(decideRecovery(lost(over), 'absent')).toBe('missing');
    }
  });
});

describe('a loop', () => {
  it('never looks twice at once, tells how it went, and goes on after an error', async () => {
    const runs: LoopRun[] = [];
    let fail = false;
    let looks = 0;
    const loop = createLoop({ name: 'x', everyMs: 1, timeoutMs: 100, log: silentLog, onRun: (run) => runs.push(run), async work() { looks += 1; await Promise.resolve(); if (fail) throw new Error('no'); return 3; } });
    expect(await Promise.all([loop.run(), loop.run()])).toEqual([3, 3]);
    expect(looks).toBe(1);
    fail = true;
    expect(await loop.run()).toBe(0);
    expect(runs.map((run) => [run.loop, run.acted, run.outcome])).toEqual([['x', 3, 'ok'], ['x', 0, 'error']]);
    await loop.stop();
  });
  it('is jittered by a fifth', () => {
    expect([jittered(100, 0), jittered(100, 0.5), jittered(100, 1)]).toEqual([80, 100, 120]);
  });
});
