/** configuration.rollout: a group's revision comes to its instances, in waves. */
import { changeInstance } from '../../domain/instance/change.ts';
import type { WaveInstance } from '../../domain/waves.ts';
import { defineWorkflow, type Workflow } from '../workflow.ts';
import type { ConfigureWork } from './configure-instance.ts';
import { minutesMs, type WorkflowDeps } from './deps.ts';
import { type Waves, wavesStep } from './waves.ts';

export interface RolloutWork { configurationId: string; revision: number; waveSize: number }
interface GroupInstance extends WaveInstance { wanted: number }

const hoursMs = (n: number): number => minutesMs(60 * n);

/** Those that have an engine: one whose create failed can only be deleted. */
const INSTANCES = `select i.id, i.name, i.configuration_revision as wanted, i.task_id as "busyWith" from instance i
  where i.configuration_id = $1 and i.deleted_at is null and not i.released order by i.id`;

const revision = (deps: WorkflowDeps): Waves<RolloutWork, GroupInstance> => ({
  name: 'roll-out', title: 'Bring the revision to the instances',
  instances: ({ configurationId }) => deps.store.query<GroupInstance>(INSTANCES, [configurationId]),
  isLeft: (input, { wanted }) => wanted !== input.revision,
  sizeOf: ({ waveSize }) => waveSize,
  told: (input) => `have revision ${input.revision}`,
  child({ configurationId, revision: wanted }, row) {
    // Detached meanwhile, or given it by somebody else.
    if (row.configuration_id !== configurationId || row.configuration_revision === wanted) return null;
    const input: ConfigureWork = {
      instanceId: row.id, hostId: row.host_id, datastore: row.datastore, track: row.track,
      configuration: { id: configurationId, revision: wanted }, before: { id: configurationId, revision: row.configuration_revision! },
    };
    return { kind: 'instance.configure', input };
  },
  async begun(tx, input, row, child, meta) { await changeInstance(tx, row.id, { configuration_revision: input.revision }, { ...meta, operationId: child.id }); },
});

export const rolloutWorkflow = (deps: WorkflowDeps): Workflow<RolloutWork> =>
  defineWorkflow<RolloutWork>({ kind: 'configuration.rollout', version: 1, cancellable: true, timeoutMs: hoursMs(24), steps: [wavesStep(deps, revision(deps))] });
