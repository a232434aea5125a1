/**
 * A worker as run-operation.ts is one: claim, decide (the engine's own `advance`), write under proof, act, and again.
 * It can die, be stopped for any time and continue as a zombie, lose answers of the store, and be told to stop.
 */
import { advance, type Act } from '../../../gateway/operations/advance.ts';
import type { OperationState } from '../../../gateway/operations/state.ts';
import { failed, parked, progressed, released, resumed, succeeded, undoFailed, undone } from '../../../gateway/operations/transitions.ts';
import type { AnyWorkflow } from '../../../gateway/operations/workflow.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { ModelAgent } from './agent.ts';
import type { ModelStore } from './store.ts';

export interface Plan {
  /** how a call to the world goes, decided once for each */
  outcomeOf(operation: string, step: string, direction: 'do' | 'undo', attempt: number): 'works' | 'fails' | 'fails for good' | 'hangs';
}
export interface WorkerWorld {
  clock: Clock; random: Random; store: ModelStore; agent: ModelAgent; plan: Plan; leaseMs: number;
  workflowOf(state: OperationState): AnyWorkflow;
  /** no trouble any more: everything is to come to its end */
  isCalm(): boolean;
}
export interface ModelWorker { die(): void; pause(forMs: number): void; stop(): void; isDead(): boolean }

interface Held { state: OperationState; until: number; isLost: boolean }
const WAIT_HERE_MS = 1_000;

export function createModelWorker(world: WorkerWorld, id: string): ModelWorker {
  const { clock, random, store, agent, leaseMs } = world;
  const held = new Map<string, Held>();
  let isDead = false;
  let isStopping = false;
  let pausedUntil = 0;

  /** What this process does happens when it is not stopped, and not at all once it is dead. */
  const soon = (delayMs: number, act: () => void): void => {
    const run = (): void => {
      if (isDead) return;
      if (clock.now() < pausedUntil) return clock.at(pausedUntil, run);
      act();
    };
    clock.after(delayMs, run);
  };
  const latency = (): number => (random.chance(0.03) && !world.isCalm() ? random.int(50, 3_000) : random.int(0, 12));

  function poll(): void {
    if (isStopping) return;
    for (const state of store.claim(id, 3 - held.size, clock.now(), leaseMs)) {
      const mine: Held = { state, until: clock.now() + leaseMs, isLost: false };
      held.set(state.id, mine);
      step(mine, (s) => resumed(s, clock.now()));
    }
    soon(random.int(80, 160), poll);
  }
  function renew(): void {
    for (const mine of held.values()) {
      const row = store.renew(mine.state.id, mine.state.attempt, id, clock.now(), leaseMs);
      if (row) mine.until = clock.now() + leaseMs;
      if (row ? row.version > mine.state.version : true) refresh(mine);
    }
    soon(leaseMs / 3, renew);
  }
  function watch(): void {
    for (const mine of [...held.values()]) if (clock.now() >= mine.until) lose(mine);
    soon(leaseMs / 10, watch);
  }
  function lose(mine: Held): void {
    mine.isLost = true;
    if (held.get(mine.state.id) === mine) held.delete(mine.state.id);
  }
  function refresh(mine: Held): void {
    const row = store.rows.get(mine.state.id)!;
    if (row.attempt !== mine.state.attempt || row.lease?.owner !== id) return lose(mine);
    mine.state = row;
  }

  /** Decides now, writes a moment later: anything may happen in between. */
  function step(mine: Held, outcome: (state: OperationState) => OperationState): void {
    soon(random.int(0, 4), () => {
      if (mine.isLost) return;
      const before = mine.state;
      const next = advance(world.workflowOf(before), outcome(before), clock.now());
      soon(latency(), () => {
        if (mine.isLost && !random.chance(0.5)) return;
        if (!store.write(before, next.state)) {
          refresh(mine);
          return mine.isLost ? undefined : step(mine, outcome);
        }
        const row = store.rows.get(before.id)!;
        // The answer to a commit may be lost; the version tells that it happened.
        const follow = (): void => {
          const fresh = store.rows.get(before.id)!;
          if (fresh.attempt !== next.state.attempt || fresh.lease?.owner !== next.state.lease?.owner) return lose(mine);
          mine.state = fresh.version === row.version ? row : fresh;
          perform(mine, next.act);
        };
        if (random.chance(0.02) && !world.isCalm()) soon(random.int(100, 500), follow);
        else follow();
      });
    });
  }

  function perform(mine: Held, act: Act): void {
    if (act.do === 'ended' || act.do === 'nothing') return lose(mine);
    if (isStopping) return giveBack(mine);
    if (act.do === 'wait') {
      if (act.until - clock.now() <= WAIT_HERE_MS) return soon(act.until - clock.now(), () => step(mine, (s) => s));
      if (store.write(mine.state, mine.state.state === 'CANCELLING' && !mine.state.undo ? released(mine.state, clock.now()) : parked(mine.state, act.until))) return lose(mine);
      refresh(mine);
      return mine.isLost ? undefined : step(mine, (s) => s);
    }
    callWorld(mine, act);
  }

  function callWorld(mine: Held, act: Extract<Act, { do: 'run' | 'undo' }>): void {
    const { state } = mine;
    const workflow = world.workflowOf(state);
    const { position } = act;
    const name = workflow.steps[position]!.name;
    const direction = act.do === 'run' ? 'do' : 'undo';
    const journal = state.steps[position]!;
    const how = world.plan.outcomeOf(state.id, name, direction, direction === 'do' ? journal.attempts : journal.undoFailures + 1);
    const call = { subject: state.subjectId, operation: state.id, step: name, direction, fence: { generation: 1, epoch: state.epoch, attempt: state.attempt } } as const;
    let isOver = false;
    const outcome = (apply: (s: OperationState) => OperationState): void => {
      if (isOver || mine.isLost) return;
      isOver = true;
      step(mine, apply);
    };
    const fail = (isFinal: boolean, message: string) => (s: OperationState): OperationState =>
      (direction === 'do' ? failed : undoFailed)(workflow, s, position, { code: 'SIM', message, isFinal }, clock.now(), random.next());
    soon(act.deadline - clock.now() + 5, () => outcome(fail(false, 'time is up')));
    if (direction === 'do' && random.chance(0.3)) {
      soon(random.int(1, 50), () => {
        if (mine.isLost || isOver || mine.state.version !== state.version) return;
        const next = progressed(workflow, mine.state, position, random.next(), 'on its way');
        if (store.write(mine.state, next)) mine.state = store.rows.get(state.id)!;
        else refresh(mine);
      });
    }
    // The network: a call may be late, come twice, and its answer may be lost. It arrives even when its sender is dead.
    const deliveries = random.chance(0.06) && !world.isCalm() ? 2 : 1;
    for (let i = 0; i < deliveries; i++) {
      clock.after(latency() + (i > 0 ? random.int(0, 4_000) : 0), () => {
        // What hangs or fails may have had its effect all the same.
        const answer = how === 'works' || random.chance(0.5) ? agent.call(call, clock.now()) : 'done';
        soon(latency(), () => {
          if (answer === 'refused') return outcome(fail(true, 'refused by the fence'));
          if (how === 'works') return outcome((s) => (direction === 'do' ? succeeded(workflow, s, position, { made: name }, clock.now()) : undone(s, position, clock.now())));
          if (how !== 'hangs') outcome(fail(how === 'fails for good', how));
        });
      });
    }
    // A cancel is noticed by the one who holds it.
    const listen = (): void => {
      if (isOver || mine.isLost || direction === 'undo') return;
      if (mine.state.state === 'CANCELLING' && mine.state.undo === null) return outcome(fail(false, 'cancelled'));
      soon(30, listen);
    };
    listen();
  }

  function giveBack(mine: Held): void {
    const before = mine.state;
    if (!store.write(before, released(before, clock.now()))) {
      refresh(mine);
      if (!mine.isLost) return giveBack(mine);
    }
    lose(mine);
  }

  poll();
  renew();
  watch();
  return {
    isDead: () => isDead,
    die: () => { isDead = true; },
    pause: (forMs) => { pausedUntil = Math.max(pausedUntil, clock.now() + forMs); },
    stop() {
      isStopping = true;
      soon(0, () => { for (const mine of [...held.values()]) giveBack(mine); });
      soon(10_000, () => { isDead = true; });
    },
  };
}
