/** The engine of a stopped instance runs for as long as it is asked something, and then rests again. */
import type { Step, StepContext } from '../workflow.ts';
import { brief, minutesMs, type WorkflowDeps } from './deps.ts';
import { guestTimeouts, seeEngine } from './guest-steps.ts';
import { seenAgainMs, type InstanceWork } from './instance-facts.ts';
import { endOnAgent, runOnAgent } from './run-on-agent.ts';

type Applies<W> = NonNullable<Step<W>['applies']>;
type Undo<W> = (ctx: StepContext<W>) => Promise<void>;

export async function startEngine(deps: WorkflowDeps, ctx: StepContext<InstanceWork>, step: string): Promise<void> {
  await runOnAgent(deps, ctx, step, guestTimeouts(deps, ctx.input.datastore).startMs, { $case: 'start', value: {} });
}
export async function stopEngine(deps: WorkflowDeps, ctx: StepContext<InstanceWork>, step: string): Promise<void> {
  await runOnAgent(deps, ctx, step, guestTimeouts(deps, ctx.input.datastore).stopMs, { $case: 'stop', value: { immediate: false } });
}
/** While undoing: for as long as a report of it is waited for. */
export const soonOf = (ctx: StepContext<unknown>): AbortSignal => AbortSignal.any([ctx.signal, AbortSignal.timeout(seenAgainMs)]);

/** Undone also after `rest`: whatever came later may have started it again. `undo` says when, and what becomes of a failure. */
export const wakeStep = <W extends InstanceWork>(deps: WorkflowDeps, applies: Applies<W>, undo: (work: Undo<W>) => Undo<W>): Step<W> => ({
  name: 'wake', title: 'Start the engine to ask it', timeoutMs: minutesMs(10), retry: brief, applies,
  run: (ctx) => startEngine(deps, ctx, 'wake'),
  compensate: undo(async (ctx) => {
    await endOnAgent(deps, ctx);
    await stopEngine(deps, ctx, 'undo-wake');
    await seeEngine(deps, ctx, 'down', 'undo-wake', soonOf(ctx));
  }),
});

export const restStep = <W extends InstanceWork>(deps: WorkflowDeps, applies: Applies<W>): Step<W> => ({
  name: 'rest', title: 'Stop the engine again', timeoutMs: minutesMs(10), retry: brief, applies,
  async run(ctx) {
    await stopEngine(deps, ctx, 'rest');
    await seeEngine(deps, ctx, 'down', 'rest');
  },
});
