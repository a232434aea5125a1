/** What the engine tells the rest of the gateway, inside its own transactions. The engine itself knows no noun. */
import type { Tx } from '../store/tx.ts';
import type { OperationView } from './workflow.ts';

/** Who is behind a change: of the mutation that started the operation. */
export interface Cause { actor: string; clientAddress: string | null; requestId: string | null; operationId: string }

export interface OperationHooks {
  /** An exclusive operation on the subject began, came further, or (null) ended. */
  onTaskChanged(tx: Tx, subjectId: string, operation: OperationView | null, cause: Cause): Promise<void>;
  /** Raises the subject's fence epoch, and with that locks its row. Subjects without one answer 0. */
  raiseEpoch(tx: Tx, subjectId: string): Promise<bigint>;
  /** The epoch as it is, for shared operations; left out: 0, which an agent refuses once it saw an exclusive one. */
  currentEpoch?(tx: Tx, subjectId: string): Promise<bigint>;
}

/** For metrics. Never throws, never waits. */
export interface OperationObserver {
  stepEnded(step: { kind: string; step: string; outcome: 'succeeded' | 'failed' | 'undone' | 'undo-failed' | 'stopped'; durationMs: number }): void;
  operationEnded(operation: { kind: string; state: string; durationMs: number }): void;
}
export const silentObserver: OperationObserver = { stepEnded() {}, operationEnded() {} };
