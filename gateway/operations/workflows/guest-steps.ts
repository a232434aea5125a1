/** Steps that several workflows share: make the guest, see its agent, start the engine, see it healthy. */
import type { EngineBuild } from '../../../strategies/spi/engine-source.ts';
import { changeInstance } from '../../domain/instance/change.ts';
import { CofferError } from '../../../kernel/errors.ts';
import type { Step, StepContext } from '../workflow.ts';
import { brief, minutesMs, patient, secondsMs, type WorkflowDeps } from './deps.ts';
import { flavorOf, readInstance, readPorts, waitForInstance, type InstanceWork } from './instance-facts.ts';
import { runOnAgent } from './run-on-agent.ts';

export const callOptions = (ctx: StepContext<unknown>): { signal: AbortSignal; fence: StepContext<unknown>['fence']; operationId: string; progress: StepContext<unknown>['progress'] } =>
  ({ signal: ctx.signal, fence: ctx.fence, operationId: ctx.operation.id, progress: ctx.progress });

export const guestTimeouts = (deps: WorkflowDeps, datastore: string): { initialiseMs: number; startMs: number; stopMs: number; statementMs: number } => {
  const manifest = deps.catalogue.manifest(datastore);
  if (!manifest) throw new CofferError('RESOURCE.NOT_FOUND', `the plugin of ${datastore} is not loaded`, { remedy: 'See the plugin\'s problem in `datastores` or the log.' });
  return manifest.timeouts;
};

export const installEngineStep = <W extends InstanceWork>(deps: WorkflowDeps): Step<W> => ({
  name: 'install-engine', title: 'Install the engine', weight: 2, timeoutMs: minutesMs(15), retry: brief,
  async run(ctx) {
    const { hostId, datastore, track, instanceId } = ctx.input;
    const present = (await readInstance(deps.store, instanceId)).buildId;
    if (present) return { buildId: present };
    const build: EngineBuild = await deps.compute(hostId).ensureEngine({ datastore, track }, { signal: ctx.signal, progress: ctx.progress });
    await ctx.write((tx) => changeInstance(tx, instanceId, { build_id: build.id, build_version: build.version }, { actor: ctx.operation.actor, operationId: ctx.operation.id }));
    return { buildId: build.id, version: build.version };
  },
});

export const createGuestStep = <W extends InstanceWork>(deps: WorkflowDeps): Step<W> => ({
  name: 'create-guest', title: 'Create the guest', timeoutMs: minutesMs(1), retry: patient,
  async run(ctx) {
    const { instanceId, hostId, datastore, track } = ctx.input;
    const doc = await readInstance(deps.store, instanceId);
    if (!doc.buildId) throw new CofferError('PRECONDITION.STATE', 'the instance has no engine build yet');
    const enrolment = await ctx.write((tx) => deps.issueEnrolment(tx, instanceId));
    const facts = await deps.compute(hostId).createGuest({
      instanceId, datastore, track, buildId: doc.buildId, flavor: await flavorOf(deps, doc.flavorId), volumeGb: doc.volumeGb,
      ports: await readPorts(deps.store, instanceId), bind: deps.engineBind, advertise: deps.engineAdvertise, enrolment,
    }, callOptions(ctx));
    return { isolation: facts.isolation };
  },
  // data and logs stay for whoever looks into the failure; delete removes them
  compensate: (ctx) => deps.compute(ctx.input.hostId).stopGuest(ctx.input.instanceId, callOptions(ctx)),
});

/** A guest whose agent is gone is made again from its record; one that is there is left alone. */
export const ensureGuest = <W extends InstanceWork>(deps: WorkflowDeps): Step<W> => {
  const { compensate: _keep, ...step } = createGuestStep<W>(deps);
  return {
    ...step, name: 'ensure-guest', title: 'See the guest in place',
    async run(ctx) {
      const facts = await deps.compute(ctx.input.hostId).inspect(ctx.input.instanceId, ctx.signal);
      if (facts.state === 'running') return { found: 'running' };
      return step.run(ctx);
    },
  };
};

/** Longer than an agent takes to start and enrol on a busy machine; one that was given up on takes the newer token. */
const enrolPatienceMs = 10_000;

/**
 * The gateway that the agent was told to enrol with may be the one that died, or hangs: an agent that does not come
 * gets a fresh token, and with it the address of a gateway that lives.
 */
export const enrolStep = <W extends InstanceWork>(deps: WorkflowDeps): Step<W> => ({
  name: 'enrol', title: 'Enrol the agent', timeoutMs: secondsMs(60), retry: brief,
  async run(ctx) {
    const { instanceId, hostId } = ctx.input;
    for (;;) {
      const patience = AbortSignal.timeout(enrolPatienceMs);
      try {
        await deps.agents.waitForAgent(instanceId, AbortSignal.any([ctx.signal, patience]));
        return;
      } catch (error) {
        if (ctx.signal.aborted || !patience.aborted) throw error;
      }
      const enrolment = await ctx.write((tx) => deps.issueEnrolment(tx, instanceId));
      await deps.compute(hostId).reenrol(instanceId, enrolment, callOptions(ctx));
    }
  },
});

export const startEngineStep = <W extends InstanceWork>(deps: WorkflowDeps): Step<W> => ({
  name: 'start', title: 'Start the engine', timeoutMs: minutesMs(10), retry: brief,
  async run(ctx) {
    await runOnAgent(deps, ctx, 'start', guestTimeouts(deps, ctx.input.datastore).startMs, { $case: 'start', value: {} });
  },
});

/**
 * Resolves once the store holds a report of the wanted state that was made after the step's command had ended: one from
 * before it may say the same and be wrong by now. An agent of an earlier release does not tell; it is believed.
 */
export const seeEngine = (deps: WorkflowDeps, ctx: StepContext<InstanceWork>, wanted: 'ok' | 'down', afterStep: string, signal = ctx.signal): Promise<void> =>
  waitForInstance(deps.store, ctx.input.instanceId, ({ prepared, observation }) => {
    const afterCommand = observation?.afterCommand ?? null;
    return prepared && observation?.engine === wanted && (afterCommand === null || afterCommand === `${ctx.operation.id}/${afterStep}`);
  }, signal, wanted === 'ok' ? 'a healthy engine' : 'the stopped engine');

/** The operation ends only after the store has seen what it promises: no green light on hope. */
export const readyStep = <W extends InstanceWork>(deps: WorkflowDeps, wanted: 'ok' | 'down', afterStep: string): Step<W> => ({
  name: 'ready', title: wanted === 'ok' ? 'See the engine healthy' : 'See the engine stopped', timeoutMs: secondsMs(60), retry: brief,
  run: (ctx) => seeEngine(deps, ctx, wanted, afterStep),
});
