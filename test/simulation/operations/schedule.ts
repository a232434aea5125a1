/**
 * One schedule: operations on a few subjects, workers that die, hang and come back, calls that are late or doubled,
 * cancels, retries and pre-emptions at any moment; then calm, in which everything must come to its end.
 */
import type { OperationState } from '../../../gateway/operations/state.ts';
import { hasEnded, needsRetry } from './facts.ts';
import { defineWorkflow, type AnyWorkflow } from '../../../gateway/operations/workflow.ts';
import { createClock } from '../clock.ts';
import { createRandom, type Random } from '../random.ts';
import { createModelAgent } from './agent.ts';
import { checkAlways, checkAtEnd, type Violation } from './invariants.ts';
import { createModelStore } from './store.ts';
import { createModelWorker, type ModelWorker, type Plan, type WorkerWorld } from './worker.ts';

export interface ScheduleResult { seed: number; violations: Violation[]; operations: number; states: Record<string, number>; takeovers: number; preemptions: number }

const TROUBLE_MS = 20_000;
const LEASE_MS = 1_500;
const MAX_EVENTS = 400_000;

function workflows(random: Random): AnyWorkflow[] {
  const retry = { attempts: 3, firstDelayMs: 40, maxDelayMs: 1_500 };
  const step = (name: string, undoable: boolean) => ({
    name, title: name, weight: random.int(1, 4), timeoutMs: random.int(400, 3_000), retry, run: async () => {}, ...(undoable ? { compensate: async () => {} } : {}),
    applies: (input: { skip?: string }) => input.skip !== name,
  });
  return [0, 1, 2].map((n) => defineWorkflow<{ skip?: string }>({
    kind: `sim.${n}`, version: 1, cancellable: n !== 2, retryable: n !== 1, timeoutMs: random.int(800, 12_000),
    steps: Array.from({ length: random.int(1, 6) }, (_, i) => step(`s${i}`, true)),
  }) as AnyWorkflow);
}

/** The same question has the same answer, whoever asks and however often. */
function createPlan(seed: number): Plan {
  return {
    outcomeOf(operation, name, direction, attempt) {
      const text = `${seed}/${operation}/${name}/${direction}`;
      let hash = 7;
      for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) >>> 0;
      const luck = createRandom(hash);
      const character = luck.next();
      if (direction === 'undo') return character < 0.15 && attempt <= 2 ? 'fails' : 'works';
      if (character < 0.05) return 'fails for good';
      if (character < 0.09) return 'hangs';
      return character < 0.25 && attempt <= luck.int(1, 5) ? 'fails' : 'works';
    },
  };
}

export function runOperationsSchedule(seed: number): ScheduleResult {
  const random = createRandom(seed);
  const clock = createClock(MAX_EVENTS);
  const kinds = workflows(random);
  const workflowOf = (state: OperationState): AnyWorkflow => kinds.find((w) => w.kind === state.kind)!;
  const store = createModelStore(workflowOf);
  const agent = createModelAgent();
  const world: WorkerWorld = { clock, random, store, agent, plan: createPlan(seed), leaseMs: LEASE_MS, workflowOf, isCalm: () => clock.now() >= TROUBLE_MS };
  const violations: Violation[] = [];
  const workers: ModelWorker[] = [];
  let bornWorkers = 0;
  let acceptedOperations = 0;
  const bear = (): void => { workers.push(createModelWorker(world, `w${bornWorkers++}`)); };
  const subjects = ['a', 'b', 'c'];

  function arrive(): void {
    const shared = random.chance(0.2);
    const own = random.pick(subjects);
    const others = random.chance(0.15) ? [random.pick(subjects)] : [];
    store.accept(random.pick(kinds), {
      id: `op${acceptedOperations++}`, subjects: [own, ...others.filter((s) => s !== own)], mode: shared ? 'SHARED' : 'EXCLUSIVE', preempt: !shared && random.chance(0.25),
      input: random.chance(0.2) ? { skip: 's1' } : {},
    }, clock.now());
  }
  function meddle(): void {
    const one = random.pick([...store.rows.keys()]);
    if (one === undefined) return;
    if (random.chance(0.6)) store.cancel(one, clock.now());
    else store.retry(one, clock.now());
  }
  function trouble(): void {
    const worker = random.pick(workers.filter((w) => !w.isDead()));
    const kind = random.next();
    if (worker && kind < 0.35) {
      worker.die();
      clock.after(random.int(0, 2_500), bear);
    } else if (worker && kind < 0.75) worker.pause(random.int(100, 2 * LEASE_MS));
    else if (worker && kind < 0.85) {
      worker.stop();
      clock.after(random.int(0, 1_000), bear);
    }
  }

  bear();
  bear();
  for (let i = random.int(3, 9); i > 0; i--) clock.at(random.int(0, TROUBLE_MS), arrive);
  for (let i = random.int(0, 5); i > 0; i--) clock.at(random.int(0, TROUBLE_MS), meddle);
  for (let i = random.int(0, 9); i > 0; i--) clock.at(random.int(0, TROUBLE_MS), trouble);
  for (let at = 0; at < TROUBLE_MS; at += 250) clock.at(at, () => checkAlways(store, violations, clock.now()));
  try {
    clock.runUntil(TROUBLE_MS);
    bear();
    const longest = Math.max(...kinds.map((w) => w.timeoutMs));
    clock.runUntil(TROUBLE_MS + 3 * longest + 4 * LEASE_MS + 5_000);
  } catch (error) {
    violations.push({ rule: 'the simulation comes to an end', what: (error as Error).message, at: clock.now() });
  }
  checkAlways(store, violations, clock.now());
  checkAtEnd(store, agent, workflowOf, violations, clock.now());
  const rows = [...store.rows.values()];
  const states: Record<string, number> = {};
  for (const row of rows) states[row.state] = (states[row.state] ?? 0) + 1;
  return {
    seed, violations, operations: rows.length, states, takeovers: rows.filter((r) => r.interruptions > 0 || needsRetry(r)).length,
    preemptions: rows.filter((r) => hasEnded(r) && r.fault?.code === 'OPERATION.PREEMPTED').length,
  };
}
