/**
 * instance.grow-volume: reserve → grow → guest → enrol → start → configure → see. Until the volume is touched it can be
 * called off; from then on it is as large as it has become, whatever else goes wrong, because volumes do not shrink.
 */
import { diskRefusalOf } from '../../domain/admission.ts';
import { readHostLoads } from '../../domain/host-load.ts';
import { changeInstance, lockInstance } from '../../domain/instance/change.ts';
import { groupName, groupText } from '../../domain/instance/observation.ts';
import { defineWorkflow, FinalStepError, type Step, type StepContext, type Workflow } from '../workflow.ts';
import { brief, minutesMs, patient, secondsMs, type WorkflowDeps } from './deps.ts';
import { guestConfiguration, type GuestConfiguration } from './guest-configuration.ts';
import { callOptions, ensureGuest, enrolStep, guestTimeouts } from './guest-steps.ts';
import { faultAfter, readInstance, waitForInstance, type InstanceNow, type InstanceWork } from './instance-facts.ts';
import { runOnAgent } from './run-on-agent.ts';

export interface GrowVolumeWork extends InstanceWork { sizeGb: number }
type Ctx = StepContext<GrowVolumeWork>;
const metaOf = ({ operation }: Ctx): { actor: string; operationId: string } => ({ actor: operation.actor, operationId: operation.id });

/** One reservation at a time on a host, as for a create. What is reserved already is left alone. */
const reserveDisk = (deps: WorkflowDeps, ctx: Ctx): Promise<void> => ctx.write(async (tx) => {
  const { instanceId, hostId, sizeGb } = ctx.input;
  await tx.query('select 1 from host where id = $1 for update', [hostId]);
  const row = await lockInstance(tx, instanceId);
  if (row?.wanted_volume_gb === sizeGb || row?.volume_gb === sizeGb) return;
  await changeInstance(tx, instanceId, { wanted_volume_gb: sizeGb }, metaOf(ctx));
  const [load] = await readHostLoads(tx, deps.enginePorts, { hostId, onlyReserved: true });
  // what is wanted is part of what is promised by now
  const refusal = load ? diskRefusalOf(load, 0, deps.reserve) : null;
  if (refusal) throw new FinalStepError(refusal.code, `${refusal.message}, and the volume is to grow to ${sizeGb} GB`);
});

const reserve = (deps: WorkflowDeps): Step<GrowVolumeWork> => ({
  name: 'reserve', title: 'Reserve disk', timeoutMs: secondsMs(20), retry: brief,
  run: (ctx) => reserveDisk(deps, ctx),
});

/**
 * Nothing takes it back: a call that comes again, also by a retry, finds out how far the one before had come. A retry
 * begins here, and what was reserved was given back when the run before it failed.
 */
const grow = (deps: WorkflowDeps): Step<GrowVolumeWork> => ({
  name: 'grow', title: 'Grow the volume', timeoutMs: minutesMs(4), retry: patient, isPointOfNoReturn: true,
  async run(ctx) {
    const { instanceId, hostId, sizeGb } = ctx.input;
    await reserveDisk(deps, ctx);
    await deps.compute(hostId).growVolume({ instanceId, sizeGb }, callOptions(ctx));
    await ctx.write((tx) => changeInstance(tx, instanceId, ({ volume_autoscaling: rule }) => ({
      volume_gb: sizeGb, ...(rule?.refused ? { volume_autoscaling: { ...rule, refused: null, refusal: null } } : {}),
    }), metaOf(ctx)));
    return { sizeGb };
  },
});

/** One that a full volume has taken down comes back now, and is not waited for longer and longer. */
const start = (deps: WorkflowDeps): Step<GrowVolumeWork> => ({
  name: 'start', title: 'See the engine up', timeoutMs: minutesMs(10), retry: brief,
  async run(ctx) {
    const { instanceId, datastore } = ctx.input;
    const { intent, observation } = await readInstance(deps.store, instanceId);
    if (intent !== 'RUNNING' || observation?.engine === 'ok') return;
    await runOnAgent(deps, ctx, 'start', guestTimeouts(deps, datastore).startMs, { $case: 'start', value: {} });
  },
});

/** Its next start would fail with those that it did not start with, and nobody would be told any more that they were given up. */
async function valuesFor(deps: WorkflowDeps, doc: InstanceNow): Promise<GuestConfiguration> {
  const group = groupName(doc.configuration);
  if (doc.observation?.configuration?.rejected?.group === group) throw new FinalStepError('ENGINE.REFUSED', `the engine did not start with the values of ${groupText(group)}`);
  return guestConfiguration(deps, doc, doc.configuration);
}

/** What follows from the volume's size is worked out anew; nothing is restarted for it. With a group that is not taken any more, or that the engine did not start with, all stays as it is. */
const configure = (deps: WorkflowDeps): Step<GrowVolumeWork> => ({
  name: 'configure', title: 'Configure the engine', timeoutMs: minutesMs(3), retry: brief,
  async run(ctx) {
    const { instanceId, datastore } = ctx.input;
    const doc = await readInstance(deps.store, instanceId);
    const value = await valuesFor(deps, doc).catch((error: unknown) => { if (error instanceof FinalStepError) return error; throw error; });
    if (value instanceof FinalStepError) {
      ctx.progress(1, `the values stay as they are: ${value.message}`);
      return { restartRequired: [] };
    }
    // Twice: the agent puts back what was before when the engine refuses.
    const { restartRequired } = await runOnAgent(deps, ctx, 'configure', 2 * guestTimeouts(deps, datastore).statementMs, { $case: 'configure', value });
    return { restartRequired };
  },
});

/** An agent of an earlier release does not tell; it is believed. */
const see = (deps: WorkflowDeps): Step<GrowVolumeWork> => ({
  name: 'see', title: 'See the larger volume', timeoutMs: secondsMs(60), retry: brief,
  run: (ctx) => waitForInstance(deps.store, ctx.input.instanceId, ({ observation }) => observation !== null && (observation.volumeGb ?? ctx.input.sizeGb) >= ctx.input.sizeGb, ctx.signal, `the volume of ${ctx.input.sizeGb} GB`),
});

export const growVolumeWorkflow = (deps: WorkflowDeps): Workflow<GrowVolumeWork> =>
  defineWorkflow<GrowVolumeWork>({
    kind: 'instance.grow-volume', version: 1, cancellable: true, retryable: true, timeoutMs: minutesMs(30),
    steps: [reserve(deps), grow(deps), ensureGuest(deps), enrolStep(deps), start(deps), configure(deps), see(deps)],
    async onEnd(tx, operation, ending) {
      await changeInstance(tx, operation.input.instanceId, { fault: faultAfter(operation, ending), wanted_volume_gb: null }, { actor: operation.actor, operationId: operation.id });
    },
  });
