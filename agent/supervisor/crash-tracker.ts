import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { StateKeeper } from '../state/agent-state.ts';
import { decideRestart, rememberCrash } from './restart-policy.ts';

/** After a command that did not get the engine up: time for whoever sent it to say something else. */
const afterCommandMs = 1_000;

/** Remembers why the engine went down and when it may be started again; survives a restart of the agent. */
export interface CrashTracker {
  isLoop(): boolean;
  nextStartAtMs(): number;
  lastFault(): string | null;
  count(fault: string): void;
  /** the words of a fault that is counted already, or that did not end the engine */
  explain(fault: string): void;
  /** a command failed to get it up */
  defer(fault: string): void;
  answered(): void;
  /** started on request: counts begin anew */
  reset(): Promise<void>;
}

export function createCrashTracker(state: StateKeeper, clock: Clock, log: Log): CrashTracker {
  let isLoop = decideRestart(state.current().crashTimesMs, clock.now()).isCrashLoop;
  let nextStartAtMs = 0;
  let lastFault: string | null = null;
  return {
    isLoop: () => isLoop,
    nextStartAtMs: () => nextStartAtMs,
    lastFault: () => lastFault,
    count(fault) {
      const crashTimesMs = rememberCrash(state.current().crashTimesMs, clock.now());
      const decision = decideRestart(crashTimesMs, clock.now());
      isLoop = decision.isCrashLoop;
      nextStartAtMs = clock.now() + decision.delayMs;
      lastFault = fault;
      // Told first, recorded after: whoever waits for the news need not wait for the disk.
      const recorded = state.update({ crashes: state.current().crashes + 1, crashTimesMs });
      recorded.catch((error: Error) => log.error({ reason: error.message }, 'a crash could not be recorded'));
    },
    explain(fault) {
      lastFault = fault;
      nextStartAtMs = Math.max(nextStartAtMs, clock.now() + afterCommandMs);
    },
    defer(fault) {
      lastFault = fault;
      nextStartAtMs = clock.now() + afterCommandMs;
    },
    answered() {
      lastFault = null;
    },
    async reset() {
      [isLoop, lastFault, nextStartAtMs] = [false, null, 0];
      const { crashes, crashTimesMs } = state.current();
      if (crashes > 0 || crashTimesMs.length > 0) await state.update({ crashes: 0, crashTimesMs: [] });
    },
  };
}
