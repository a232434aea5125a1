/**
 * Takes one claimed operation as far as it goes: decide, write, act, and again. Returns when it has ended, was given
 * back, or is no longer ours.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { faultPoint } from '../../kernel/fault-point.ts';
import type { Log } from '../../kernel/log.ts';
import { advance, type Act } from './advance.ts';
import type { ChangeOptions } from './change-operation.ts';
import type { Definitions } from './definitions.ts';
import type { Held } from './held-operation.ts';
import type { OperationObserver } from './hooks.ts';
import { createProgressWriter } from './progress-writer.ts';
import { runStep, type RunStepDeps, type StepOutcome } from './run-step.ts';
import { hasEnded, type OperationState } from './state.ts';
import { LeaseLostError } from './step-fault.ts';
import { ended, failed, parked, progressed, released, resumed, succeeded, undoFailed, undone, waits } from './transitions.ts';
import type { AnyWorkflow } from './workflow.ts';

export interface RunDeps extends RunStepDeps {
  definitions: Definitions;
  observer: OperationObserver;
  log: Log;
  /** aborted when the worker stops: give back what is not done */
  stopping: AbortSignal;
}

/** A shorter wait is waited here; for a longer one the place is given to others. */
const WAIT_HERE_MS = 1_000;
/** A write the store refuses is tried this often. If it is the end with the workflow's own part, it then ends without that. */
const WRITE_ATTEMPTS = 5;
const WRITE_DELAY_MS = 200;

export async function runOperation(deps: RunDeps, held: Held): Promise<void> {
  const { kind, workflowVersion, id } = held.state;
  const workflow = deps.definitions.find(kind, workflowVersion);
  try {
    if (!workflow) return await endUnknown(deps, held);
    let act = await step(deps, workflow, held, (state) => resumed(state, deps.clock.now()));
    while (act.do !== 'ended' && act.do !== 'nothing') {
      if (deps.stopping.aborted) return await giveBack(deps, held);
      if (act.do === 'wait') {
        const until = act.until;
        if (until - deps.clock.now() > WAIT_HERE_MS) return await park(deps, held, until);
        await pause(deps, held, until);
        act = await step(deps, workflow, held, (state) => state);
        continue;
      }
      act = await perform(deps, workflow, held, act);
    }
    if (act.do === 'ended') deps.observer.operationEnded({ kind, state: held.state.state, durationMs: deps.clock.now() - held.state.createdAt });
  } catch (error) {
    if (error instanceof LeaseLostError || held.lost.aborted) deps.log.info({ operation: id, kind }, 'the operation was taken over; this worker lets go of it');
    else throw error;
  }
}

/** Applies an outcome and everything that follows from it, in one write. */
async function step(deps: RunDeps, workflow: AnyWorkflow, held: Held, outcome: (state: OperationState) => OperationState): Promise<Act> {
  for (let failures = 0; ; failures++) {
    let isEnd = false;
    try {
      return await held.change<Act>((state) => {
        const next = advance(workflow, outcome(state), deps.clock.now());
        isEnd = next.act.do === 'ended';
        if (isEnd) faultPoint(state.kind, 'end', 'before');
        deps.log.debug({ operation: state.id, kind: state.kind, act: next.act.do, reasons: next.reasons }, 'decided');
        return { state: next.state, result: next.act };
      }, () => (failures >= WRITE_ATTEMPTS ? { withoutOnEnd: true } : {})).then((act) => {
        if (act.do === 'ended') faultPoint(workflow.kind, 'end', 'after');
        return act;
      });
    } catch (error) {
      if (error instanceof LeaseLostError || held.lost.aborted || failures > WRITE_ATTEMPTS) throw error;
      deps.log.error({ operation: held.state.id, kind: held.state.kind, err: (error as Error).message, failures, isEnd }, 'what comes next for the operation could not be written; trying again');
      await delay(WRITE_DELAY_MS * (failures + 1));
    }
  }
}

async function perform(deps: RunDeps, workflow: AnyWorkflow, held: Held, act: Extract<Act, { do: 'run' | 'undo' }>): Promise<Act> {
  const { position } = act;
  const backwards = act.do === 'undo';
  const progress = createProgressWriter((fraction, message) => held.change((state) => ({ state: progressed(workflow, state, position, fraction, message), result: undefined })));
  const startedAt = performance.now();
  const signals = backwards ? [held.lost, deps.stopping] : [held.lost, held.cancelled, deps.stopping];
  const outcome = await runStep(deps, held, { step: workflow.steps[position]!, position, backwards, deadline: act.deadline, signals, progress });
  progress.stop();
  observe(deps, held, workflow.steps[position]!.name, backwards, outcome, performance.now() - startedAt);
  if (held.lost.aborted) throw held.lost.reason;
  // Stopping is no failure of the step: it is given back as it was.
  if (outcome.how === 'failed' && deps.stopping.aborted) {
    await giveBack(deps, held, !outcome.hasStopped);
    return { do: 'nothing' };
  }
  const rest = progress.rest();
  return step(deps, workflow, held, (state) => {
    const seen = rest ? progressed(workflow, state, position, rest.fraction, rest.message) : state;
    const next = applyOutcome(workflow, seen, position, backwards, outcome, deps.clock.now());
    // One that did not stop when told may still write or call: from now on it does so under an old claim.
    return outcome.hasStopped ? next : { ...next, attempt: next.attempt + 1 };
  });
}

function applyOutcome(workflow: AnyWorkflow, state: OperationState, position: number, backwards: boolean, outcome: StepOutcome, now: number): OperationState {
  if (outcome.how === 'waits') return waits(state, position, outcome.forMs, now);
  if (outcome.how === 'succeeded') return backwards ? undone(state, position, now) : succeeded(workflow, state, position, outcome.output, now);
  return (backwards ? undoFailed : failed)(workflow, state, position, outcome.fault, now, Math.random());
}

/** Backwards a cancel changes nothing any more. */
async function pause(deps: RunDeps, held: Held, until: number): Promise<void> {
  const signal = AbortSignal.any([held.lost, deps.stopping, ...(held.state.undo ? [] : [held.cancelled])]);
  await delay(Math.max(0, until - deps.clock.now()), undefined, { signal }).catch(() => {});
}

const park = (deps: RunDeps, held: Held, until: number): Promise<void> =>
  held.change((state) => ({ state: state.state === 'CANCELLING' && !state.undo ? released(state, deps.clock.now()) : parked(state, until), result: undefined }));

/** Another worker shall not have to wait for the lease to run out. */
async function giveBack(deps: RunDeps, held: Held, isAstray = false): Promise<void> {
  if (hasEnded(held.state)) return;
  const wake = (): ChangeOptions => ({ wake: '' });
  await held.change((state) => ({ state: { ...released(state, deps.clock.now()), attempt: state.attempt + (isAstray ? 1 : 0) }, result: undefined }), wake);
}

/** Nobody has its definition any more and all its time is over: it must not stand there for ever. */
const endUnknown = (deps: RunDeps, held: Held): Promise<void> =>
  held.change((state) => {
    const message = `no gateway that runs knows ${state.kind} version ${state.workflowVersion}; it was begun by another release`;
    return { state: ended(state, { state: 'FAILED', fault: { code: 'OPERATION.DEADLINE_EXCEEDED', message } }, deps.clock.now()), result: undefined };
  });

function observe(deps: RunDeps, held: Held, name: string, backwards: boolean, outcome: StepOutcome, durationMs: number): void {
  if (outcome.how === 'waits') return;
  const isStopped = outcome.how === 'failed' && (deps.stopping.aborted || held.lost.aborted);
  const word = outcome.how === 'succeeded' ? (backwards ? 'undone' : 'succeeded') : isStopped ? 'stopped' : backwards ? 'undo-failed' : 'failed';
  deps.observer.stepEnded({ kind: held.state.kind, step: name, outcome: word, durationMs });
  if (outcome.how === 'failed' && !isStopped) {
    // That a cancelled step did not finish is as it was wished.
    deps.log[held.cancelled.aborted && !backwards ? 'info' : 'warn']({ operation: held.state.id, kind: held.state.kind, step: name, code: outcome.fault.code, final: outcome.fault.isFinal }, outcome.fault.message);
  }
}
