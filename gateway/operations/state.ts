/**
 * An operation as a value. Everything the engine does to one is a pure function from such a value to the next
 * (`transitions.ts`); the store keeps values, the worker executes decisions (`decide.ts`). Times are Unix milliseconds
 * of the store's clock.
 */
import type { OperationHead, OperationStepView, OperationView } from './workflow.ts';

export type RunState = OperationView['state'];
export interface PlainFault { code: string; message: string }
export interface TimedFault extends PlainFault { at: string }

export interface StepState {
  name: string;
  title: string;
  /** CANCELLING: being undone; CANCELLED: undone */
  state: RunState;
  /** times it was begun */
  attempts: number;
  /** times it failed since the operation was accepted or retried: what the retry policy counts */
  failures: number;
  undoFailures: number;
  /** it did not apply: shown as SUCCEEDED, never undone */
  isSkipped: boolean;
  /** why it is FAILED, or why undoing it was given up */
  fault: PlainFault | null;
  progress: number | null;
  message: string | null;
  startedAt: number | null;
  finishedAt: number | null;
  output: unknown;
}

/** Set once the operation goes backwards; `deadline` bounds that. */
export interface Undo { to: 'FAILED' | 'CANCELLED'; fault: PlainFault; deadline: number; interruptions: number }

export interface OperationState {
  id: string; kind: string; workflowVersion: number; subjectId: string; projectId: string | null; parentId: string | null;
  actor: string; clientAddress: string | null; requestId: string | null;
  state: RunState;
  lockMode: 'SHARED' | 'EXCLUSIVE';
  /** everything it locks, `subjectId` included */
  subjects: readonly string[];
  input: unknown;
  step: string | null;
  progress: number;
  /** claims so far; a write proves the claim it was made under */
  attempt: number;
  /** writes so far; a write proves that it knows the one before */
  version: number;
  target: string | null;
  fault: TimedFault | null;
  epoch: number;
  lease: { owner: string; until: number } | null;
  /** not to be claimed before */
  runAfter: number;
  deadline: number;
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  /** the worker died or lost its lease in the middle of a step; bounded apart from failures */
  interruptions: number;
  undo: Undo | null;
  /** whether its workflow can be cancelled at all */
  isCancellable: boolean;
  steps: readonly StepState[];
}

const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

export const hasEnded = (state: OperationState): boolean => state.state === 'SUCCEEDED' || state.state === 'FAILED' || state.state === 'CANCELLED';

/** What is already going backwards cannot be cancelled any more. */
export const canCancel = (state: OperationState): boolean =>
  state.isCancellable && state.undo === null && (state.state === 'PENDING' || state.state === 'RUNNING');

export const outputsOf = (state: OperationState): Record<string, unknown> =>
  Object.fromEntries(state.steps.filter((s) => s.state === 'SUCCEEDED' && !s.isSkipped).map((s) => [s.name, s.output]));

export const headOf = (state: OperationState): OperationHead => ({
  id: state.id, kind: state.kind, subjectId: state.subjectId, projectId: state.projectId, actor: state.actor,
  createdAt: new Date(state.createdAt), deadline: new Date(state.deadline),
});

export const stepViewOf = (step: StepState): OperationStepView => ({
  name: step.name, title: step.title, state: step.state, attempts: step.attempts, progress: step.progress, message: step.message,
  startedAt: isoOrNull(step.startedAt), finishedAt: isoOrNull(step.finishedAt),
});

/** The same document as `gateway/store/operation-document.ts` makes of the row. */
export const viewOf = (state: OperationState): OperationView => ({
  id: state.id, kind: state.kind, state: state.state, subjectId: state.subjectId, projectId: state.projectId, parentId: state.parentId,
  actor: state.actor, step: state.step, progress: state.progress, attempt: state.attempt, cancellable: canCancel(state), fault: state.fault,
  deadline: iso(state.deadline), createdAt: iso(state.createdAt), startedAt: isoOrNull(state.startedAt), finishedAt: isoOrNull(state.finishedAt),
  steps: state.steps.map(stepViewOf),
});
