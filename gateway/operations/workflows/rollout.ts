/**
 * configuration.rollout: a group's revision comes to its instances, or theirs from before comes back to them, each by an operation of its own, in waves. It halts
 * at the first that fails and changes nothing back by itself. What has been begun is found again by its parent, so that
 * a worker that dies half-way costs nothing; while a wave is under way its place is free for others.
 */
import { isCofferError } from '../../../kernel/errors.ts';
import { findGroupInstances, type GroupInstance, nextWave, targetOf, verdictOf, type Child } from '../../domain/configuration/waves.ts';
import { changeInstance, lockInstance } from '../../domain/instance/change.ts';
import { defineWorkflow, FinalStepError, isFinished, type Step, type StepContext, StepWaitsError, type Workflow } from '../workflow.ts';
import type { ConfigureWork } from './configure-instance.ts';
import { brief, minutesMs, secondsMs, type WorkflowDeps } from './deps.ts';

/** `back`: it takes the rollout of `revision` back; instances go to the revision that stands there, others are left alone. */
export interface RolloutWork { configurationId: string; revision: number; waveSize: number; back?: Record<string, number> }
type Ctx = StepContext<RolloutWork>;

/** Waited here, so that a wave that is done is seen at once; then the place is given to others for a moment. */
const waitHereMs = 5_000;
const giveWayMs = 1_500;
const timeoutMs = minutesMs(60 * 24);

/** From when its present run counts: its time begins anew when it is retried. */
const CHILDREN = `select o.id, o.created_at < $2 as "isEarlier", o.state, o.fault, o.subject_id as "instanceId", coalesce(i.name, o.subject_id) as name
  from operation o left join instance i on i.id = o.subject_id where o.parent_id = $1 order by o.id`;
const readChildren = (deps: WorkflowDeps, ctx: Ctx): Promise<Child[]> => deps.store.query<Child>(CHILDREN, [ctx.operation.id, new Date(ctx.operation.deadline.getTime() - timeoutMs)]);

/** Resolves when none of the children runs; else comes back later. */
async function awaitChildren(deps: WorkflowDeps, ctx: Ctx): Promise<Child[]> {
  const until = performance.now() + waitHereMs;
  for (;;) {
    const children = await readChildren(deps, ctx);
    const running = children.find(({ state }) => !isFinished(state));
    if (!running) return children;
    const leftMs = until - performance.now();
    if (leftMs <= 0) throw new StepWaitsError(giveWayMs);
    await deps.operations().waitForEnd(running.id, leftMs, ctx.signal);
    ctx.signal.throwIfAborted();
  }
}

async function rollOut(deps: WorkflowDeps, ctx: Ctx): Promise<unknown> {
  const { configurationId, revision, waveSize, back } = ctx.input;
  for (;;) {
    const children = await awaitChildren(deps, ctx);
    const { halt, done } = verdictOf(children);
    const instances = (await findGroupInstances(deps.store, configurationId)).filter(({ id }) => targetOf(ctx.input, id) !== null);
    const left = instances.filter((one) => one.wanted !== targetOf(ctx.input, one.id));
    const told = `${instances.length - left.length} of ${instances.length} instances have ${back ? `what they had before revision ${revision}` : `revision ${revision}`}`;
    ctx.progress(instances.length === 0 ? 1 : 1 - left.length / instances.length, told);
    if (halt) throw new FinalStepError(halt.fault.code, `halted, ${told}. Instance ${halt.name}: ${halt.fault.message}`);
    if (left.length === 0) return { instances: done };
    const wave = nextWave(left, waveSize);
    if (wave.length === 0) {
      ctx.progress(0, `${told}; ${left[0]!.name} is waited for: ${left[0]!.busyWith}`);
      throw new StepWaitsError(giveWayMs);
    }
    let begun = 0;
    for (const instance of wave) begun += (await begin(deps, ctx, instance)) ? 1 : 0;
    if (begun === 0) throw new StepWaitsError(giveWayMs);
  }
}

/** One transaction each: what cannot be begun now leaves no trace. */
async function begin(deps: WorkflowDeps, ctx: Ctx, { id }: GroupInstance): Promise<boolean> {
  const { configurationId } = ctx.input;
  const revision = targetOf(ctx.input, id);
  return ctx.write(async (tx) => {
    const [asked] = await tx.query<{ clientAddress: string | null; requestId: string | null }>('select client_address as "clientAddress", request_id as "requestId" from operation where id = $1', [ctx.operation.id]);
    const meta = { actor: ctx.operation.actor, clientAddress: asked?.clientAddress ?? null, requestId: asked?.requestId ?? null };
    const row = await lockInstance(tx, id);
    // Detached or deleted meanwhile.
    if (revision === null || !row || row.deleted_at !== null || row.configuration_id !== configurationId || row.configuration_revision === revision) return true;
    const input: ConfigureWork = {
      instanceId: id, hostId: row.host_id, datastore: row.datastore, track: row.track,
      configuration: { id: configurationId, revision }, before: { id: configurationId, revision: row.configuration_revision! },
    };
    const child = await deps.operations().enqueue(tx, {
      kind: 'instance.configure', target: row.host_id, input, subjectId: id, lockMode: 'EXCLUSIVE', parentId: ctx.operation.id, projectId: row.project_id, ...meta,
    });
    await changeInstance(tx, id, { configuration_revision: revision }, { ...meta, operationId: child.id });
    return true;
  }).catch((error: unknown) => {
    // Something else has just begun on it: it is waited for with the others that are busy.
    if (!isCofferError(error) || error.code !== 'CONFLICT.BUSY') throw error;
    return false;
  });
}

const rollOutStep = (deps: WorkflowDeps): Step<RolloutWork> => ({
  name: 'roll-out', title: 'Bring the revision to the instances', timeoutMs: secondsMs(60), retry: brief,
  run: (ctx) => rollOut(deps, ctx),
  // Called off: what has been begun is finished, and no more is begun.
  async compensate(ctx) { await awaitChildren(deps, ctx); },
});

export const rolloutWorkflow = (deps: WorkflowDeps): Workflow<RolloutWork> =>
  defineWorkflow<RolloutWork>({ kind: 'configuration.rollout', version: 1, cancellable: true, retryable: true, timeoutMs, steps: [rollOutStep(deps)] });
