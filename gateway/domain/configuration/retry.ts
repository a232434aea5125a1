/** Whether a failed operation of configuration may be done again: in the retry's transaction, its instance locked and seen to have been left alone. */
import { CofferError } from '../../../kernel/errors.ts';
import type { ConfigureWork } from '../../operations/workflows/configure-instance.ts';
import type { RolloutWork } from '../../operations/workflows/rollout.ts';
import type { OperationView } from '../../operations/workflow.ts';
import type { Tx } from '../../store/tx.ts';
import type { Caller } from '../api.ts';
import { changeInstance, lockInstance } from '../instance/change.ts';
import { requireOn } from '../policy.ts';
import { requireUnheld } from './change.ts';
import { findConfiguration } from './read.ts';
import { findLatestRollout, lockConfiguration } from './rows.ts';

const inputOf = async <T>(tx: Tx, id: string): Promise<T> => (await tx.query<{ input: T }>('select input from operation where id = $1', [id]))[0]!.input;
const movedOn = (what: string): CofferError => new CofferError('PRECONDITION.NOT_RETRYABLE', `${what} since`, { remedy: 'Ask for the change anew.' });

/** The instance is to run what it was to run when this was begun: the failure has put that back. */
export async function prepareConfigureAgain(tx: Tx, caller: Caller, operation: OperationView): Promise<void> {
  const { instanceId, configuration, before } = await inputOf<ConfigureWork>(tx, operation.id);
  const row = (await lockInstance(tx, instanceId))!;
  if (row.configuration_id !== (before?.id ?? null) || row.configuration_revision !== (before?.revision ?? null)) throw movedOn(`${row.name} was given another configuration`);
  // In the order of their ids, as whoever locks two of them.
  for (const id of [...new Set([configuration?.id, before?.id])].filter((one) => one !== undefined).sort()) {
    const group = await lockConfiguration(tx, caller, 'configuration.attach', id, 'share');
    await requireUnheld(tx, group);
    // A revision that its rollout brought may be an earlier one by intent.
    if (id === configuration?.id && operation.parentId === null && group.revision !== configuration.revision) throw movedOn(`configuration ${group.name} has changed`);
  }
  await changeInstance(tx, instanceId, { configuration_id: configuration?.id ?? null, configuration_revision: configuration?.revision ?? null }, { ...caller, operationId: operation.id });
}

export async function requireRolloutLatest(tx: Tx, caller: Caller, operation: OperationView): Promise<void> {
  const { configurationId, revision, back } = await inputOf<RolloutWork>(tx, operation.id);
  // Without its row's lock, which a change takes before it queues for the group: here it is the other way round.
  const group = requireOn(caller, 'configuration.update', `configuration ${configurationId}`, await findConfiguration(tx, caller, { id: configurationId }), ({ projectId }) => projectId);
  if ((await findLatestRollout(tx, configurationId)) !== operation.id) throw movedOn(`configuration ${group.name} was rolled out again`);
  if (!back && group.revision !== revision) throw movedOn(`configuration ${group.name} has changed`);
}
