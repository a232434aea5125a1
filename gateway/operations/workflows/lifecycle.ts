/** Start, stop, restart, reset and delete of an instance. */
import { changeInstance } from '../../domain/instance/change.ts';
import { findGone, recordLeftover } from '../../hosts/gone-hosts.ts';
import type { Tx } from '../../store/tx.ts';
import { defineWorkflow, type Ending, type OperationHead, type Step, type StepContext, type Workflow } from '../workflow.ts';
import { brief, minutesMs, patient, secondsMs, type WorkflowDeps } from './deps.ts';
import { callOptions, ensureGuest, enrolStep, guestTimeouts, readyStep, seeEngine, startEngineStep } from './guest-steps.ts';
import { faultAfter, readInstance, seenAgainMs, type InstanceWork, type LifecycleWork } from './instance-facts.ts';
import { endOnAgent, runOnAgent, unlessAgentIsGone } from './run-on-agent.ts';

async function recordEnd(tx: Tx, operation: OperationHead & { input: LifecycleWork }, ending: Ending): Promise<void> {
  const fault = faultAfter(operation, ending);
  const { instanceId, intentBefore } = operation.input;
  // Pre-empted: what took over says what is wanted.
  const goesBack = ending.state === 'CANCELLED' && ending.fault.code !== 'OPERATION.PREEMPTED' && intentBefore !== undefined;
  await changeInstance(tx, instanceId, { fault, ...(goesBack ? { intent: intentBefore } : {}) }, { actor: operation.actor, operationId: operation.id });
}

const command = (deps: WorkflowDeps, name: 'stop' | 'restart', title: string): Step<InstanceWork> => ({
  name, title, timeoutMs: minutesMs(10), retry: brief,
  async run(ctx) {
    const { startMs, stopMs } = guestTimeouts(deps, ctx.input.datastore);
    await runOnAgent(deps, ctx, name, name === 'stop' ? stopMs : startMs + stopMs,
      name === 'stop' ? { $case: 'stop', value: { immediate: false } } : { $case: 'restart', value: {} });
  },
});

/**
 * Undoes what was called off: ends what the agent is at and brings the engine to the state that was wanted before, also
 * where that was not to change, since a restart called off half way has taken it down. The operation ends when that is
 * seen. A failed one leaves things as they are, for the agent to keep at.
 */
async function bringBack(deps: WorkflowDeps, ctx: StepContext<InstanceWork>, wanted: 'RUNNING' | 'STOPPED'): Promise<void> {
  const { startMs, stopMs } = guestTimeouts(deps, ctx.input.datastore);
  await unlessAgentIsGone(async () => {
    if (wanted === 'STOPPED') await runOnAgent(deps, ctx, 'undo-stop', stopMs, { $case: 'stop', value: { immediate: false } });
    else await runOnAgent(deps, ctx, 'undo-start', startMs, { $case: 'start', value: {} });
    const [state, step] = wanted === 'STOPPED' ? ['down', 'undo-stop'] as const : ['ok', 'undo-start'] as const;
    await seeEngine(deps, ctx, state, step, AbortSignal.any([ctx.signal, AbortSignal.timeout(seenAgainMs)]));
  });
}

async function goBack(deps: WorkflowDeps, ctx: StepContext<LifecycleWork>): Promise<void> {
  const { intentBefore } = ctx.input;
  if (ctx.endingAs !== 'CANCELLED') return;
  await endOnAgent(deps, ctx);
  if (intentBefore !== undefined) await bringBack(deps, ctx, intentBefore);
}

/** One that was to run all along (and does not, or it would not be started) is left to the agent, which keeps at it. */
const startStep = (deps: WorkflowDeps): Step<LifecycleWork> =>
  ({ ...startEngineStep<LifecycleWork>(deps), compensate: (ctx) => (ctx.input.intentBefore === 'RUNNING' ? endOnAgent(deps, ctx) : goBack(deps, ctx)) });
const stopStep = (deps: WorkflowDeps): Step<LifecycleWork> => ({ ...command(deps, 'stop', 'Stop the engine'), compensate: (ctx) => goBack(deps, ctx) });
const restartStep = (deps: WorkflowDeps): Step<LifecycleWork> => ({ ...command(deps, 'restart', 'Restart the engine'), compensate: (ctx) => goBack(deps, ctx) });

const repair = (deps: WorkflowDeps): Step<InstanceWork> => ({
  name: 'repair', title: 'Repair management access', timeoutMs: minutesMs(10), retry: brief,
  async run(ctx) {
    const { startMs, stopMs } = guestTimeouts(deps, ctx.input.datastore);
    await runOnAgent(deps, ctx, 'repair', startMs + stopMs, { $case: 'repair', value: {} });
  },
  async compensate(ctx) {
    // Whatever of the operation's it is at: also bringing the engine back.
    await endOnAgent(deps, ctx);
    if (ctx.endingAs === 'CANCELLED') await bringBack(deps, ctx, (await readInstance(deps.store, ctx.input.instanceId)).intent);
  },
});

/** Back to what the instance's intent says. */
const resume = (deps: WorkflowDeps): Step<InstanceWork> => {
  const start = startEngineStep<InstanceWork>(deps);
  return {
    ...start, name: 'resume', title: 'Bring the engine to its wanted state',
    async run(ctx) {
      const { intent } = await readInstance(deps.store, ctx.input.instanceId);
      return intent === 'RUNNING' ? start.run(ctx) : command(deps, 'stop', '').run(ctx);
    },
  };
};

const seeSettled = (deps: WorkflowDeps): Step<InstanceWork> => ({
  ...readyStep<InstanceWork>(deps, 'ok', 'start'), title: 'See the wanted state',
  async run(ctx) {
    const { intent } = await readInstance(deps.store, ctx.input.instanceId);
    return intent === 'RUNNING' ? seeEngine(deps, ctx, 'ok', 'start') : seeEngine(deps, ctx, 'down', 'stop');
  },
});

/** Delete works whatever is left: an orderly stop is a courtesy, the destruction is not. */
const farewell = (deps: WorkflowDeps): Step<LifecycleWork> => ({
  name: 'stop', title: 'Stop the engine', timeoutMs: secondsMs(20), retry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
  applies: (input) => input.force !== true,
  async run(ctx) {
    const { agentConnected, prepared } = await readInstance(deps.store, ctx.input.instanceId);
    if (!agentConnected || !prepared) return { skipped: 'no agent' };
    try {
      await runOnAgent(deps, ctx, 'stop', secondsMs(10), { $case: 'stop', value: { immediate: true } });
      return { stopped: true };
    } catch (error) {
      if (ctx.signal.aborted) throw error;
      return { skipped: error instanceof Error ? error.message : 'failed' };
    }
  },
});

/** Its attempts last longer than a host is waited for. One that is gone is left to remove what it has when it returns. */
const destroy = (deps: WorkflowDeps): Step<LifecycleWork> => ({
  name: 'destroy', title: 'Remove processes and data', timeoutMs: minutesMs(3), retry: { ...patient, attempts: 150 },
  async run(ctx): Promise<Destroyed> {
    const { instanceId, hostId, force } = ctx.input;
    const gone = await findGone(deps.store, hostId, force === true);
    if (!gone) {
      await deps.compute(hostId).destroy(instanceId, callOptions(ctx));
      return { leftOn: null };
    }
    const told = `host ${gone.name} was last seen ${Math.round(gone.silentMs / 60_000)} min ago: it removes what it has of the instance when it returns`;
    deps.log.warn({ instanceId, hostId, operation: ctx.operation.id }, told);
    ctx.progress(1, told);
    return { leftOn: gone.name };
  },
});
interface Destroyed { leftOn: string | null }

const forget = (deps: WorkflowDeps): Step<LifecycleWork> => ({
  name: 'forget', title: 'Release ports and identity', timeoutMs: secondsMs(20), retry: patient,
  run: (ctx) => ctx.write(async (tx) => {
    const { instanceId, hostId } = ctx.input;
    const hostName = (ctx.outputs['destroy'] as Partial<Destroyed> | null | undefined)?.leftOn ?? null;
    if (hostName === null) await tx.query('delete from port_lease where instance_id = $1', [instanceId]);
    else await recordLeftover(tx, { instanceId, hostId, hostName, epoch: ctx.fence.epoch, actor: ctx.operation.actor, operationId: ctx.operation.id });
    await deps.revokeIdentity(tx, instanceId);
  }),
});

export function lifecycleWorkflows(deps: WorkflowDeps): Workflow<LifecycleWork>[] {
  const define = (kind: string, steps: Step<LifecycleWork>[]): Workflow<LifecycleWork> =>
    defineWorkflow<LifecycleWork>({ kind, version: 1, cancellable: true, retryable: true, timeoutMs: minutesMs(20), steps, onEnd: recordEnd });
  return [
    define('instance.start', [ensureGuest(deps), enrolStep(deps), startStep(deps), readyStep(deps, 'ok', 'start')]),
    define('instance.stop', [ensureGuest(deps), enrolStep(deps), stopStep(deps), readyStep(deps, 'down', 'stop')]),
    define('instance.restart', [ensureGuest(deps), enrolStep(deps), restartStep(deps), readyStep(deps, 'ok', 'restart')]),
    define('instance.reset', [ensureGuest(deps), enrolStep(deps), repair(deps), resume(deps), seeSettled(deps)]),
    defineWorkflow<LifecycleWork>({
      kind: 'instance.delete', version: 1, cancellable: false, retryable: true, timeoutMs: minutesMs(60), steps: [farewell(deps), destroy(deps), forget(deps)],
      async onEnd(tx, operation, ending) {
        if (ending.state !== 'SUCCEEDED') return recordEnd(tx, operation, ending);
        await changeInstance(tx, operation.input.instanceId, { deleted_at: new Date(), task: null, task_id: null, fault: null, agent_connected: false, endpoints: [], released: true },
          { type: 'instance.deleted', actor: operation.actor, operationId: operation.id });
      },
    }),
  ];
}
