import { describe, expect, it } from 'vitest';
import { CofferError } from '../../../kernel/errors.ts';
import { createDefinitions } from '../../../gateway/operations/definitions.ts';
import { createProgressWriter } from '../../../gateway/operations/progress-writer.ts';
import { redact, stepFaultOf } from '../../../gateway/operations/step-fault.ts';
import { FinalStepError, type AnyWorkflow } from '../../../gateway/operations/workflow.ts';

describe('how an error of a step is told', () => {
  it('expected refusals are final, troubles of the environment and surprises are not', () => {
    expect(stepFaultOf(new FinalStepError('ENGINE.REFUSED', 'no'), 'T', {})).toEqual({ code: 'ENGINE.REFUSED', message: 'T: no', isFinal: true });
    expect(stepFaultOf(new CofferError('CAPABILITY.UNSUPPORTED', 'no'), 'T', {})).toMatchObject({ isFinal: true });
    expect(stepFaultOf(new CofferError('AGENT.UNREACHABLE', 'no'), 'T', {})).toMatchObject({ code: 'AGENT.UNREACHABLE', isFinal: false });
    expect(stepFaultOf(new TypeError('x is undefined'), 'T', {})).toMatchObject({ code: 'OPERATION.STEP_FAILED', isFinal: false });
    expect(stepFaultOf('text', 'T', {})).toMatchObject({ message: 'T: text' });
  });

  it('never with a secret, also where JSON escaped it', () => {
    expect(redact('the name is bob', { p: 'bob' })).toBe('the name is bob');
    expect(redact('password hunter2!" and "hunter2!\\""', { p: 'hunter2!"' })).toBe('password *** and "***"');
    expect(stepFaultOf(new Error('bad hunter22'), 'T', { p: 'hunter22' }).message).toBe('T: bad ***');
  });
});

describe('progress', () => {
  it('is written at most every 200 ms, only upwards, and what is left goes with the end of the step', async () => {
    const written: number[] = [];
    const writer = createProgressWriter(async (fraction) => { written.push(fraction); });
    writer.report(0.1, 'a');
    await new Promise((resolve) => setTimeout(resolve, 20));
    writer.report(0.5, 'b');
    writer.report(0.3, 'c');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(written).toEqual([0.1]);
    expect(writer.rest()).toEqual({ fraction: 0.5, message: 'c' });
    writer.stop();
  });
});

describe('definitions', () => {
  const workflow = (kind: string, version: number, names = ['a']): AnyWorkflow =>
    ({ kind, version, cancellable: true, timeoutMs: 1, steps: names.map((name) => ({ name, title: name, timeoutMs: 1, retry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 }, run: async () => {} })) }) as AnyWorkflow;

  it('the newest version is for what is new, older ones for what is in flight', () => {
    const definitions = createDefinitions([workflow('k', 2), workflow('k', 1)]);
    expect(definitions.latest('k').version).toBe(2);
    expect(definitions.find('k', 1)?.version).toBe(1);
    expect(definitions.keys).toEqual(['k@2', 'k@1']);
  });

  it('what cannot be told apart is refused at start', () => {
    expect(() => createDefinitions([workflow('k', 1), workflow('k', 1)])).toThrow('k@1');
    expect(() => createDefinitions([workflow('k', 1, ['a', 'a'])])).toThrow('same name');
    expect(() => createDefinitions([]).latest('k')).toThrow('no workflow');
  });
});
