/**
 * Writes a transition with all that belongs to it, in the caller's transaction: the subject's task, what the workflow
 * does at its end, the row with its event. Rows are locked in one order everywhere, subject before operation, so that
 * the proof (`writeOperation`) comes last; when it fails the whole transaction is undone.
 */
import type { Tx } from '../store/tx.ts';
import { leftOf } from './decide.ts';
import type { Definitions } from './definitions.ts';
import type { OperationHooks } from './hooks.ts';
import { writeOperation, type WriteOptions } from './operation-rows.ts';
import { hasEnded, headOf, outputsOf, viewOf, type OperationState } from './state.ts';
import type { Ending } from './workflow.ts';

/** Somebody else wrote in between: load it again and look. */
export class StaleOperationError extends Error {
  override readonly name = 'StaleOperationError';
}

export interface ChangeDeps { definitions: Definitions; hooks: OperationHooks }
export interface ChangeOptions {
  wake?: string;
  data?: unknown;
  /** the workflow's own end has failed too often: end without it */
  withoutOnEnd?: boolean;
  phase?: 'START';
}

export async function changeOperation(tx: Tx, deps: ChangeDeps, before: OperationState, after: OperationState, options: ChangeOptions = {}): Promise<void> {
  const isEnd = hasEnded(after) && !hasEnded(before);
  if (isEnd && !options.withoutOnEnd) await runOnEnd(tx, deps, after);
  await tellTask(tx, deps.hooks, after);
  const event: WriteOptions['event'] = isEnd
    ? { type: after.kind, phase: after.state === 'SUCCEEDED' ? 'END' : 'ERROR', data: after.fault ? { fault: after.fault } : {} }
    : options.phase ? { type: after.kind, phase: options.phase } : { type: 'operation.updated', phase: 'PROGRESS' };
  const written = await writeOperation(tx, before, after, {
    event: options.data === undefined ? event : { ...event, data: options.data }, isEnd, ...(options.wake === undefined ? {} : { wake: options.wake }),
  });
  if (!written) throw new StaleOperationError(`operation ${before.id} was written by somebody else`);
}

async function runOnEnd(tx: Tx, deps: ChangeDeps, after: OperationState): Promise<void> {
  const workflow = deps.definitions.find(after.kind, after.workflowVersion);
  if (!workflow?.onEnd) return;
  const left = after.state === 'SUCCEEDED' ? [] : leftOf(workflow, after).map(({ name }) => name);
  await workflow.onEnd(tx, { ...headOf(after), input: after.input as never }, { ...endingOf(after), left }, outputsOf(after));
}

function endingOf(state: OperationState): Ending {
  return state.state === 'SUCCEEDED'
    ? { state: 'SUCCEEDED' }
    : { state: state.state as 'FAILED' | 'CANCELLED', fault: { code: state.fault?.code ?? 'INTERNAL', message: state.fault?.message ?? '' } };
}

/** Only an exclusive operation is a subject's task: of shared ones there may be many. */
export async function tellTask(tx: Tx, hooks: OperationHooks, state: OperationState): Promise<void> {
  if (state.lockMode !== 'EXCLUSIVE') return;
  const view = hasEnded(state) ? null : viewOf(state);
  const cause = { actor: state.actor, clientAddress: state.clientAddress, requestId: state.requestId, operationId: state.id };
  for (const subject of state.subjects) await hooks.onTaskChanged(tx, subject, view, cause);
}
