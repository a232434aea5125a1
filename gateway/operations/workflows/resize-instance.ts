/**
 * instance.resize: ensure-guest → enrol → reserve → wake → check → rest → allow → configure → restart → limit → ready. For more
 * memory limits come first and values then, for less the other way round, so that an engine never lives under limits that it was
 * not made for. A stopped engine is asked only whether it can do with less, and runs just for that, in the size that it has.
 * The host counts the larger of the two flavors until the limits are those of one alone: beyond the end, where undoing has failed.
 */
import { CofferError, isCofferError } from '../../../kernel/errors.ts';
import type { FlavorSize } from '../../../strategies/spi/control.ts';
import type { Finding } from '../../../strategies/spi/guest.ts';
import { memoryRefusalOf } from '../../domain/admission.ts';
import { readHostLoads } from '../../domain/host-load.ts';
import { changeInstance } from '../../domain/instance/change.ts';
import { defineWorkflow, FinalStepError, type Step, type StepContext, type Workflow } from '../workflow.ts';
import { brief, minutesMs, patient, secondsMs, type WorkflowDeps } from './deps.ts';
import { guestConfiguration, type GuestConfiguration } from './guest-configuration.ts';
import { callOptions, ensureGuest, enrolStep, guestTimeouts, seeEngine } from './guest-steps.ts';
import { faultAfter, flavorOf, readInstance, seenAgainMs, type LifecycleWork } from './instance-facts.ts';
import { endOnAgent, runOnAgent, unlessAgentIsGone } from './run-on-agent.ts';
import { restStep, startEngine, wakeStep } from './wake.ts';

/** Ids of flavors. `intentBefore` does not change meanwhile: nothing else is done to the instance. */
export interface ResizeWork extends LifecycleWork { from: string; to: string }
type Ctx = StepContext<ResizeWork>;

const meta = (ctx: Ctx): { actor: string; operationId: string } => ({ actor: ctx.operation.actor, operationId: ctx.operation.id });
const isToRun = ({ intentBefore }: ResizeWork): boolean => intentBefore === 'RUNNING';

interface Sizes { from: FlavorSize; to: FlavorSize }
async function sizesOf(deps: WorkflowDeps, { from, to }: ResizeWork): Promise<Sizes> {
  return { from: await flavorOf(deps, from), to: await flavorOf(deps, to) };
}
/** The same size again puts right what a way back has left too large: that is lowered, and the engine is asked first. */
const isGrowth = ({ from, to }: Sizes): boolean => to.memoryMb > from.memoryMb || (to.memoryMb === from.memoryMb && to.vcpus !== from.vcpus);

async function configurationFor(deps: WorkflowDeps, ctx: Ctx, flavorId: string): Promise<GuestConfiguration & { volumeGb: number }> {
  const doc = await readInstance(deps.store, ctx.input.instanceId);
  return { ...(await guestConfiguration(deps, { ...doc, flavorId }, doc.configuration)), volumeGb: doc.volumeGb };
}

const reserve = (deps: WorkflowDeps): Step<ResizeWork> => ({
  name: 'reserve', title: 'Reserve memory', timeoutMs: secondsMs(20), retry: brief,
  async run(ctx): Promise<{ isGrowth: boolean }> {
    const { instanceId, hostId, to } = ctx.input;
    const sizes = await sizesOf(deps, ctx.input);
    await ctx.write(async (tx) => {
      // One reservation at a time on a host, as for a create; and the flavor is not deleted meanwhile.
      await tx.query('select 1 from host where id = $1 for update', [hostId]);
      const [flavor] = await tx.query('select 1 from flavor where id = $1 and deleted_at is null for share', [to]);
      if (!flavor) throw new FinalStepError('RESOURCE.NOT_FOUND', 'the flavor was deleted meanwhile');
      const [own] = await tx.query<{ wanted: string | null }>('select wanted_flavor_id as wanted from instance where id = $1', [instanceId]);
      if (own?.wanted === to) return;
      const [load] = await readHostLoads(tx, deps.enginePorts, { hostId, onlyReserved: true });
      const refusal = load && isGrowth(sizes) ? memoryRefusalOf(load, sizes.to.memoryMb - sizes.from.memoryMb, deps.reserve) : null;
      if (refusal) throw new FinalStepError(refusal.code, refusal.message);
      await changeInstance(tx, instanceId, { wanted_flavor_id: to }, meta(ctx));
    });
    return { isGrowth: isGrowth(sizes) };
  },
});

/** Of what a plugin found, as a person reads it. */
const findingText = ({ subject, message }: Finding): string => (subject ? `${subject}: ${message}` : message);

/** What it holds will do with more memory, whatever it is. */
const isWoken = (input: ResizeWork, outputs: Readonly<Record<string, unknown>>): boolean => !isToRun(input) && (outputs['reserve'] as { isGrowth?: boolean } | null | undefined)?.isGrowth === false;

/** One that does not answer may need the larger flavor for just that reason. */
const check = (deps: WorkflowDeps): Step<ResizeWork> => ({
  name: 'check', title: 'Ask the engine whether it fits', timeoutMs: minutesMs(2), retry: brief,
  applies: (input, outputs) => isToRun(input) || isWoken(input, outputs),
  async run(ctx): Promise<{ findings: Finding[]; isSilent: boolean }> {
    const sizes = await sizesOf(deps, ctx.input);
    const { sizing, parameters, volumeGb } = await configurationFor(deps, ctx, ctx.input.to);
    const value = { ...sizes.to, volumeGb, sizing, parameters };
    try {
      const { findings } = await runOnAgent(deps, ctx, 'check', guestTimeouts(deps, ctx.input.datastore).statementMs, { $case: 'checkResize', value });
      const told = findings.map(({ severity, subject, message }) => ({ severity: severity as Finding['severity'], subject: subject ?? null, message }));
      const errors = told.filter(({ severity }) => severity === 'ERROR');
      if (errors.length > 0) throw new FinalStepError('PRECONDITION.UNFIT', errors.map(findingText).join('; '));
      if (told.length > 0) ctx.progress(1, told.map(findingText).join('; '));
      return { findings: told, isSilent: false };
    } catch (error) {
      const isUnanswered = isCofferError(error) && error.code === 'ENGINE.UNAVAILABLE' && ctx.attempt >= brief.attempts;
      if (ctx.signal.aborted || !isUnanswered || !isGrowth(sizes)) throw error;
      return { findings: [{ severity: 'WARNING', subject: null, message: `the engine could not be asked: ${error.message}` }], isSilent: true };
    }
  },
});

const setLimits = (deps: WorkflowDeps, ctx: Ctx, flavor: FlavorSize): Promise<{ limitsUnenforced: string | null }> =>
  deps.compute(ctx.input.hostId).changeGuest(ctx.input.instanceId, { flavor }, callOptions(ctx));

const allowName = 'allow';
/** The whole way back is here, so that its parts keep their order: limits are lowered only under an engine that has its former values again. */
const allow = (deps: WorkflowDeps): Step<ResizeWork> => ({
  name: allowName, title: 'Raise the limits', timeoutMs: minutesMs(10), retry: patient,
  async run(ctx): Promise<{ limitsUnenforced: string | null }> {
    const sizes = await sizesOf(deps, ctx.input);
    const { limitsUnenforced } = isGrowth(sizes) ? await setLimits(deps, ctx, sizes.to) : await deps.compute(ctx.input.hostId).inspect(ctx.input.instanceId, ctx.signal);
    return { limitsUnenforced };
  },
  async compensate(ctx) {
    const sizes = await sizesOf(deps, ctx.input);
    if (!isGrowth(sizes)) await setLimits(deps, ctx, sizes.from);
    await unlessAgentIsGone(() => bringBack(deps, ctx));
    await setLimits(deps, ctx, sizes.from);
  },
});

async function bringBack(deps: WorkflowDeps, ctx: Ctx): Promise<void> {
  await endOnAgent(deps, ctx);
  const isToAnswer = isToRun(ctx.input) && !isSilent(ctx.outputs);
  // A restart that was called off has left an engine that is down, or on its way, and that takes no values.
  if (isToAnswer && isAskedFor(ctx.outputs)) await startEngine(deps, ctx, 'undo-start').catch(unlessNotStarted);
  const { asked } = await configure(deps, ctx, 'undo-configure', ctx.input.from);
  if (!isToAnswer) return;
  // Only what the restart of the way forwards has taken: other values may have waited before. Those that the engine did not start with the agent has given up by itself.
  const isTaken = asked.length > 0 && isAskedFor(ctx.outputs);
  if (isTaken) await restart(deps, ctx, 'undo-restart').catch(unlessNotStarted);
  await seeAnswering(deps, ctx, isTaken ? 'undo-restart' : null, AbortSignal.any([ctx.signal, AbortSignal.timeout(seenAgainMs)]));
}

/** Values that waited for a restart before the resize may be ones that the engine does not start with: it runs without them, as it did. */
function unlessNotStarted(error: unknown): void {
  // REFUSED; an agent of an earlier release says that it did not start.
  const code = isCofferError(error) || error instanceof FinalStepError ? error.code : null;
  if (code !== 'ENGINE.REFUSED' && code !== 'ENGINE.FAILED_TO_START') throw error;
}

/** `asked`: what waits for a restart. */
async function configure(deps: WorkflowDeps, ctx: Ctx, step: string, flavorId: string): Promise<{ asked: string[] }> {
  const { volumeGb: _, ...value } = await configurationFor(deps, ctx, flavorId);
  // Twice: the agent puts back what was before when the engine refuses.
  const outcome = await runOnAgent(deps, ctx, step, 2 * guestTimeouts(deps, ctx.input.datastore).statementMs, { $case: 'configure', value });
  return { asked: outcome.restartRequired };
}

async function restart(deps: WorkflowDeps, ctx: Ctx, step: string): Promise<void> {
  const { startMs, stopMs } = guestTimeouts(deps, ctx.input.datastore);
  await runOnAgent(deps, ctx, step, startMs + stopMs, { $case: 'restart', value: {} });
}

/** The store has the report from after the restart, and the engine answers now. */
async function seeAnswering(deps: WorkflowDeps, ctx: Ctx, restartStep: string | null, signal = ctx.signal): Promise<void> {
  if (restartStep !== null) await seeEngine(deps, ctx, 'ok', restartStep, signal);
  const { state, detail } = await deps.agents.probe(ctx.input.instanceId, { signal });
  if (state !== 'ok') throw new CofferError('ENGINE.UNAVAILABLE', `the engine does not answer: ${detail ?? state}`);
}

const configureStep = (deps: WorkflowDeps): Step<ResizeWork> => ({
  name: 'configure', title: 'Configure the engine', weight: 2, timeoutMs: minutesMs(3), retry: brief,
  run: (ctx) => configure(deps, ctx, 'configure', ctx.input.to),
});

const isSilent = (outputs: Readonly<Record<string, unknown>>): boolean => (outputs['check'] as { isSilent?: boolean } | null | undefined)?.isSilent ?? false;
const isAskedFor = (outputs: Readonly<Record<string, unknown>>): boolean => ((outputs['configure'] as { asked?: string[] } | null | undefined)?.asked ?? []).length > 0;
const needsRestart = (input: ResizeWork, outputs: Readonly<Record<string, unknown>>): boolean => isToRun(input) && (isAskedFor(outputs) || isSilent(outputs));

const restartStep = (deps: WorkflowDeps): Step<ResizeWork> => ({
  name: 'restart', title: 'Restart the engine', weight: 2, timeoutMs: minutesMs(10), retry: once,
  applies: needsRestart,
  run: (ctx) => restart(deps, ctx, 'restart'),
});
/** When the engine does not start the agent has gone back by itself: another try would start what was there before. */
const once = { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 } as const;

const limit = (deps: WorkflowDeps): Step<ResizeWork> => ({
  name: 'limit', title: 'Lower the limits', timeoutMs: minutesMs(1), retry: patient,
  async run(ctx) {
    const sizes = await sizesOf(deps, ctx.input);
    if (isGrowth(sizes)) return;
    const { limitsUnenforced } = await setLimits(deps, ctx, sizes.to);
    const before = (ctx.outputs['allow'] as { limitsUnenforced?: string | null } | undefined)?.limitsUnenforced ?? null;
    if (limitsUnenforced !== null && before === null) throw new FinalStepError('PRECONDITION.UNFIT', `the memory that the engine holds cannot be limited to ${sizes.to.memoryMb} MB: ${limitsUnenforced}`);
  },
});

const ready = (deps: WorkflowDeps): Step<ResizeWork> => ({
  name: 'ready', title: 'See the engine healthy', timeoutMs: secondsMs(60), retry: brief,
  applies: isToRun,
  async run(ctx) {
    const isRestarted = needsRestart(ctx.input, ctx.outputs);
    await seeAnswering(deps, ctx, isRestarted ? 'restart' : null);
    // A worker that died before it could say so left a restart that was repeated, with the values that the agent had gone back to.
    const reason = isRestarted ? (await readInstance(deps.store, ctx.input.instanceId)).observation?.configuration?.rejected?.reason : null;
    if (reason) throw new FinalStepError('ENGINE.REFUSED', `the engine did not start with its new values and runs with the former ones again: ${reason}`);
  },
});

const leaveGone = (undo: (ctx: Ctx) => Promise<void>) => (ctx: Ctx): Promise<void> => unlessAgentIsGone(() => undo(ctx));

export const resizeInstanceWorkflow = (deps: WorkflowDeps): Workflow<ResizeWork> =>
  defineWorkflow<ResizeWork>({
    kind: 'instance.resize', version: 1, cancellable: true, timeoutMs: minutesMs(30),
    steps: [ensureGuest(deps), enrolStep(deps), reserve(deps), wakeStep(deps, isWoken, leaveGone), check(deps), restStep(deps, isWoken), allow(deps), configureStep(deps), restartStep(deps), limit(deps), ready(deps)],
    async onEnd(tx, operation, ending) {
      const flavor = ending.state === 'SUCCEEDED' ? { flavor_id: operation.input.to } : {};
      const reserved = ending.left.includes(allowName) ? {} : { wanted_flavor_id: null };
      await changeInstance(tx, operation.input.instanceId, { fault: faultAfter(operation, ending), ...reserved, ...flavor }, { actor: operation.actor, operationId: operation.id });
    },
  });
