/**
 * What a durable workflow is. Definitions are data plus step functions; the engine (claim, lease, journal, retry,
 * compensation) lives beside this file and knows no workflow by name.
 */
import type { RetryPolicy } from '../../kernel/backoff.ts';
import type { Fence } from '../../kernel/fence.ts';
import type { Log } from '../../kernel/log.ts';
import type { Tx } from '../store/tx.ts';

export interface OperationHead {
  id: string; kind: string; subjectId: string; projectId: string | null; actor: string; createdAt: Date; deadline: Date;
}

export interface StepContext<Input> {
  operation: OperationHead;
  input: Input;
  /** unsealed for this call only; never put into an output, a message or a log line */
  secrets: Readonly<Record<string, string>>;
  /** outcomes of the steps that have finished, by name */
  outputs: Readonly<Record<string, unknown>>;
  /** give it to agent and compute with every call that changes something */
  fence: Fence;
  /** of this step, from 1 */
  attempt: number;
  /** while undoing: what the operation ends as; null on the way forwards */
  endingAs: 'FAILED' | 'CANCELLED' | null;
  /** aborted on cancel, lost lease and deadline */
  signal: AbortSignal;
  /** of this attempt */
  deadline: Date;
  log: Log;
  /** of this step, 0..1; becomes an event */
  progress(fraction: number, message: string): void;
  /** A transaction that first proves the lease: a zombie's writes are refused by the epoch. */
  write<T>(change: (tx: Tx) => Promise<T>): Promise<T>;
}

export interface Step<Input> {
  name: string;
  /** for people: "Start the guest" */
  title: string;
  /** share of the operation's progress; default 1 */
  weight?: number;
  /** of one attempt */
  timeoutMs: number;
  retry: RetryPolicy;
  /** What it does can neither be undone nor called off half-way: once it has begun, the operation is no longer cancellable. */
  isPointOfNoReturn?: boolean;
  /** pure; a step that does not apply is journalled as skipped */
  applies?(input: Input, outputs: Readonly<Record<string, unknown>>): boolean;
  /** Idempotent: may be called again after a crash anywhere inside. Its return value is journalled as JSON. */
  run(ctx: StepContext<Input>): Promise<unknown>;
  /** Undoes what `run` may have done, fully or half; idempotent; called in reverse order on failure and cancel. */
  compensate?(ctx: StepContext<Input>): Promise<void>;
}

export type Ending = { state: 'SUCCEEDED' } | { state: 'FAILED' | 'CANCELLED'; fault: { code: string; message: string } };

export interface Workflow<Input> {
  kind: string;
  /** raised when steps change; older versions in flight must still find their definition */
  version: number;
  cancellable: boolean;
  /** a FAILED one may be started again from its first unfinished step; it must do without secrets, which are gone by then */
  retryable?: boolean;
  /** whole operation, from the moment it is accepted; compensation may use as much again */
  timeoutMs: number;
  steps: readonly Step<Input>[];
  /**
   * Runs in the transaction that ends the operation (also when it is pre-empted): the subject's rows and events. `left`: the
   * steps that may stand though it has not succeeded, since undoing them failed or was cut off.
   */
  onEnd?(tx: Tx, operation: OperationHead & { input: Input }, ending: Ending & { left: readonly string[] }, outputs: Readonly<Record<string, unknown>>): Promise<void>;
}

export type AnyWorkflow = Workflow<never>;
export const defineWorkflow = <Input>(workflow: Workflow<Input>): Workflow<Input> => workflow;

/** An error a step may throw to end the operation without further attempts. CofferError of kind `failure` does as well. */
export class FinalStepError extends Error {
  override readonly name = 'FinalStepError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A step throws it to be called again later: nothing has failed, and its worker's place is free for others meanwhile. */
export class StepWaitsError extends Error {
  override readonly name = 'StepWaitsError';
  readonly forMs: number;
  constructor(forMs: number) {
    super('it waits');
    this.forMs = forMs;
  }
}

export interface EnqueueRequest {
  kind: string;
  input: unknown;
  /** sealed at rest, erased when the operation ends */
  secrets?: Record<string, string>;
  subjectId: string;
  /** further subjects to lock besides subjectId */
  alsoLock?: string[];
  lockMode: 'SHARED' | 'EXCLUSIVE';
  /**
   * The subject is made in this very transaction: nobody else knows it, so it is neither queued for nor its epoch
   * raised, and the caller itself writes its row with this epoch and the returned view as its task (no hook is called).
   * Spares a create five statements.
   */
  fresh?: { epoch: bigint };
  /** end whatever holds the locks (state CANCELLED, fault OPERATION.PREEMPTED) and take them */
  preempt?: boolean;
  projectId: string | null;
  parentId?: string;
  target?: string | null;
  actor: string;
  clientAddress: string | null;
  requestId: string | null;
}

export interface OperationView {
  id: string; kind: string; state: 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLING' | 'CANCELLED';
  subjectId: string; projectId: string | null; parentId: string | null; actor: string;
  step: string | null; progress: number; attempt: number; cancellable: boolean;
  fault: { code: string; message: string; at: string } | null;
  deadline: string; createdAt: string; startedAt: string | null; finishedAt: string | null;
  steps: OperationStepView[];
}
export interface OperationStepView {
  name: string; title: string; state: string; attempts: number; progress: number | null; message: string | null;
  startedAt: string | null; finishedAt: string | null; output?: unknown;
}

export interface Operations {
  /**
   * In the caller's transaction: row, steps, locks, START event, subject's task. Throws CONFLICT.BUSY with the operation in the way.
   * Rows are locked in the order subject, then operation; a caller that locks the subject's row does so before.
   */
  enqueue(tx: Tx, request: EnqueueRequest): Promise<OperationView>;
  get(id: string): Promise<OperationView | null>;
  cancel(id: string, by: { actor: string; clientAddress: string | null; requestId: string | null }): Promise<OperationView>;
  /** `guard` runs in the retry's transaction, with the subject locked: it throws when the subject has moved on since. */
  retry(id: string, by: { actor: string; clientAddress: string | null; requestId: string | null }, guard?: (tx: Tx) => Promise<void>): Promise<OperationView>;
  /** Resolves when it has ended, or with its present state at the timeout. */
  waitForEnd(id: string, timeoutMs: number, signal?: AbortSignal): Promise<OperationView & { outputs: Record<string, unknown> }>;
}

export const isFinished = (state: OperationView['state']): boolean => state === 'SUCCEEDED' || state === 'FAILED' || state === 'CANCELLED';
