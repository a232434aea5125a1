/**
 * Runs commands of operations: fence first, then the journal, one at a time, each under its deadline. A repeat of what
 * runs joins it; a repeat of what has ended is answered from the journal, unless somebody retried the operation since; a
 * newer fence ends what an older one began.
 */
import { compareFence, type Fence } from '../../kernel/fence.ts';
import type { Log } from '../../kernel/log.ts';
import { decideRun } from '../journal/decide-run.ts';
import type { Journal } from '../journal/journal.ts';
import { type CommandRecord, type FaultRecord, recordKey } from '../journal/record.ts';
import type { FenceKeeper } from '../state/fence-keeper.ts';
import { capabilityFor, type Command, digestOf } from './catalogue.ts';
import { createCommandQueue } from './command-queue.ts';
import { nothing } from './execute.ts';
import { CommandAborted } from './faults.ts';
import { createProgressHub, type ProgressHub, type ProgressListener } from './progress-hub.ts';
import type { Capability } from '../../strategies/spi/capability.ts';

export interface CommandRequest { operationId: string; step: string; fence: Fence; timeoutMs: number; command: Command }
export type RecordedOutcome = NonNullable<CommandRecord['outcome']> & { items: Record<number, FaultRecord | null> };
export interface Answer { outcome: RecordedOutcome; replayed: boolean }

/** A command that ignored its abort: after this long the agent ends itself and starts anew; the engine stays. */
export const stuckCommandMs = 60_000;
/** Time for a method to end by itself once it was told to. */
const abortGraceMs = 5_000;

export interface Runner {
  /** Throws FencedError, StepReused, QueueFull; everything else is an outcome. */
  run(request: CommandRequest, onProgress: ProgressListener): Promise<Answer>;
  /** Resolves when nothing of the operation runs any more. Throws FencedError. */
  cancel(operationId: string, fence: Fence): Promise<void>;
  /** The agent's own work, in turn with the commands. */
  inTurn<T>(work: (signal: AbortSignal) => Promise<T>, timeoutMs: number): Promise<T>;
  /** Aborts everything; resolves when it has ended. */
  abortAll(reason: string): Promise<void>;
}

export interface RunnerParts {
  journal: Journal;
  fences: FenceKeeper;
  capabilities: ReadonlySet<Capability>;
  /** one command from its journal entry to its journal entry */
  perform(job: Job): Promise<RecordedOutcome>;
  onStuck(kind: string): void;
  log: Log;
}

export interface Job { request: CommandRequest; record: CommandRecord | undefined; digest: string; deadline: Date; signal: AbortSignal; hub: ProgressHub }
interface Active { key: string; request: CommandRequest; controller: AbortController; hub: ProgressHub; done: Promise<Answer> }

export class StepReused extends Error {
  override readonly name = 'StepReused';
}

export function createRunner({ journal, fences, capabilities, perform, onStuck, log }: RunnerParts): Runner {
  const queue = createCommandQueue();
  /** running and waiting */
  const active = new Set<Active>();
  /** whose fence is being written down */
  const arriving = new Set<{ operationId: string; isCancelled: boolean }>();

  const answerFromJournal = (request: CommandRequest, digest: string): { replay: Answer } | { record: CommandRecord | undefined } => {
    const record = journal.find({ operationId: request.operationId, step: request.step, kind: request.command.$case });
    const decision = decideRun(record, { digest, epoch: request.fence.epoch, attempt: request.fence.attempt });
    if (decision.do === 'refuse') throw new StepReused(decision.reason);
    if (decision.do === 'replay' && record?.outcome) return { replay: { outcome: { ...record.outcome, items: record.items }, replayed: true } };
    return { record };
  };

  /** What was begun under an older fence has no owner any more. */
  const endOlder = (fence: Fence, operationId: string, key: string): void => {
    for (const other of active) {
      const isOlder = compareFence(other.request.fence, fence, other.request.operationId === operationId) < 0;
      if (isOlder && other.key !== key) other.controller.abort(new CommandAborted('CANCELLED', `A newer command of ${operationId} took over`));
    }
  };

  const runInTurn = async (job: Omit<Job, 'record'>): Promise<Answer> => {
    const leave = await queue.enter(job.signal);
    try {
      // Somebody newer may have come while this one waited.
      fences.check({ fence: job.request.fence, operationId: job.request.operationId });
      const found = answerFromJournal(job.request, job.digest);
      if ('replay' in found) return found.replay;
      return { outcome: await perform({ ...job, record: found.record }), replayed: false };
    } finally {
      leave();
    }
  };

  const launch = (request: CommandRequest, key: string, digest: string): Active => {
    const controller = new AbortController();
    const hub = createProgressHub();
    const kind = request.command.$case;
    const timer = setTimeout(() => controller.abort(new CommandAborted('DEADLINE', `The command did not end within ${request.timeoutMs} ms`)), request.timeoutMs);
    let stuckTimer: NodeJS.Timeout | undefined;
    controller.signal.addEventListener('abort', () => {
      stuckTimer = setTimeout(() => onStuck(kind), stuckCommandMs);
      stuckTimer.unref();
    }, { once: true });
    const job = { request, digest, deadline: new Date(Date.now() + request.timeoutMs), signal: controller.signal, hub };
    const done = runInTurn(job).catch((error: unknown) => {
      if (error instanceof CommandAborted) return aborted(error);
      throw error;
    }).finally(() => {
      clearTimeout(timer);
      clearTimeout(stuckTimer);
      active.delete(entry);
    });
    // Whoever asked may have left; the journal knows how it ended.
    done.catch(() => undefined);
    const entry: Active = { key, request, controller, hub, done };
    active.add(entry);
    log.info({ operation: request.operationId, step: request.step, command: kind }, 'command accepted');
    return entry;
  };

  const follow = async (entry: Active, onProgress: ProgressListener): Promise<Answer> => {
    const detach = entry.hub.attach(onProgress);
    const late = Promise.withResolvers<Answer>();
    const giveUp = (): void => void setTimeout(() => late.resolve(aborted(entry.controller.signal.reason)), abortGraceMs).unref();
    entry.controller.signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([entry.done, late.promise]);
    } finally {
      detach();
      entry.controller.signal.removeEventListener('abort', giveUp);
    }
  };

  /** False when a cancel overtook it. */
  const admit = async (operationId: string, fence: Fence): Promise<boolean> => {
    const arrival = { operationId, isCancelled: false };
    arriving.add(arrival);
    try {
      await fences.admit({ fence, operationId });
    } finally {
      arriving.delete(arrival);
    }
    return !arrival.isCancelled;
  };

  const endAll = async (entries: readonly Active[], reason: string): Promise<void> => {
    for (const entry of entries) entry.controller.abort(new CommandAborted('CANCELLED', reason));
    await Promise.allSettled(entries.map((entry) => entry.done));
  };

  return {
    async run(request, onProgress) {
      const { operationId, step, fence, command } = request;
      const capability = capabilityFor(command);
      if (!(await admit(operationId, fence))) return aborted(new CommandAborted('CANCELLED', cancelledReason));
      if (capability && !capabilities.has(capability)) return unsupported(capability);
      const digest = digestOf(command);
      // With its content: a retry may send the step another one, which must not join what still runs.
      const key = `${recordKey({ operationId, step, kind: command.$case })}/${digest}`;
      endOlder(fence, operationId, key);
      const running = [...active].find((entry) => entry.key === key && !entry.controller.signal.aborted);
      if (running) {
        // The claim that asks now owns it.
        running.request.fence = fence;
        return follow(running, onProgress);
      }
      const found = answerFromJournal(request, digest);
      return 'replay' in found ? found.replay : follow(launch(request, key, digest), onProgress);
    },
    async cancel(operationId, fence) {
      await fences.admit({ fence, operationId });
      for (const arrival of arriving) if (arrival.operationId === operationId) arrival.isCancelled = true;
      await endAll([...active].filter((entry) => entry.request.operationId === operationId), cancelledReason);
    },
    async inTurn(work, timeoutMs) {
      const signal = AbortSignal.timeout(timeoutMs);
      const leave = await queue.enter(signal);
      try {
        return await work(signal);
      } finally {
        leave();
      }
    },
    abortAll: (reason) => endAll([...active], reason),
  };
}

const cancelledReason = 'The operation was cancelled';
const nothingDone = { ...nothing, items: {} };
const aborted = (reason: unknown): Answer => {
  const { code, message } = reason instanceof CommandAborted ? reason : new CommandAborted('CANCELLED', 'The command was aborted');
  return { replayed: false, outcome: { ...nothingDone, fault: { code, message } } };
};
const unsupported = (capability: Capability): Answer => ({
  replayed: false, outcome: { ...nothingDone, fault: { code: 'UNSUPPORTED', message: `The datastore has no capability ${capability}` } },
});
