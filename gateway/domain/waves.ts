/** Which instances of a rollout come next, and whether it may go on. Pure. */
import type { OperationView } from '../operations/workflow.ts';

/** The operation of a rollout on one instance. `isEarlier`: of a run before the rollout was retried. */
export interface Child { id: string; isEarlier: boolean; state: OperationView['state']; fault: { code: string; message: string } | null; instanceId: string; name: string }
/** An instance that a rollout concerns. `busyWith`: the operation that holds it. `isUnsettled`: what it has that operation has given it, and takes back when it fails. */
export interface WaveInstance { id: string; name: string; busyWith: string | null; isUnsettled: boolean }

/** Never one that something else is done to: it is waited for, and others come first. */
export const nextWave = <T extends WaveInstance>(left: readonly T[], size: number): T[] => left.filter(({ busyWith }) => busyWith === null).slice(0, size);

/**
 * The first that failed halts it, unless that was before a retry. One that a deletion or a reset took over is neither: it is gone, or its turn comes
 * again. `served`: the instances whose turn has been.
 */
export function verdictOf(children: readonly Child[]): { halt: { name: string; fault: { code: string; message: string } } | null; served: ReadonlySet<string> } {
  const failed = children.find(({ isEarlier, state, fault }) => !isEarlier && (state === 'FAILED' || (state === 'CANCELLED' && fault?.code !== 'OPERATION.PREEMPTED')));
  const served = new Set(children.filter(({ state }) => state === 'SUCCEEDED').map(({ instanceId }) => instanceId));
  return { halt: failed ? { name: failed.name, fault: failed.fault ?? { code: 'OPERATION.STEP_FAILED', message: 'it failed' } } : null, served };
}
