/** What the operations engine tells about subjects, in terms of instances. Hosts have no row that changes. */
import { typeOfId } from '../kernel/ids.ts';
import { changeInstance } from './domain/instance/change.ts';
import { taskOf } from './domain/instance/task.ts';
import type { OperationHooks } from './operations/hooks.ts';

export const instanceHooks: OperationHooks = {
  async onTaskChanged(tx, subjectId, operation, cause) {
    if (typeOfId(subjectId) !== 'Instance') return;
    await changeInstance(tx, subjectId, (row) => {
      // a deleted instance's last event is its deletion
      if (row.deleted_at !== null) return null;
      return operation ? { task: taskOf(operation), task_id: operation.id } : { task: null, task_id: null };
    }, { actor: cause.actor, clientAddress: cause.clientAddress, requestId: cause.requestId, operationId: cause.operationId });
  },
  async raiseEpoch(tx, subjectId) {
    if (typeOfId(subjectId) !== 'Instance') return 0n;
    const [row] = await tx.query<{ epoch: string }>('update instance set epoch = epoch + 1 where id = $1 returning epoch', [subjectId]);
    return BigInt(row?.epoch ?? 0);
  },
  async currentEpoch(tx, subjectId) {
    const [row] = await tx.query<{ epoch: string }>('select epoch from instance where id = $1', [subjectId]);
    return BigInt(row?.epoch ?? 0);
  },
};
