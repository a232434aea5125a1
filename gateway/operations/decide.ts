/**
 * What comes next for an operation. Pure: (definition, value, time) → decision with its reason. The worker only
 * executes decisions, the simulator (test/simulation) executes the same ones.
 */
import { hasEnded, outputsOf, type OperationState, type PlainFault, type StepState } from './state.ts';
import type { AnyWorkflow, Ending, Step } from './workflow.ts';

export type Decision = { reason: string } & (
  | { do: 'run'; position: number; deadline: number }
  | { do: 'skip'; position: number }
  /** go backwards from here on */
  | { do: 'turn-back'; to: 'FAILED' | 'CANCELLED'; fault: PlainFault }
  | { do: 'undo'; position: number; deadline: number }
  | { do: 'wait'; until: number }
  | { do: 'end'; ending: Ending }
  | { do: 'nothing' }
);

/** Crashes are not failures, but something that kills its worker every time must not do so for ever. */
export const MAX_INTERRUPTIONS = 10;

export function decide(workflow: AnyWorkflow, state: OperationState, now: number): Decision {
  if (hasEnded(state)) return { do: 'nothing', reason: `it is ${state.state}` };
  if (state.undo) return decideBackwards(workflow, state, now);
  if (state.state === 'CANCELLING') {
    return { do: 'turn-back', to: 'CANCELLED', fault: { code: 'OPERATION.CANCELLED', message: 'it was cancelled on request' }, reason: 'cancelled' };
  }
  return decideForwards(workflow, state, now);
}

function decideForwards(workflow: AnyWorkflow, state: OperationState, now: number): Decision {
  const failed = state.steps.find((step) => step.state === 'FAILED');
  const position = state.steps.findIndex((step) => step.state !== 'SUCCEEDED');
  // What is done is done, also a moment too late.
  if (position < 0) return { do: 'end', ending: { state: 'SUCCEEDED' }, reason: 'all steps are done' };
  if (now >= state.deadline) return { do: 'turn-back', to: 'FAILED', fault: deadlineFault(workflow, state), reason: 'past its deadline' };
  if (failed) {
    return { do: 'turn-back', to: 'FAILED', fault: failed.fault ?? { code: 'OPERATION.STEP_FAILED', message: `${failed.title}: failed` }, reason: `${failed.name} failed for good` };
  }
  const journal = state.steps[position]!;
  if (state.interruptions > MAX_INTERRUPTIONS) {
    const message = `${journal.title}: the process that ran it died or was cut off ${state.interruptions} times`;
    return { do: 'turn-back', to: 'FAILED', fault: { code: 'OPERATION.STEP_FAILED', message }, reason: 'interrupted too often' };
  }
  const step = workflow.steps[position];
  if (!step || step.name !== journal.name) {
    const message = `this release has no step "${journal.name}" at place ${position + 1} of ${state.kind} version ${state.workflowVersion}`;
    return { do: 'turn-back', to: 'FAILED', fault: { code: 'INTERNAL', message }, reason: 'the definition does not fit' };
  }
  const applies = decideApplies(step, state);
  if (typeof applies !== 'boolean') return { do: 'turn-back', to: 'FAILED', fault: applies, reason: 'its condition threw' };
  if (!applies) return { do: 'skip', position, reason: `${step.name} does not apply` };
  if (state.runAfter > now) return { do: 'wait', until: Math.min(state.runAfter, state.deadline), reason: `${step.name} waits for its next attempt` };
  return { do: 'run', position, deadline: Math.min(now + step.timeoutMs, state.deadline), reason: `${step.name} is next` };
}

/** Backwards every step that may have done something is undone, the latest first, until nothing is left or time is up. */
function decideBackwards(workflow: AnyWorkflow, state: OperationState, now: number): Decision {
  const undo = state.undo!;
  const position = state.steps.findLastIndex((step, i) => isToUndo(workflow, step, i));
  const end = (reason: string): Decision => ({ do: 'end', ending: endingOf(workflow, state), reason });
  if (position < 0) return end('nothing is left to undo');
  const journal = state.steps[position]!;
  if (now >= undo.deadline) return end('no time is left to undo');
  if (undo.interruptions > MAX_INTERRUPTIONS) return end('undoing was interrupted too often');
  if (state.runAfter > now) return { do: 'wait', until: Math.min(state.runAfter, undo.deadline), reason: `undoing ${journal.name} waits for its next attempt` };
  return { do: 'undo', position, deadline: Math.min(now + workflow.steps[position]!.timeoutMs, undo.deadline), reason: `${journal.name} is to be undone` };
}

const isToUndo = (workflow: AnyWorkflow, step: StepState, position: number): boolean => needsUndo(step) && workflow.steps[position]?.name === step.name && workflow.steps[position]?.compensate !== undefined;

/** Of one that goes backwards, or has ended without success: the steps that may stand all the same. */
export const leftOf = (workflow: AnyWorkflow, { steps }: Pick<OperationState, 'steps'>): StepState[] => steps.filter((step, i) => isGivenUp(step) || isToUndo(workflow, step, i));

/** A step that was begun may have had its effect, whatever became of it. */
export const needsUndo = (step: StepState): boolean => step.attempts > 0 && !step.isSkipped && step.state !== 'CANCELLED' && !isGivenUp(step);
const isGivenUp = (step: StepState): boolean => step.undoFailures > 0 && step.fault !== null && step.fault.code === GIVEN_UP;
/** Marks a step whose compensation failed for good. */
export const GIVEN_UP = 'OPERATION.UNDO_FAILED';

function decideApplies(step: Step<never>, state: OperationState): boolean | PlainFault {
  try {
    return step.applies?.(state.input as never, outputsOf(state)) ?? true;
  } catch (error) {
    return { code: 'INTERNAL', message: `${step.title}: its condition failed (${(error as Error).name})` };
  }
}

const seconds = (ms: number): string => (ms >= 120_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 100) / 10} s`);

function deadlineFault(workflow: AnyWorkflow, state: OperationState): PlainFault {
  const at = state.steps.find((step) => step.state !== 'SUCCEEDED');
  const told = at ? `; "${at.title}" was ${at.attempts > 0 ? 'under way' : 'next'}${at.message ? ` (${at.message})` : ''}` : '';
  return { code: 'OPERATION.DEADLINE_EXCEEDED', message: `it did not finish within ${seconds(workflow.timeoutMs)}${told}` };
}

/** What could not be undone is told in the fault: somebody has to look. */
function endingOf(workflow: AnyWorkflow, state: OperationState): Ending {
  const undo = state.undo!;
  const left = leftOf(workflow, state);
  if (left.length === 0) return { state: undo.to, fault: undo.fault };
  const told = left.map((step) => `undoing "${step.title}" did not succeed${step.undoFailures > 0 && step.message ? `: ${step.message}` : ''}`).join('; ');
  return { state: undo.to, fault: { code: undo.fault.code, message: `${undo.fault.message}; ${told}` } };
}
