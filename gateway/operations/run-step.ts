/** Calls one step (or its compensation) with a deadline and a signal, and says how it went. Writes nothing itself. */
import { faultPoint, faultSpan } from '../../kernel/fault-point.ts';
import type { Log } from '../../kernel/log.ts';
import type { Sealer } from '../store/seal.ts';
import { sealedFor } from './enqueue.ts';
import type { Held } from './held-operation.ts';
import type { ProgressWriter } from './progress-writer.ts';
import { headOf, outputsOf } from './state.ts';
import { redact, stepFaultOf, StepTimeoutError, type StepFault } from './step-fault.ts';
import type { StoreClock } from './store-clock.ts';
import { type Step, type StepContext, StepWaitsError } from './workflow.ts';

export type StepOutcome = ({ how: 'succeeded'; output: unknown } | { how: 'waits'; forMs: number } | { how: 'failed'; fault: StepFault; error: unknown }) & {
  /** false: the step did not stop when told and may still be at it */
  hasStopped: boolean;
};

export interface RunStepDeps { sealer: Sealer; clock: StoreClock; generation: number; log: Log }
export interface StepCall {
  step: Step<never>;
  position: number;
  backwards: boolean;
  /** of this attempt, on the store's clock */
  deadline: number;
  /** cancel, lost lease, worker stopping */
  signals: AbortSignal[];
  progress: ProgressWriter;
}

/** How long a step may take to stop once it is told. */
const STOP_GRACE_MS = 2_000;
/** Timers may fire a moment early; the decision after it must see the deadline passed. */
const DEADLINE_SLACK_MS = 5;
const MAX_OUTPUT_BYTES = 256 * 1024;

export async function runStep(deps: RunStepDeps, held: Held, call: StepCall): Promise<StepOutcome> {
  const { step } = call;
  const { kind, id, attempt } = held.state;
  const point = call.backwards ? `${step.name}-undo` : step.name;
  let [insides, reports] = [0, 0];
  const inside = (): void => faultPoint(kind, point, 'inside', insides += 1);
  let secrets: Record<string, string> = {};
  try {
    if (held.secrets) secrets = unseal(deps.sealer, held.secrets, id);
  } catch (error) {
    // Going back needs no secrets; going on without them would do the wrong thing.
    if (!call.backwards) return { how: 'failed', fault: { code: 'INTERNAL', message: `${step.title}: ${(error as Error).message}`, isFinal: true }, error, hasStopped: true };
  }
  const timeout = new AbortController();
  const signal = AbortSignal.any([...call.signals, timeout.signal]);
  const timer = setTimeout(() => timeout.abort(new StepTimeoutError(`it did not finish within ${Math.round(step.timeoutMs / 100) / 10} s`)),
    Math.max(0, call.deadline - deps.clock.now()) + DEADLINE_SLACK_MS);
  const context: StepContext<never> = {
    operation: headOf(held.state), input: held.state.input as never, secrets, outputs: outputsOf(held.state),
    fence: { generation: deps.generation, epoch: held.state.epoch, attempt }, attempt: held.state.steps[call.position]!.attempts, endingAs: held.state.undo?.to ?? null, signal, deadline: new Date(call.deadline),
    log: deps.log.child({ operation: id, kind, step: step.name }),
    progress(fraction, message) {
      faultPoint(kind, point, 'progress', reports += 1);
      call.progress.report(fraction, redact(message, secrets));
    },
    async write(change) {
      inside();
      signal.throwIfAborted();
      const result = await held.write(attempt, change);
      inside();
      return result;
    },
  };
  faultPoint(kind, point, 'before');
  const leaveSpan = faultSpan(kind, point);
  let hasStopped = false;
  const work = (async () => {
    const running = call.backwards ? step.compensate!(context) : step.run(context);
    inside();
    return running;
  })().finally(() => { hasStopped = true; });
  try {
    const output = await Promise.race([work, overstay(signal)]);
    faultPoint(kind, point, 'after');
    return { how: 'succeeded', output: call.backwards ? null : journalled(output, secrets), hasStopped: true };
  } catch (error) {
    faultPoint(kind, point, 'after');
    work.catch(() => {});
    // Whatever a step throws once its time is up, that is why.
    const cause = timeout.signal.aborted ? timeout.signal.reason : error;
    if (cause instanceof StepWaitsError) return { how: 'waits', forMs: cause.forMs, hasStopped };
    return { how: 'failed', fault: stepFaultOf(cause, step.title, secrets), error, hasStopped };
  } finally {
    leaveSpan();
    clearTimeout(timer);
  }
}

/** Rejects when the signal was given and the step did not stop in time. */
function overstay(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = (): void => { setTimeout(() => reject(signal.reason), STOP_GRACE_MS).unref(); };
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

const unseal = (sealer: Sealer, sealed: Buffer, id: string): Record<string, string> =>
  JSON.parse(sealer.open(sealed, sealedFor(id)).toString('utf8')) as Record<string, string>;

/** As the journal will give it back after a crash: plain JSON, no secret. */
function journalled(output: unknown, secrets: Readonly<Record<string, string>>): unknown {
  const text = JSON.stringify(output ?? null) ?? 'null';
  if (text.length > MAX_OUTPUT_BYTES) throw new Error(`its output has ${text.length} characters; the journal keeps ${MAX_OUTPUT_BYTES}`);
  return JSON.parse(redact(text, secrets)) as unknown;
}
