import { describe, expect, it } from 'vitest';
import { targetOf } from '../../../gateway/domain/configuration/rollout-target.ts';
import { type Child, nextWave, verdictOf } from '../../../gateway/domain/waves.ts';

const child = (name: string, state: Child['state'], code: string | null = null): Child =>
  ({ id: `op_${name}`, isEarlier: false, instanceId: `inst_${name}`, name, state, fault: code === null ? null : { code, message: `${name} did not` } });
const instance = (name: string, busyWith: string | null = null) => ({ id: name, name, wanted: 1, busyWith, isUnsettled: false });

describe('a wave', () => {
  it('is as many as it may be, of those that nothing else is done to', () => {
    const left = [instance('a', 'op_1'), instance('b'), instance('c'), instance('d')];
    expect(nextWave(left, 2).map(({ name }) => name)).toEqual(['b', 'c']);
    expect(nextWave([instance('a', 'op_1')], 2)).toEqual([]);
  });
});

describe('a rollout', () => {
  it('goes on while all is well', () => {
    expect(verdictOf([child('a', 'SUCCEEDED'), child('b', 'CANCELLED', 'OPERATION.PREEMPTED')])).toEqual({ halt: null, served: new Set(['inst_a']) });
    expect(verdictOf([]).halt).toBeNull();
  });
  it('halts at the first that failed or was called off', () => {
    expect(verdictOf([child('a', 'SUCCEEDED'), child('b', 'FAILED', 'ENGINE.REFUSED'), child('c', 'FAILED', 'X')]).halt).toEqual({ name: 'b', fault: { code: 'ENGINE.REFUSED', message: 'b did not' } });
    expect(verdictOf([child('a', 'CANCELLED', 'OPERATION.CANCELLED')]).halt?.name).toBe('a');
  });
  it('that is retried is not halted by what failed before', () => {
    expect(verdictOf([{ ...child('a', 'FAILED', 'ENGINE.REFUSED'), isEarlier: true }, child('a', 'SUCCEEDED')]).halt).toBeNull();
  });
  it('has one revision for all, or on the way back one for each that it reached', () => {
    expect(targetOf({ revision: 3 }, 'inst_a')).toBe(3);
    expect([targetOf({ revision: 3, back: { inst_a: 2 } }, 'inst_a'), targetOf({ revision: 3, back: { inst_a: 2 } }, 'inst_b')]).toEqual([2, null]);
  });
  it('is not halted by what took an instance over', () => {
    expect(verdictOf([child('a', 'CANCELLED', 'OPERATION.PREEMPTED')]).halt).toBeNull();
  });
});
