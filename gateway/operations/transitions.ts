/** Every way an operation changes, as pure functions from value to value. The store persists what they return. */
import { backoffMs } from '../../kernel/backoff.ts';
import { hasEnded, type OperationState, type PlainFault, type StepState } from './state.ts';
import { GIVEN_UP } from './decide.ts';
import type { AnyWorkflow, Ending } from './workflow.ts';

const at = (now: number): string => new Date(now).toISOString();
const withStep = (state: OperationState, position: number, change: Partial<StepState>): OperationState =>
  ({ ...state, steps: state.steps.map((step, i) => (i === position ? { ...step, ...change } : step)) });

/** A worker takes it. In the store this one is a statement (`CLAIM` in operation-rows.ts), because it chooses as well. */
export const claimed = (state: OperationState, owner: string, now: number, leaseMs: number): OperationState =>
  ({ ...state, attempt: state.attempt + 1, version: state.version + 1, lease: { owner, until: now + leaseMs } });

/** Right after a claim: what another worker left in the middle is to be done again. */
export function resumed(state: OperationState, now: number): OperationState {
  const position = state.steps.findIndex((step) => step.state === 'RUNNING' || step.state === 'CANCELLING');
  const started: OperationState = { ...state, state: state.state === 'PENDING' ? 'RUNNING' : state.state, startedAt: state.startedAt ?? now };
  if (position < 0) return started;
  const again = withStep(started, position, { state: 'PENDING', message: 'interrupted; it is done again' });
  return state.undo
    ? { ...again, undo: { ...state.undo, interruptions: state.undo.interruptions + 1 } }
    : { ...again, interruptions: state.interruptions + 1 };
}

export function began(state: OperationState, position: number, now: number, isPointOfNoReturn = false): OperationState {
  const step = state.steps[position]!;
  return {
    ...withStep(state, position, { state: 'RUNNING', attempts: step.attempts + 1, startedAt: step.startedAt ?? now, finishedAt: null, progress: null, message: null }),
    state: 'RUNNING', step: step.name, runAfter: now, isCancellable: state.isCancellable && !isPointOfNoReturn,
  };
}

export const succeeded = (workflow: AnyWorkflow, state: OperationState, position: number, output: unknown, now: number): OperationState =>
  withProgress(workflow, withStep(state, position, { state: 'SUCCEEDED', output, progress: 1, finishedAt: now, fault: null }));

export const skipped = (workflow: AnyWorkflow, state: OperationState, position: number, now: number): OperationState =>
  withProgress(workflow, withStep(state, position, { state: 'SUCCEEDED', isSkipped: true, progress: 1, message: 'not needed', startedAt: now, finishedAt: now }));

export function failed(workflow: AnyWorkflow, state: OperationState, position: number, fault: PlainFault & { isFinal: boolean }, now: number, random: number): OperationState {
  const step = state.steps[position]!;
  const failures = step.failures + 1;
  const retry = workflow.steps[position]!.retry;
  const told = { code: fault.code, message: fault.message };
  // A cancelled step ends as it can; that it did not like it is no failure.
  if (state.state === 'CANCELLING') return withStep(state, position, { state: 'PENDING', message: told.message });
  if (fault.isFinal || failures >= retry.attempts) return withStep(state, position, { state: 'FAILED', failures, fault: told, message: told.message, finishedAt: now });
  return { ...withStep(state, position, { state: 'PENDING', failures, fault: told, message: told.message }), runAfter: now + backoffMs(retry, failures, random) };
}

/** Forwards as backwards: called again later, as if for the first time: what failed some waits ago, maybe days, does not count. What it has begun is still to be undone. */
export const waits = (state: OperationState, position: number, forMs: number, now: number): OperationState =>
  ({ ...withStep(state, position, { state: 'PENDING', failures: 0, attempts: Math.max(1, state.steps[position]!.attempts - 1) }), runAfter: now + forMs });

/**
 * From here on it goes backwards, with as much time again. The attempt rises, so that a call of the way forwards that
 * is still on the wire is refused once something was undone; without that it could do again what was just undone.
 */
export const turnedBack = (workflow: AnyWorkflow, state: OperationState, to: 'FAILED' | 'CANCELLED', fault: PlainFault, now: number): OperationState => ({
  ...state, state: to === 'CANCELLED' ? 'CANCELLING' : 'RUNNING', undo: { to, fault, deadline: now + workflow.timeoutMs, interruptions: 0 },
  fault: { code: fault.code, message: fault.message, at: at(now) }, runAfter: now, attempt: state.attempt + 1,
});

export const undoBegan = (state: OperationState, position: number, now: number): OperationState =>
  ({ ...withStep(state, position, { state: 'CANCELLING', finishedAt: null }), step: state.steps[position]!.name, runAfter: now });

export const undone = (state: OperationState, position: number, now: number): OperationState =>
  withStep(state, position, { state: 'CANCELLED', finishedAt: now });

export function undoFailed(workflow: AnyWorkflow, state: OperationState, position: number, fault: PlainFault & { isFinal: boolean }, now: number, random: number): OperationState {
  const step = state.steps[position]!;
  const undoFailures = step.undoFailures + 1;
  if (fault.isFinal) return withStep(state, position, { state: 'FAILED', undoFailures, fault: { code: GIVEN_UP, message: fault.message }, message: fault.message, finishedAt: now });
  // Repeated until the time to undo is up: what stays behind costs more than trying once more.
  return { ...withStep(state, position, { state: 'PENDING', undoFailures, message: fault.message }), runAfter: now + backoffMs(workflow.steps[position]!.retry, undoFailures, random) };
}

/** Of the running step. Never goes back. */
export function progressed(workflow: AnyWorkflow, state: OperationState, position: number, fraction: number, message: string | null): OperationState {
  const step = state.steps[position]!;
  if (step.state !== 'RUNNING') return state;
  const progress = Math.max(step.progress ?? 0, Math.min(1, Number.isFinite(fraction) ? fraction : 0));
  return withProgress(workflow, withStep(state, position, { progress, message: message ?? step.message }));
}

/** The share of the steps' weights that is done. Never goes back, also not while things are undone or retried. */
function withProgress(workflow: AnyWorkflow, state: OperationState): OperationState {
  const weightOf = (i: number): number => workflow.steps[i]?.weight ?? 1;
  const total = state.steps.reduce((sum, _, i) => sum + weightOf(i), 0);
  const done = state.steps.reduce((sum, step, i) => sum + weightOf(i) * (step.state === 'SUCCEEDED' ? 1 : step.state === 'RUNNING' ? (step.progress ?? 0) : 0), 0);
  const progress = total > 0 ? Math.round((done / total) * 10_000) / 10_000 : 0;
  return { ...state, progress: Math.max(state.progress, progress) };
}

/** Nothing is under way any more: a step that was called off, and has nothing to be undone, ends with it. One in the middle of its way back has failed. */
const closed = (step: StepState, now: number): StepState =>
  (step.startedAt === null || step.finishedAt !== null ? step : { ...step, state: step.state === 'CANCELLING' || step.undoFailures > 0 ? 'FAILED' : 'CANCELLED', finishedAt: now });
export const ended = (state: OperationState, ending: Ending, now: number): OperationState => ({
  ...state, state: ending.state, steps: state.steps.map((step) => closed(step, now)), step: null, lease: null, undo: null, finishedAt: now, progress: ending.state === 'SUCCEEDED' ? 1 : state.progress,
  fault: 'fault' in ending ? { code: ending.fault.code, message: ending.fault.message, at: at(now) } : null,
});

export const cancelRequested = (state: OperationState, now: number): OperationState => ({ ...state, state: 'CANCELLING', runAfter: now });

/** Another operation takes the subject over. The raised attempt refuses whatever its worker still writes. */
export const preempted = (state: OperationState, now: number): OperationState => {
  const steps = state.steps.map((step) => (step.state === 'RUNNING' || step.state === 'CANCELLING' ? { ...step, state: 'FAILED' as const, finishedAt: now } : step));
  const fault = { code: 'OPERATION.PREEMPTED', message: 'a delete or a forced operation took the subject over' };
  return { ...ended({ ...state, steps }, { state: 'CANCELLED', fault }, now), attempt: state.attempt + 1 };
};

/** A failed one begins again at its first step that is not done, in the name of who asked for it. */
export function retried(
  workflow: AnyWorkflow, state: OperationState, by: { actor: string; clientAddress: string | null; requestId: string | null }, epoch: number, now: number,
): OperationState {
  const from = state.steps.findIndex((step) => step.state !== 'SUCCEEDED');
  const again = (step: StepState): StepState => ({
    ...step, state: 'PENDING', failures: 0, undoFailures: 0, isSkipped: false, fault: null, progress: null, message: null, startedAt: null, finishedAt: null, output: null,
    // begun counts on: what an earlier run may have left is undone like its own
  });
  return {
    ...state, ...by, epoch, state: 'PENDING', step: null, fault: null, undo: null, interruptions: 0, lease: null, runAfter: now,
    deadline: now + workflow.timeoutMs, startedAt: null, finishedAt: null,
    steps: state.steps.map((step, i) => (from >= 0 && i >= from ? again(step) : step)),
  };
}

/** The worker gives it back of its own accord: at once for anybody, nothing is counted. */
export function released(state: OperationState, now: number): OperationState {
  const position = state.steps.findIndex((step) => step.state === 'RUNNING' || step.state === 'CANCELLING');
  const free: OperationState = { ...state, lease: null, runAfter: now };
  return hasEnded(state) || position < 0 ? free : withStep(free, position, { state: 'PENDING', message: 'handed over; it is done again' });
}

/** Nothing to do for a while: the worker's place is free for others. */
export const parked = (state: OperationState, until: number): OperationState => ({ ...state, lease: null, runAfter: until });
