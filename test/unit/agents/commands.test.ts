import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { capabilityFor, fromStatus, isBroken, requireCapability, requireDone } from '../../../gateway/agents/commands.ts';

const statusError = (code: status): Error => Object.assign(new Error('x'), { code, details: 'said', metadata: new Metadata() });
const outcome = (code?: string) => ({ items: [], restartRequired: [], rootName: '', findings: [], replayed: false, ...(code ? { fault: { code, message: 'm' } } : {}) });

describe('an outcome', () => {
  it('answers about the thing asked for come back', () => {
    for (const code of [undefined, 'EXISTS', 'MISSING', 'REFUSED']) expect(requireDone(outcome(code))).toEqual(outcome(code));
  });
  it.each([
    ['RETRYABLE', 'ENGINE.UNAVAILABLE'], ['FENCED', 'AGENT.FENCED'], ['UNSUPPORTED', 'CAPABILITY.UNSUPPORTED'], ['FAILED_TO_START', 'ENGINE.FAILED_TO_START'],
    ['CANCELLED', 'OPERATION.CANCELLED'], ['DEADLINE', 'OPERATION.DEADLINE_EXCEEDED'], ['FAILED', 'OPERATION.STEP_FAILED'], ['SOMETHING_NEW', 'OPERATION.STEP_FAILED'],
  ])('%s is thrown as %s', (code, thrown) => expect(() => requireDone(outcome(code))).toThrow(expect.objectContaining({ code: thrown })));
});

describe('a status', () => {
  it.each([
    [status.FAILED_PRECONDITION, 'AGENT.FENCED'], [status.UNIMPLEMENTED, 'CAPABILITY.UNSUPPORTED'], [status.PERMISSION_DENIED, 'AGENT.REFUSED'],
    [status.UNAUTHENTICATED, 'AGENT.REFUSED'], [status.UNAVAILABLE, 'AGENT.UNREACHABLE'], [status.DEADLINE_EXCEEDED, 'AGENT.UNREACHABLE'],
  ])('%s means %s', (code, meant) => expect(fromStatus(statusError(code), 'inst_1')).toMatchObject({ code: meant }));
  it('says whether the command may still run', () => {
    for (const code of [status.UNAVAILABLE, status.CANCELLED, status.INTERNAL]) expect(isBroken(statusError(code))).toBe(true);
    for (const code of [status.FAILED_PRECONDITION, status.DEADLINE_EXCEEDED, status.UNIMPLEMENTED]) expect(isBroken(statusError(code))).toBe(false);
    expect(isBroken(new Error('bug'))).toBe(false);
    // What may be a bug of the agent is not asked for until the deadline.
    expect([5, 6].map((attempt) => isBroken(statusError(status.INTERNAL), attempt))).toEqual([true, false]);
    expect(isBroken(statusError(status.UNAVAILABLE), 99)).toBe(true);
  });
  it('that carries an engine\'s fault is the engine\'s, not the connection\'s', () => {
    const metadata = new Metadata();
    metadata.set('coffer-fault', 'RETRYABLE');
    const error = Object.assign(statusError(status.UNAVAILABLE), { metadata });
    expect(isBroken(error)).toBe(false);
    expect(fromStatus(error, 'inst_1')).toMatchObject({ code: 'ENGINE.UNAVAILABLE', message: 'said' });
  });
});

it('a command whose capability the agent lacks is refused', () => {
  const agent = { capabilities: ['USERS'], version: '0.1.0' };
  expect(() => requireCapability(capabilityFor({ $case: 'enableRoot', value: { password: 'x' } }), agent)).toThrow(expect.objectContaining({ code: 'CAPABILITY.UNSUPPORTED', details: { capability: 'ROOT' } }));
  expect(() => requireCapability(capabilityFor({ $case: 'checkResize', value: { vcpus: 1, memoryMb: 512, volumeGb: 1, sizing: {}, parameters: {} } }), agent)).toThrow(expect.objectContaining({ details: { capability: 'RESIZE' } }));
  requireCapability(capabilityFor({ $case: 'deleteUser', value: {} }), agent);
  requireCapability(capabilityFor({ $case: 'start', value: {} }), agent);
});
