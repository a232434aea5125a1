/** One command of a step to the instance's agent. What the engine finally refuses ends the operation; trouble is retried. */
import { isCofferError } from '../../../kernel/errors.ts';
import type { Outcome } from '../../../proto/generated/coffer/agent/v1/agent.ts';
import type { RunRequest } from '../../agents/agents.ts';
import { FinalStepError, type StepContext } from '../workflow.ts';
import type { WorkflowDeps } from './deps.ts';
import type { InstanceWork } from './instance-facts.ts';

/** The agent's codes for answers about one item, in the catalogue's words. */
const answers: Record<string, string> = { EXISTS: 'CONFLICT.EXISTS', MISSING: 'RESOURCE.NOT_FOUND', REFUSED: 'ENGINE.REFUSED' };
export const toCatalogueCode = (code: string): string => answers[code] ?? 'OPERATION.STEP_FAILED';

export async function runOnAgent<W extends InstanceWork>(deps: WorkflowDeps, ctx: StepContext<W>, step: string, timeoutMs: number, command: RunRequest['command']): Promise<Outcome> {
  const outcome = await deps.agents.run(ctx.input.instanceId, { operationId: ctx.operation.id, step, fence: ctx.fence, timeoutMs, command }, ctx);
  if (outcome.fault) throw new FinalStepError(toCatalogueCode(outcome.fault.code), outcome.fault.message);
  return outcome;
}

/**
 * While undoing: letting go of a command does not end it. Resolves when the agent is at nothing of the operation's any
 * more. One that cannot be reached is left alone: the next operation's newer fence ends what it may be at.
 */
export async function endOnAgent<W extends InstanceWork>(deps: WorkflowDeps, ctx: StepContext<W>): Promise<void> {
  await deps.agents.cancel(ctx.input.instanceId, { operationId: ctx.operation.id, fence: ctx.fence }, { signal: ctx.signal }).catch((error: unknown) => {
    if (!isCofferError(error) || error.code !== 'AGENT.UNREACHABLE') throw error;
  });
}

/** While undoing: without its agent the operation would hold the instance until all its time is up, so it ends as it is. */
export async function unlessAgentIsGone(undo: () => Promise<void>): Promise<void> {
  try {
    await undo();
  } catch (error) {
    if (isCofferError(error) && ['AGENT.UNREACHABLE', 'ENGINE.UNAVAILABLE'].includes(error.code)) throw new FinalStepError(error.code, error.message);
    throw error;
  }
}

/** For commands whose every item must succeed (part of a create). */
export function failOnItems(items: Outcome['items'], what: string): void {
  const failed = items.find((i) => i.fault);
  if (failed) throw new FinalStepError(toCatalogueCode(failed.fault!.code), `${what} ${failed.name}: ${failed.fault!.message}`);
}
