/** Which instances of a rollout come next, and whether it may go on. Pure, but for what it reads. */
import type { OperationView } from '../../operations/workflow.ts';
import type { Tx } from '../../store/tx.ts';

/** The operation of a rollout on one instance. `isEarlier`: of a run before the rollout was retried. */
export interface Child { id: string; isEarlier: boolean; state: OperationView['state']; fault: { code: string; message: string } | null; instanceId: string; name: string }
/** `busyWith`: the operation that holds it. */
export interface GroupInstance { id: string; name: string; wanted: number; busyWith: string | null }

/** Those that have an engine: one whose create failed can only be deleted. */
export const findGroupInstances = (tx: Tx, configurationId: string): Promise<GroupInstance[]> => tx.query<GroupInstance>(
  `select i.id, i.name, i.configuration_revision as wanted, i.task_id as "busyWith" from instance i
    where i.configuration_id = $1 and i.deleted_at is null and not i.released order by i.id`, [configurationId]);

/** The revision that a rollout has for an instance; null: it is none of its. */
export const targetOf = (work: { revision: number; back?: Readonly<Record<string, number>> | undefined }, instanceId: string): number | null =>
  (work.back === undefined ? work.revision : Object.hasOwn(work.back, instanceId) ? work.back[instanceId]! : null);

/** Never one that something else is done to: it is waited for, and others come first. */
export const nextWave = (left: readonly GroupInstance[], size: number): GroupInstance[] => left.filter(({ busyWith }) => busyWith === null).slice(0, size);

/**
 * The first that failed halts it, unless that was before a retry. One that a deletion or a reset took over is neither: it is gone, or its turn comes
 * again.
 */
export function verdictOf(children: readonly Child[]): { halt: { name: string; fault: { code: string; message: string } } | null; done: { instanceId: string; name: string; operationId: string; state: string }[] } {
  const failed = children.find(({ isEarlier, state, fault }) => !isEarlier && (state === 'FAILED' || (state === 'CANCELLED' && fault?.code !== 'OPERATION.PREEMPTED')));
  const done = children.map(({ id, instanceId, name, state }) => ({ instanceId, name, operationId: id, state }));
  return { halt: failed ? { name: failed.name, fault: failed.fault ?? { code: 'OPERATION.STEP_FAILED', message: 'it failed' } } : null, done };
}
