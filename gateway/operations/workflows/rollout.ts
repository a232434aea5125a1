/** configuration.rollout: a group's revision comes to its instances, or theirs from before comes back to them, in waves. */
import { targetOf } from '../../domain/configuration/rollout-target.ts';
import { changeInstance } from '../../domain/instance/change.ts';
import type { WaveInstance } from '../../domain/waves.ts';
import { defineWorkflow, type Workflow } from '../workflow.ts';
import type { ConfigureWork } from './configure-instance.ts';
import { minutesMs, type WorkflowDeps } from './deps.ts';
import { type Waves, wavesStep } from './waves.ts';

/** `back`: it takes the rollout of `revision` back; instances go to the revision that stands there, others are left alone. */
export interface RolloutWork { configurationId: string; revision: number; waveSize: number; back?: Record<string, number> }
interface GroupInstance extends WaveInstance { wanted: number }

const timeoutMs = minutesMs(60 * 24);

/** Those that have an engine: one whose create failed can only be deleted. */
const INSTANCES = `select i.id, i.name, i.configuration_revision as wanted, i.task_id as "busyWith", coalesce(i.task->>'kind' = 'instance.configure', false) as "isUnsettled" from instance i
  where i.configuration_id = $1 and i.deleted_at is null and not i.released and (i.prepared or i.task_id is not null) order by i.id`;

const revision = (deps: WorkflowDeps): Waves<RolloutWork, GroupInstance> => ({
  name: 'roll-out', title: 'Bring the revision to the instances', timeoutMs,
  instances: async (input) => (await deps.store.query<GroupInstance>(INSTANCES, [input.configurationId])).filter(({ id }) => targetOf(input, id) !== null),
  isLeft: (input, { id, wanted }) => wanted !== targetOf(input, id),
  sizeOf: ({ waveSize }) => waveSize,
  told: ({ back, revision: wanted }) => (back ? `have what they had before revision ${wanted}` : `have revision ${wanted}`),
  child(work, row) {
    const { configurationId } = work;
    const wanted = targetOf(work, row.id);
    // Detached meanwhile, or given it by somebody else.
    if (wanted === null || row.configuration_id !== configurationId || row.configuration_revision === wanted) return null;
    const input: ConfigureWork = {
      instanceId: row.id, hostId: row.host_id, datastore: row.datastore, track: row.track,
      configuration: { id: configurationId, revision: wanted }, before: { id: configurationId, revision: row.configuration_revision! },
    };
    return { kind: 'instance.configure', input };
  },
  async begun(tx, input, row, child, meta) { await changeInstance(tx, row.id, { configuration_revision: targetOf(input, row.id) }, { ...meta, operationId: child.id }); },
});

export const rolloutWorkflow = (deps: WorkflowDeps): Workflow<RolloutWork> =>
  defineWorkflow<RolloutWork>({ kind: 'configuration.rollout', version: 1, cancellable: true, retryable: true, timeoutMs, steps: [wavesStep(deps, revision(deps))] });
