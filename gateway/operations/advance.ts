/** Decides and applies until something has to be done in the world. Pure. */
import { decide } from './decide.ts';
import type { OperationState } from './state.ts';
import { began, ended, skipped, turnedBack, undoBegan } from './transitions.ts';
import type { AnyWorkflow, Ending } from './workflow.ts';

export type Act =
  | { do: 'run' | 'undo'; position: number; deadline: number }
  | { do: 'wait'; until: number }
  | { do: 'ended'; ending: Ending }
  | { do: 'nothing' };
export interface Advanced { state: OperationState; act: Act; reasons: string[] }

/** Each round skips a step or turns back, so there are fewer than this. */
const MAX_ROUNDS = 1_000;

export function advance(workflow: AnyWorkflow, from: OperationState, now: number): Advanced {
  const reasons: string[] = [];
  let state = from;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const decision = decide(workflow, state, now);
    reasons.push(decision.reason);
    switch (decision.do) {
      case 'skip': state = skipped(workflow, state, decision.position, now); break;
      case 'turn-back': state = turnedBack(workflow, state, decision.to, decision.fault, now); break;
      case 'run': return { state: began(state, decision.position, now, workflow.steps[decision.position]?.isPointOfNoReturn), act: { do: 'run', position: decision.position, deadline: decision.deadline }, reasons };
      case 'undo': return { state: undoBegan(state, decision.position, now), act: { do: 'undo', position: decision.position, deadline: decision.deadline }, reasons };
      case 'wait': return { state, act: { do: 'wait', until: decision.until }, reasons };
      case 'end': return { state: ended(state, decision.ending, now), act: { do: 'ended', ending: decision.ending }, reasons };
      case 'nothing': return { state, act: { do: 'nothing' }, reasons };
    }
  }
  throw new Error(`operation ${from.id} went round ${MAX_ROUNDS} times without anything to do: ${reasons.slice(-5).join('; ')}`);
}
