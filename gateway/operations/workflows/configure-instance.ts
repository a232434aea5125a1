/**
 * instance.configure: an instance takes the values of a group's revision, or of none. Ends when the engine's files are
 * seen to hold them; what fails or is called off leaves the values from before, in the files and live.
 */
import { changeInstance } from '../../domain/instance/change.ts';
import type { GroupRevision } from '../../domain/instance/document.ts';
import { groupName, type ObservationDoc } from '../../domain/instance/observation.ts';
import { defineWorkflow, type Step, type StepContext, type Workflow } from '../workflow.ts';
import { brief, minutesMs, secondsMs, type WorkflowDeps } from './deps.ts';
import { guestConfiguration } from './guest-configuration.ts';
import { ensureGuest, enrolStep, guestTimeouts } from './guest-steps.ts';
import { faultAfter, readInstance, seenAgainMs, waitForInstance, type InstanceWork } from './instance-facts.ts';
import { endOnAgent, runOnAgent, unlessAgentIsGone } from './run-on-agent.ts';

/** `before`: what it was to run until then. */
export interface ConfigureWork extends InstanceWork { configuration: GroupRevision | null; before: GroupRevision | null }
type Ctx = StepContext<ConfigureWork>;

async function send(deps: WorkflowDeps, ctx: Ctx, step: string, group: GroupRevision | null): Promise<{ restartRequired: string[] }> {
  const { instanceId, datastore } = ctx.input;
  const value = await guestConfiguration(deps, await readInstance(deps.store, instanceId), group);
  // Twice: the agent puts back what was before when the engine refuses.
  const outcome = await runOnAgent(deps, ctx, step, 2 * guestTimeouts(deps, datastore).statementMs, { $case: 'configure', value });
  return { restartRequired: outcome.restartRequired };
}

/** An agent that does not tell what is applied (an earlier release; it takes no group either) is believed. */
const runs = (group: GroupRevision | null) => ({ observation }: { observation: Partial<ObservationDoc> | null }): boolean =>
  observation !== null && (observation.configuration ? (observation.configuration.applied ?? '') === groupName(group) : group === null);

const see = (deps: WorkflowDeps, ctx: Ctx, group: GroupRevision | null, signal = ctx.signal): Promise<void> =>
  waitForInstance(deps.store, ctx.input.instanceId, runs(group), signal, group ? `${groupName(group)} in the engine's files` : 'the engine\'s files without a group');

const configureStep = (deps: WorkflowDeps): Step<ConfigureWork> => ({
  name: 'configure', title: 'Configure the engine', weight: 2, timeoutMs: minutesMs(3), retry: brief,
  run: (ctx) => send(deps, ctx, 'configure', ctx.input.configuration),
  compensate: (ctx) => unlessAgentIsGone(async () => {
    await endOnAgent(deps, ctx);
    await send(deps, ctx, 'undo-configure', ctx.input.before);
    await see(deps, ctx, ctx.input.before, AbortSignal.any([ctx.signal, AbortSignal.timeout(seenAgainMs)]));
  }),
});

const seeStep = (deps: WorkflowDeps): Step<ConfigureWork> => ({
  name: 'see', title: 'See the values in the engine', timeoutMs: secondsMs(60), retry: brief,
  run: (ctx) => see(deps, ctx, ctx.input.configuration),
});

export const configureInstanceWorkflow = (deps: WorkflowDeps): Workflow<ConfigureWork> =>
  defineWorkflow<ConfigureWork>({
    kind: 'instance.configure', version: 1, cancellable: true, retryable: true, timeoutMs: minutesMs(20),
    steps: [ensureGuest(deps), enrolStep(deps), configureStep(deps), seeStep(deps)],
    async onEnd(tx, operation, ending) {
      const { instanceId, configuration, before } = operation.input;
      const fault = faultAfter(operation, ending);
      const wanted = ending.state === 'SUCCEEDED' ? configuration : before;
      await changeInstance(tx, instanceId, { fault, configuration_id: wanted?.id ?? null, configuration_revision: wanted?.revision ?? null }, { actor: operation.actor, operationId: operation.id });
    },
  });
