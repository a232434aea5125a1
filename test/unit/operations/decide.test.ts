import { describe, expect, it } from 'vitest';
import { advance } from '../../../gateway/operations/advance.ts';
import { decide, leftOf, MAX_INTERRUPTIONS } from '../../../gateway/operations/decide.ts';
import { newSteps } from '../../../gateway/operations/enqueue.ts';
import { canCancel, outputsOf, viewOf, type OperationState } from '../../../gateway/operations/state.ts';
import { began, cancelRequested, ended, failed, parked, preempted, progressed, released, resumed, retried, skipped, succeeded, turnedBack, undoBegan, undoFailed, undone, waits } from '../../../gateway/operations/transitions.ts';
import { defineWorkflow, type AnyWorkflow, type Step } from '../../../gateway/operations/workflow.ts';

const retry = { attempts: 3, firstDelayMs: 100, maxDelayMs: 1_000 };
const step = (name: string, more: Partial<Step<{ skip?: string }>> = {}): Step<{ skip?: string }> => ({ name, title: `Do ${name}`, timeoutMs: 5_000, retry, run: async () => {}, ...more });
const workflow = defineWorkflow<{ skip?: string }>({
  kind: 'toy', version: 1, cancellable: true, timeoutMs: 60_000,
  steps: [step('a', { compensate: async () => {} }), step('b', { weight: 2, applies: (input) => input.skip !== 'b' }), step('c', { compensate: async () => {} })],
}) as AnyWorkflow;
const fresh = (more: Partial<OperationState> = {}): OperationState => ({
  id: 'op1', kind: 'toy', workflowVersion: 1, subjectId: 's', projectId: null, parentId: null, actor: 'x', clientAddress: null, requestId: null, state: 'RUNNING',
  lockMode: 'EXCLUSIVE', subjects: ['s'], input: {}, step: null, progress: 0, attempt: 1, version: 1, target: null, fault: null, epoch: 1, lease: { owner: 'w', until: 9_999 }, runAfter: 0,
  deadline: 60_000, createdAt: 0, startedAt: 0, finishedAt: null, interruptions: 0, undo: null, isCancellable: true, steps: newSteps(workflow), ...more,
});
const fault = { code: 'X.Y', message: 'no', isFinal: false };
/** a done, b running */
const midway = (): OperationState => began(succeeded(workflow, began(fresh(), 0, 1), 0, { made: 1 }, 2), 1, 3);

describe('forwards', () => {
  it('the first step that is not done is next, bounded by its own and the operation\'s deadline', () => {
    expect(decide(workflow, fresh(), 10)).toMatchObject({ do: 'run', position: 0, deadline: 5_010 });
    expect(decide(workflow, fresh({ deadline: 1_000 }), 10)).toMatchObject({ do: 'run', deadline: 1_000 });
    expect(decide(workflow, midway(), 10)).toMatchObject({ do: 'run', position: 1 });
  });

  it('a step that does not apply is skipped in the same breath', () => {
    const next = advance(workflow, succeeded(workflow, began(fresh({ input: { skip: 'b' } }), 0, 1), 0, null, 2), 10);
    expect(next.act).toMatchObject({ do: 'run', position: 2 });
    expect(next.state.steps[1]).toMatchObject({ state: 'SUCCEEDED', isSkipped: true, attempts: 0 });
    expect(outputsOf(next.state)).toEqual({ a: null });
  });

  it('a step that waits is called again later, however often, without a failure', () => {
    let state = midway();
    for (let round = 0; round < 50; round += 1) {
      const now = 1_000 * (round + 1);
      const resting = waits(state, 1, 1_500, now);
      expect(decide(workflow, resting, now)).toMatchObject({ do: 'wait', until: now + 1_500 });
      const next = advance(workflow, resting, now + 1_500);
      expect(next.act).toMatchObject({ do: 'run', position: 1 });
      state = next.state;
    }
    expect(state.steps[1]).toMatchObject({ failures: 0, fault: null });
    expect(state.steps[1]!.attempts).toBeLessThanOrEqual(2);
  });

  it('what failed before a step came to wait does not count any more', () => {
    let state = midway();
    for (let round = 0; round < 10; round += 1) {
      const now = 4_000 * (round + 1);
      const again = advance(workflow, failed(workflow, state, 1, fault, now, 0), now + 1_000);
      expect(again.act).toMatchObject({ do: 'run', position: 1 });
      state = advance(workflow, waits(again.state, 1, 10, now + 1_000), now + 1_010).state;
    }
    expect(state.steps[1]).toMatchObject({ failures: 0 });
  });

  it('a step that waits has begun: called off, it is undone; its undoing may wait as well', () => {
    const resting = waits(began(fresh(), 0, 3), 0, 60_000, 10);
    const turned = advance(workflow, cancelRequested(resting, 20), 20);
    expect(turned.act).toMatchObject({ do: 'undo', position: 0 });
    const undoing = waits(turned.state, 0, 1_500, 30);
    expect(decide(workflow, undoing, 30)).toMatchObject({ do: 'wait', until: 1_530 });
    expect(decide(workflow, undoing, 1_530)).toMatchObject({ do: 'undo', position: 0 });
    expect(undoing.steps[0]).toMatchObject({ undoFailures: 0 });
  });

  it('a failure waits for its backoff, then the step is tried again', () => {
    const after = failed(workflow, midway(), 1, fault, 1_000, 0.5);
    expect(after.runAfter).toBe(1_075);
    expect(decide(workflow, after, 1_000)).toMatchObject({ do: 'wait', until: 1_075 });
    expect(decide(workflow, after, 1_075)).toMatchObject({ do: 'run', position: 1 });
  });

  it('the last attempt, or a final fault, turns back with that fault', () => {
    let state = midway();
    for (let i = 0; i < 3; i++) state = failed(workflow, { ...state, steps: state.steps }, 1, fault, 1_000, 0);
    expect(decide(workflow, state, 2_000)).toMatchObject({ do: 'turn-back', to: 'FAILED', fault: { code: 'X.Y', message: 'no' } });
    expect(decide(workflow, failed(workflow, midway(), 1, { ...fault, isFinal: true }, 5, 0), 6)).toMatchObject({ do: 'turn-back' });
  });

  it('past the deadline nothing more is begun, but what is done is done', () => {
    expect(decide(workflow, midway(), 60_000)).toMatchObject({ do: 'turn-back', to: 'FAILED', fault: { code: 'OPERATION.DEADLINE_EXCEEDED', message: 'it did not finish within 60 s; "Do b" was under way' } });
    const done = fresh({ steps: newSteps(workflow).map((s) => ({ ...s, state: 'SUCCEEDED' as const })) });
    expect(decide(workflow, done, 70_000)).toMatchObject({ do: 'end', ending: { state: 'SUCCEEDED' } });
  });

  it('a crash is no failure, but too many crashes are', () => {
    const again = resumed(midway(), 50);
    expect(again).toMatchObject({ interruptions: 1, steps: [{}, { state: 'PENDING', failures: 0, attempts: 1 }, {}] });
    expect(decide(workflow, again, 60)).toMatchObject({ do: 'run', position: 1 });
    expect(decide(workflow, { ...again, interruptions: MAX_INTERRUPTIONS + 1 }, 60)).toMatchObject({ do: 'turn-back', fault: { code: 'OPERATION.STEP_FAILED' } });
  });

  it('a condition that throws, or a step this release does not have, is told and not repeated', () => {
    const broken = { ...workflow, steps: [{ ...workflow.steps[0]!, applies: () => { throw new TypeError('secret'); } }] } as AnyWorkflow;
    expect(decide(broken, fresh(), 1)).toMatchObject({ do: 'turn-back', fault: { code: 'INTERNAL', message: 'Do a: its condition failed (TypeError)' } });
    expect(decide({ ...workflow, steps: [] } as unknown as AnyWorkflow, fresh(), 1)).toMatchObject({ do: 'turn-back', fault: { code: 'INTERNAL' } });
  });
});

describe('backwards', () => {
  const back = (state: OperationState, to: 'FAILED' | 'CANCELLED' = 'FAILED'): OperationState => turnedBack(workflow, state, to, { code: 'X.Y', message: 'no' }, 100);

  it('undoes the latest begun step that knows how, in reverse order, and then ends', () => {
    let state = back(began(succeeded(workflow, midway(), 1, null, 4), 2, 5));
    const order: number[] = [];
    for (let next = advance(workflow, state, 200); ; next = advance(workflow, state, 200)) {
      if (next.act.do !== 'undo') {
        expect(next.act).toMatchObject({ do: 'ended', ending: { state: 'FAILED', fault: { code: 'X.Y', message: 'no' } } });
        break;
      }
      order.push(next.act.position);
      state = undone(next.state, next.act.position, 210);
    }
    expect(order).toEqual([2, 0]);
  });

  it('raises the attempt, so that late calls of the way forwards are refused', () => {
    expect(back(midway()).attempt).toBe(2);
  });

  it('has as much time again; what is left then is told', () => {
    const state = undoFailed(workflow, back(began(succeeded(workflow, midway(), 1, null, 4), 2, 5)), 2, { ...fault, message: 'gone' }, 150, 0);
    expect(decide(workflow, state, 150)).toMatchObject({ do: 'wait', until: 200 });
    expect(decide(workflow, state, 60_100)).toMatchObject({ do: 'end', ending: { state: 'FAILED', fault: { message: 'no; undoing "Do a" did not succeed; undoing "Do c" did not succeed: gone' } } });
  });

  it('gives up a compensation that fails for good, tells it, and goes on with the others', () => {
    const state = undoFailed(workflow, back(began(succeeded(workflow, midway(), 1, null, 4), 2, 5)), 2, { ...fault, message: 'never', isFinal: true }, 150, 0);
    const next = advance(workflow, state, 200);
    expect(next.act).toMatchObject({ do: 'undo', position: 0 });
    expect(advance(workflow, undone(next.state, 0, 201), 202).act).toMatchObject({ ending: { fault: { message: 'no; undoing "Do c" did not succeed: never' } } });
  });

  it('what stands after the end is known by name: what was given up, was cut off in the middle, or was not come to', () => {
    const all = back(began(succeeded(workflow, midway(), 1, null, 4), 2, 5));
    const namesAfter = (state: OperationState, now: number): string[] => leftOf(workflow, advance(workflow, state, now).state).map(({ name }) => name);
    expect(namesAfter(undone(undone(all, 2, 150), 0, 160), 200)).toEqual([]);
    expect(namesAfter(undone(undoFailed(workflow, all, 2, { ...fault, isFinal: true }, 150, 0), 0, 160), 200)).toEqual(['c']);
    expect(namesAfter(undoFailed(workflow, all, 2, fault, 150, 0), 60_100)).toEqual(['a', 'c']);
    expect(namesAfter(undoBegan(undone(all, 2, 150), 0, 160), 60_100)).toEqual(['a']);
    expect(leftOf(workflow, preempted(midway(), 77)).map(({ name }) => name)).toEqual(['a']);
  });

  it('a cancel turns back, stops the running step without counting a failure, and cannot be asked for twice', () => {
    const asked = cancelRequested(midway(), 50);
    expect(canCancel(midway())).toBe(true);
    const stopped = failed(workflow, asked, 1, { ...fault, isFinal: true }, 60, 0);
    expect(stopped.steps[1]).toMatchObject({ state: 'PENDING', failures: 0 });
    const next = advance(workflow, stopped, 61);
    expect(next.state).toMatchObject({ state: 'CANCELLING', fault: { code: 'OPERATION.CANCELLED' } });
    expect(next.act).toMatchObject({ do: 'undo', position: 0 });
    expect(canCancel(next.state)).toBe(false);
    expect(viewOf(next.state).cancellable).toBe(false);
  });

  it('of a cancelled operation no step is told as one that is still to come, though it has nothing to be undone', () => {
    const stopped = failed(workflow, cancelRequested(midway(), 50), 1, { ...fault, isFinal: true }, 60, 0);
    const { state } = advance(workflow, undone(advance(workflow, stopped, 61).state, 0, 62), 63);
    expect(state.steps.map(({ state: word, finishedAt }) => [word, finishedAt])).toEqual([['CANCELLED', 62], ['CANCELLED', 63], ['PENDING', null]]);
  });

  it('before anything was begun there is nothing to undo', () => {
    expect(advance(workflow, cancelRequested(fresh({ state: 'PENDING' }), 5), 6).act).toMatchObject({ do: 'ended', ending: { state: 'CANCELLED' } });
  });
});

describe('transitions', () => {
  it('progress is the share of the weights and never goes back', () => {
    const half = progressed(workflow, midway(), 1, 0.5, 'half');
    expect(half.progress).toBe(0.5);
    expect(progressed(workflow, half, 1, 0.1, 'less')).toMatchObject({ progress: 0.5, steps: [{}, { progress: 0.5, message: 'less' }, {}] });
    expect(progressed(workflow, half, 1, Number.NaN, 'x').progress).toBe(0.5);
    expect(progressed(workflow, half, 1, 7, 'x').progress).toBe(0.75);
    expect(failed(workflow, half, 1, fault, 9, 0).progress).toBe(0.5);
  });

  it('a pre-empted one has ended, under a claim nobody holds', () => {
    const gone = preempted(midway(), 77);
    expect(gone).toMatchObject({ state: 'CANCELLED', attempt: 2, lease: null, finishedAt: 77, fault: { code: 'OPERATION.PREEMPTED' } });
    expect(decide(workflow, gone, 80)).toMatchObject({ do: 'nothing' });
  });

  it('a retry begins at the first step that is not done, with a new deadline, in the name of who asked', () => {
    const state = ended(turnedBack(workflow, failed(workflow, midway(), 1, { ...fault, isFinal: true }, 5, 0), 'FAILED', fault, 6), { state: 'FAILED', fault }, 7);
    const again = retried(workflow, state, { actor: 'y', clientAddress: null, requestId: 'r' }, 5, 1_000);
    expect(again).toMatchObject({ state: 'PENDING', actor: 'y', epoch: 5, deadline: 61_000, fault: null, steps: [{ state: 'SUCCEEDED' }, { state: 'PENDING', failures: 0 }, { state: 'PENDING' }] });
    expect(outputsOf(again)).toEqual({ a: { made: 1 } });
  });

  it('giving back counts nothing; parking frees the worker until later', () => {
    expect(released(midway(), 9)).toMatchObject({ lease: null, runAfter: 9, interruptions: 0, steps: [{}, { state: 'PENDING', failures: 0 }, {}] });
    expect(resumed(released(midway(), 9), 10).interruptions).toBe(0);
    expect(parked(fresh(), 500)).toMatchObject({ lease: null, runAfter: 500 });
  });

  it('a skipped step is shown as done and never undone', () => {
    expect(viewOf(skipped(workflow, fresh(), 1, 5)).steps[1]).toMatchObject({ state: 'SUCCEEDED', message: 'not needed', attempts: 0 });
  });
});

describe('a point of no return', () => {
  const act = defineWorkflow<object>({ kind: 'act', version: 1, cancellable: true, timeoutMs: 60_000, steps: [step('look'), step('act', { isPointOfNoReturn: true })] }) as AnyWorkflow;
  const accepted = (): OperationState => fresh({ state: 'PENDING', steps: newSteps(act) });

  it('can be cancelled before it and not after', () => {
    const looking = advance(act, accepted(), 1).state;
    expect([canCancel(accepted()), canCancel(looking)]).toEqual([true, true]);
    const acting = advance(act, succeeded(act, looking, 0, null, 2), 3).state;
    expect(acting.steps[1]).toMatchObject({ state: 'RUNNING' });
    expect([canCancel(acting), viewOf(acting).cancellable]).toEqual([false, false]);
  });

  it('stays passed while the step is tried again, also by another worker', () => {
    const acting = advance(act, succeeded(act, advance(act, accepted(), 1).state, 0, null, 2), 3).state;
    expect(canCancel(failed(act, acting, 1, fault, 4, 0))).toBe(false);
    expect(canCancel(resumed(released(acting, 5), 6))).toBe(false);
  });
});
