/** version.rollout: the newest build of a version comes to its instances: first to a few, then in waves. */
import type { WaveInstance } from '../../domain/waves.ts';
import { defineWorkflow, type Workflow } from '../workflow.ts';
import { minutesMs, type WorkflowDeps } from './deps.ts';
import { workToBuild } from './upgrade-instance.ts';
import { type Waves, wavesStep } from './waves.ts';

/**
 * `canary`: how many come first, alone. `older`: the builds that it takes instances from; one that has a newer build by now is left alone. An
 * operation of an earlier release does not say.
 */
export interface VersionRolloutWork { versionId: string; buildId: string; older?: string[]; waveSize: number; canary: number }
interface VersionInstance extends WaveInstance { buildId: string | null }

const timeoutMs = minutesMs(60 * 72);

const INSTANCES = `select i.id, i.name, i.build_id as "buildId", i.task_id as "busyWith", coalesce(i.task->>'kind' = 'instance.upgrade', false) as "isUnsettled" from instance i
  where i.version_id = $1 and i.deleted_at is null and not i.released and i.prepared order by i.id`;

const isLeft = ({ buildId: wanted, older }: VersionRolloutWork, buildId: string | null): boolean => (older ? buildId !== null && older.includes(buildId) : buildId !== wanted);

const newestBuild = (deps: WorkflowDeps): Waves<VersionRolloutWork, VersionInstance> => ({
  name: 'roll-out', title: 'Bring the build to the instances', timeoutMs,
  instances: ({ versionId }) => deps.store.query<VersionInstance>(INSTANCES, [versionId]),
  isLeft: (input, { buildId }) => isLeft(input, buildId),
  sizeOf: ({ waveSize, canary }, served) => (served < canary ? canary - served : waveSize),
  told: ({ buildId }) => `have ${buildId}`,
  // Brought to another version meanwhile, or to the build by somebody else.
  child: (input, row) => (row.version_id !== input.versionId || !isLeft(input, row.build_id) ? null : { kind: 'instance.upgrade', input: workToBuild(row, input.buildId) }),
});

export const versionRolloutWorkflow = (deps: WorkflowDeps): Workflow<VersionRolloutWork> =>
  defineWorkflow<VersionRolloutWork>({ kind: 'version.rollout', version: 1, cancellable: true, timeoutMs, steps: [wavesStep(deps, newestBuild(deps))] });
