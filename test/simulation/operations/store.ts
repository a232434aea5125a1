/**
 * The store as the engine sees it: rows, locks, epochs and the event log, changed only the way its statements change
 * them (proof of claim and version, locks in the transaction of the acceptance). All values come from the engine's own
 * transitions.
 */
import { advance } from '../../../gateway/operations/advance.ts';
import { newSteps } from '../../../gateway/operations/enqueue.ts';
import { canCancel, hasEnded, viewOf, type OperationState } from '../../../gateway/operations/state.ts';
import { cancelRequested, claimed, preempted, retried } from '../../../gateway/operations/transitions.ts';
import type { AnyWorkflow } from '../../../gateway/operations/workflow.ts';

export interface LoggedEvent { operation: string; phase: 'START' | 'PROGRESS' | 'END' | 'ERROR'; progress: number; version: number }
export interface Lock { operation: string; mode: 'SHARED' | 'EXCLUSIVE' }

export interface ModelStore {
  rows: Map<string, OperationState>;
  locks: Map<string, Lock[]>;
  epochs: Map<string, number>;
  log: LoggedEvent[];
  /** whose cancel was accepted */
  cancelled: Set<string>;
  /** Null when busy. */
  accept(workflow: AnyWorkflow, request: { id: string; subjects: string[]; mode: Lock['mode']; preempt: boolean; input: unknown }, now: number): OperationState | null;
  claim(owner: string, limit: number, now: number, leaseMs: number): OperationState[];
  /** False when the proof fails. */
  write(before: OperationState, after: OperationState): boolean;
  renew(id: string, attempt: number, owner: string, now: number, leaseMs: number): OperationState | null;
  cancel(id: string, now: number): boolean;
  retry(id: string, now: number): boolean;
}

export function createModelStore(workflowOf: (state: OperationState) => AnyWorkflow): ModelStore {
  const rows = new Map<string, OperationState>();
  const locks = new Map<string, Lock[]>();
  const epochs = new Map<string, number>();
  const log: LoggedEvent[] = [];
  const cancelled = new Set<string>();

  const tell = (state: OperationState, phase: LoggedEvent['phase']): void => { log.push({ operation: state.id, phase, progress: viewOf(state).progress, version: state.version }); };
  const heldBy = (subjects: readonly string[], mode: Lock['mode']): Lock[] =>
    subjects.flatMap((s) => (locks.get(s) ?? []).filter((lock) => mode === 'EXCLUSIVE' || lock.mode === 'EXCLUSIVE'));
  const unlock = (id: string): void => { for (const [subject, held] of locks) locks.set(subject, held.filter((lock) => lock.operation !== id)); };
  const lock = (id: string, subjects: readonly string[], mode: Lock['mode']): void => { for (const s of subjects) locks.set(s, [...(locks.get(s) ?? []), { operation: id, mode }]); };
  function raise(subjects: readonly string[], mode: Lock['mode']): number {
    if (mode === 'EXCLUSIVE') for (const s of subjects) epochs.set(s, (epochs.get(s) ?? 0) + 1);
    return epochs.get(subjects[0]!) ?? 0;
  }

  function put(after: OperationState, before?: OperationState): void {
    const state = { ...after, version: (before?.version ?? 0) + 1 };
    rows.set(state.id, state);
    const ends = hasEnded(state) && !(before && hasEnded(before));
    if (ends) unlock(state.id);
    tell(state, ends ? (state.state === 'SUCCEEDED' ? 'END' : 'ERROR') : before && !(hasEnded(before) && !hasEnded(state)) ? 'PROGRESS' : 'START');
  }

  return {
    rows, locks, epochs, log, cancelled,
    accept(workflow, request, now) {
      const { id, subjects, mode } = request;
      const holders = heldBy(subjects, mode);
      if (holders.length > 0 && !request.preempt) return null;
      const epoch = raise(subjects, mode);
      for (const holder of new Set(holders.map((h) => h.operation))) {
        const row = rows.get(holder)!;
        put(preempted(row, now), row);
      }
      lock(id, subjects, mode);
      put({
        id, kind: workflow.kind, workflowVersion: workflow.version, subjectId: subjects[0]!, projectId: null, parentId: null, actor: 'sim', clientAddress: null, requestId: null,
        state: 'PENDING', lockMode: mode, subjects, input: request.input, step: null, progress: 0, attempt: 0, version: 0, target: null, fault: null, epoch, lease: null,
        runAfter: now, deadline: now + workflow.timeoutMs, createdAt: now, startedAt: null, finishedAt: null, interruptions: 0, undo: null,
        isCancellable: workflow.cancellable, steps: newSteps(workflow),
      });
      return rows.get(id)!;
    },
    claim(owner, limit, now, leaseMs) {
      const due = [...rows.values()].filter((row) => !hasEnded(row) && row.runAfter <= now && (!row.lease || row.lease.until < now)).sort((a, b) => a.runAfter - b.runAfter).slice(0, limit);
      return due.map((row) => {
        const next = claimed(row, owner, now, leaseMs);
        rows.set(row.id, next);
        return next;
      });
    },
    write(before, after) {
      const row = rows.get(before.id)!;
      if (row.attempt !== before.attempt || row.version !== before.version) return false;
      // The statement leaves the lease's end alone: renewals go beside it.
      put(after.lease && row.lease ? { ...after, lease: { ...after.lease, until: row.lease.until } } : after, row);
      return true;
    },
    renew(id, attempt, owner, now, leaseMs) {
      const row = rows.get(id)!;
      if (row.attempt !== attempt || row.lease?.owner !== owner) return null;
      const next = { ...row, lease: { owner, until: now + leaseMs } };
      rows.set(id, next);
      return next;
    },
    cancel(id, now) {
      const row = rows.get(id)!;
      if (!canCancel(row)) return false;
      const asked = cancelRequested(row, now);
      const next = row.lease === null ? advance(workflowOf(row), asked, now) : null;
      put(next?.act.do === 'ended' ? next.state : asked, row);
      cancelled.add(id);
      return true;
    },
    retry(id, now) {
      const row = rows.get(id)!;
      const workflow = workflowOf(row);
      if (row.state !== 'FAILED' || !workflow.retryable || heldBy(row.subjects, row.lockMode).length > 0) return false;
      const epoch = raise(row.subjects, row.lockMode);
      lock(id, row.subjects, row.lockMode);
      put(retried(workflow, row, { actor: 'sim', clientAddress: null, requestId: null }, epoch, now), row);
      return true;
    },
  };
}
