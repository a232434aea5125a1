/** All workflows of this release. */
import type { AnyWorkflow } from '../workflow.ts';
import { configureInstanceWorkflow } from './configure-instance.ts';
import { createInstanceWorkflow } from './create-instance.ts';
import type { WorkflowDeps } from './deps.ts';
import { engineCommandWorkflow } from './engine-command.ts';
import { growVolumeWorkflow } from './grow-volume.ts';
import { installEngineWorkflow } from './install-engine.ts';
import { lifecycleWorkflows } from './lifecycle.ts';
import { resizeInstanceWorkflow } from './resize-instance.ts';
import { rolloutWorkflow } from './rollout.ts';
import { checkUpgradeWorkflow, upgradeInstanceWorkflow } from './upgrade-instance.ts';
import { versionRolloutWorkflow } from './version-rollout.ts';

export const createWorkflows = (deps: WorkflowDeps): AnyWorkflow[] => [
  createInstanceWorkflow(deps), engineCommandWorkflow(deps), installEngineWorkflow(deps), configureInstanceWorkflow(deps), growVolumeWorkflow(deps), rolloutWorkflow(deps), resizeInstanceWorkflow(deps),
  checkUpgradeWorkflow(deps), upgradeInstanceWorkflow(deps), versionRolloutWorkflow(deps), ...lifecycleWorkflows(deps),
] as AnyWorkflow[];
