/**
 * What comes to many instances comes in waves: each by an operation of its own, a number of them at a time. It halts at the
 * first that fails and changes nothing back by itself. What has been begun is found again by its parent, so that a worker that
 * dies half-way costs nothing; while a wave is under way its place is free for others.
 */
import { isCofferError } from '../../../kernel/errors.ts';
import { lockInstance, type InstanceRow } from '../../domain/instance/change.ts';
import { requireHost } from '../../domain/instance/lifecycle.ts';
import { type Child, nextWave, verdictOf, type WaveInstance } from '../../domain/waves.ts';
import type { Tx } from '../../store/tx.ts';
import { type EnqueueRequest, FinalStepError, isFinished, type OperationView, type Step, type StepContext, StepWaitsError } from '../workflow.ts';
import { brief, secondsMs, type WorkflowDeps } from './deps.ts';

/** What is rolled out. */
export interface Waves<Input, Instance extends WaveInstance> {
  name: string;
  title: string;
  /** of the whole operation: its time begins anew when it is retried */
  timeoutMs: number;
  /** all that it concerns, in the order of their turn */
  instances(input: Input): Promise<Instance[]>;
  isLeft(input: Input, instance: Instance): boolean;
  /** of the next wave; `served`: how many have it by their turn. One that was deleted meanwhile has shown nothing */
  sizeOf(input: Input, served: number): number;
  /** "have revision 3" */
  told(input: Input): string;
  /** The child of an instance whose row is locked; null: there is nothing to do any more. */
  child(input: Input, row: InstanceRow): Pick<EnqueueRequest, 'kind' | 'input'> | null;
  /** in the transaction of its child */
  begun?(tx: Tx, input: Input, row: InstanceRow, child: OperationView, meta: { actor: string; clientAddress: string | null; requestId: string | null }): Promise<void>;
}

/** Waited here, so that a wave that is done is seen at once; then the place is given to others for a moment. */
const waitHereMs = 5_000;
const giveWayMs = 1_500;
const stepMs = secondsMs(60);
/** Many short waves take longer than a step may: it goes on as if called for the first time. The last wave begun has the rest. */
const mostAtOnceMs = stepMs / 2;

/** From when the present run counts. */
const CHILDREN = `select o.id, o.created_at < $2 as "isEarlier", o.state, o.fault, o.subject_id as "instanceId", coalesce(i.name, o.subject_id) as name
  from operation o left join instance i on i.id = o.subject_id where o.parent_id = $1 order by o.id`;

/** Resolves when none of the children runs; else comes back later. */
async function awaitChildren(deps: WorkflowDeps, ctx: StepContext<unknown>, timeoutMs: number): Promise<Child[]> {
  const until = performance.now() + waitHereMs;
  const begunAt = new Date(ctx.operation.deadline.getTime() - timeoutMs);
  for (;;) {
    const children = await deps.store.query<Child>(CHILDREN, [ctx.operation.id, begunAt]);
    const running = children.find(({ state }) => !isFinished(state));
    if (!running) return children;
    const leftMs = until - performance.now();
    if (leftMs <= 0) throw new StepWaitsError(giveWayMs);
    await deps.operations().waitForEnd(running.id, leftMs, ctx.signal);
    ctx.signal.throwIfAborted();
  }
}

async function rollOut<Input, Instance extends WaveInstance>(deps: WorkflowDeps, ctx: StepContext<Input>, waves: Waves<Input, Instance>): Promise<unknown> {
  const { input } = ctx;
  const until = performance.now() + mostAtOnceMs;
  for (;;) {
    const { halt, served } = verdictOf(await awaitChildren(deps, ctx, waves.timeoutMs));
    const instances = await waves.instances(input);
    // One that has had its turn and is not as it was to be would have it again and again.
    const left = instances.filter((one) => (one.isUnsettled || waves.isLeft(input, one)) && !served.has(one.id));
    const told = `${instances.length - left.length} of ${instances.length} instances ${waves.told(input)}`;
    ctx.progress(instances.length === 0 ? 1 : 1 - left.length / instances.length, told);
    if (halt) throw new FinalStepError(halt.fault.code, `halted, ${told}. Instance ${halt.name}: ${halt.fault.message}`);
    // What became of each its children tell: thousands are more than is kept of a step.
    if (left.length === 0) return { instances: served.size };
    if (performance.now() > until) throw new StepWaitsError(giveWayMs);
    const wave = nextWave(left, waves.sizeOf(input, served.size));
    if (wave.length === 0) {
      ctx.progress(0, `${told}; ${left[0]!.name} is waited for: ${left[0]!.busyWith}`);
      throw new StepWaitsError(giveWayMs);
    }
    let begun = 0;
    for (const instance of wave) begun += (await begin(deps, ctx, waves, instance)) ? 1 : 0;
    if (begun === 0) throw new StepWaitsError(giveWayMs);
  }
}

/** One transaction each: what cannot be begun now leaves no trace. */
async function begin<Input, Instance extends WaveInstance>(deps: WorkflowDeps, ctx: StepContext<Input>, waves: Waves<Input, Instance>, { id }: Instance): Promise<boolean> {
  return ctx.write(async (tx) => {
    const [asked] = await tx.query<{ clientAddress: string | null; requestId: string | null }>('select client_address as "clientAddress", request_id as "requestId" from operation where id = $1', [ctx.operation.id]);
    const meta = { actor: ctx.operation.actor, clientAddress: asked?.clientAddress ?? null, requestId: asked?.requestId ?? null };
    const row = await lockInstance(tx, id);
    const wanted = row && row.deleted_at === null ? waves.child(ctx.input, row) : null;
    if (!row || wanted === null) return true;
    await requireHost(tx, row);
    const child = await deps.operations().enqueue(tx, { ...wanted, target: row.host_id, subjectId: id, lockMode: 'EXCLUSIVE', parentId: ctx.operation.id, projectId: row.project_id, ...meta });
    await waves.begun?.(tx, ctx.input, row, child, meta);
    return true;
  }).catch((error: unknown) => {
    if (!isCofferError(error)) throw error;
    // Something else has just begun on it: it is waited for with the others that are busy.
    if (error.code === 'CONFLICT.BUSY') return false;
    throw error.code === 'HOST.UNREACHABLE' ? new FinalStepError(error.code, `halted: ${error.message}`) : error;
  });
}

export const wavesStep = <Input, Instance extends WaveInstance>(deps: WorkflowDeps, waves: Waves<Input, Instance>): Step<Input> => ({
  name: waves.name, title: waves.title, timeoutMs: stepMs, retry: brief,
  run: (ctx) => rollOut(deps, ctx, waves),
  // Called off: what has been begun is finished, and no more is begun.
  async compensate(ctx) { await awaitChildren(deps, ctx, waves.timeoutMs); },
});
