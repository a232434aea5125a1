/**
 * Keeps the engine in the wanted run state, with nobody's help: adopts it after a restart of the agent, starts it after a
 * reboot, starts it again with backoff when it ends by itself, and looks at it every second. It decides by
 * `decideSupervision` whenever something changed; a command that itself changes the run state holds it back meanwhile.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { SafeStart } from '../configuration/safe-start.ts';
import type { EngineExit, GuestHalf, Probe } from '../../strategies/spi/guest.ts';
import type { GuestTimeouts } from '../../strategies/spi/manifest.ts';
import type { StateKeeper } from '../state/agent-state.ts';
import { type ContextFactory, ownFrame } from './context.ts';
import { createCrashTracker } from './crash-tracker.ts';
import { decideSupervision } from './decide-supervision.ts';
import type { EngineProcess } from './engine-process.ts';
import { beginTask, type EngineTaskParts, type RunningTask, startEngine, stopEngine } from './engine-tasks.ts';
import { describeExit } from './fault-text.ts';
import { createHealthTracker, type Health } from './health.ts';
import { createProber } from './prober.ts';

/** Between the end of supervision's own start or stop and its next thought. */
const breathMs = 20;

export interface Supervisor {
  /** Adopts a running engine and applies the wanted state. */
  begin(): void;
  health(): Health;
  onChange(listener: () => void): void;
  probe(): Promise<{ probe: Probe; latencyMs: number }>;
  /** Supervision keeps its hands off while a command changes the run state; its own start is aborted first. `command` names it in reports. */
  own<T>(work: () => Promise<T>, command: string): Promise<T>;
  /** The latest command that changed the run state and has ended; what `health` tells was seen after it. Empty before the first. */
  lastCommand(): string;
  /** Durable before it resolves; ends a hold. */
  want(wanted: 'RUNNING' | 'STOPPED'): Promise<void>;
  /** The plugin's `start` has returned on request: counts begin anew. */
  started(): Promise<void>;
  /** Engine down until released, the wanted state unchanged. */
  hold(reason: string): void;
  release(): void;
  /** Orderly, the wanted state unchanged; nothing is started afterwards. */
  stopForGood(): Promise<void>;
  /** Leaves the engine alone. */
  end(): void;
}

export interface SupervisorParts {
  guest: GuestHalf; timeouts: GuestTimeouts; engine: EngineProcess; state: StateKeeper; context: ContextFactory; startSafely: SafeStart; clock: Clock; log: Log;
  /** from before a restart of the agent */
  lastCommand: string;
}

export function createSupervisor(parts: SupervisorParts): Supervisor {
  const { guest, timeouts, engine, state, context, startSafely, clock, log } = parts;
  const listeners: (() => void)[] = [];
  const crashes = createCrashTracker(state, clock, log);
  const health = createHealthTracker(clock);
  let held: string | null = null;
  let hasEnded = false;
  /** commands at work that change the run state */
  let owners = 0;
  /** there was no engine when it began, or there has been none since */
  let isOwnerFresh = false;
  let task: RunningTask | null = null;
  /** the engine went away while supervision's own start or stop was at work: counted then */
  let endedDuringTask = false;
  let isStartComplete = false;
  let timer: NodeJS.Timeout | undefined;
  let lastCommand = parts.lastCommand;

  const changed = (): void => listeners.forEach((listener) => listener());
  const isAlive = (): boolean => engine.record() !== null;

  const prober = createProber({
    look: (signal) => guest.probe(context({ ...ownFrame('probe', timeouts.probeMs), signal })),
    shouldLook: () => isAlive() && state.current().prepared,
    timeoutMs: timeouts.probeMs,
    onProbe(probe) {
      if (!isAlive()) return;
      health.take(probe);
      if (probe.state === 'ok') crashes.answered();
      changed();
    },
  });

  const taskParts: EngineTaskParts = {
    guest, timeouts, context, startSafely, log, isAlive,
    onStartFailed: (fault) => (isAlive() || endedDuringTask ? crashes.explain(fault) : crashes.count(fault)),
  };
  engine.onExit((exit: EngineExit) => {
    isStartComplete = false;
    endedDuringTask = true;
    isOwnerFresh = true;
    if (task) task.isFresh = true;
    health.forget();
    const isExpected = owners > 0 || task?.kind === 'stop' || hasEnded || engine.isEnding();
    log[isExpected ? 'info' : 'error']({ code: exit.code, signal: exit.signal }, isExpected ? 'the engine ended' : 'the engine ended unexpectedly');
    if (!isExpected) crashes.count(`${describeExit(exit)}; it is started again`);
    changed();
    reconsider();
  });

  const begin = (kind: 'start' | 'stop', work: (signal: AbortSignal) => Promise<void>): void => {
    endedDuringTask = false;
    task = beginTask(kind, !isAlive(), work, log, () => {
      task = null;
      changed();
      // Later, and not at once: a stop that finds no process has ended before the exit could be noticed, and would be begun
      // again and again with no turn left for anything else.
      clearTimeout(timer);
      if (!hasEnded) timer = setTimeout(reconsider, breathMs);
    });
    changed();
  };
  const start = async (signal: AbortSignal): Promise<void> => {
    await startEngine(taskParts, signal);
    isStartComplete = isAlive();
    if (isStartComplete) await prober.now();
  };

  function reconsider(): void {
    clearTimeout(timer);
    if (hasEnded) return;
    const { prepared, wanted } = state.current();
    const action = decideSupervision({
      prepared, wanted, held, isBusy: owners > 0 || task !== null, isAlive: isAlive(), isStartComplete: isStartComplete && !engine.isEnding(),
      nextStartAtMs: crashes.nextStartAtMs(), nowMs: clock.now(),
    });
    if (action.do === 'stop') begin('stop', (signal) => stopEngine(taskParts, signal));
    else if (action.do === 'start' && action.inMs === 0) begin('start', start);
    else if (action.do === 'start') timer = setTimeout(reconsider, action.inMs);
  }

  const takeOver = async (): Promise<void> => {
    clearTimeout(timer);
    task?.abort(new Error('A command took over'));
    await task?.done;
  };

  const view = (): Health => {
    const { prepared, wanted, crashes: count } = state.current();
    const isStarting = !isStartComplete && ((owners > 0 && isOwnerFresh) || (task?.kind === 'start' && task.isFresh));
    return health.view({
      prepared, wanted, held, isAlive: isAlive(), isStarting, isCrashLoop: crashes.isLoop(), lastFault: crashes.lastFault(), crashes: count,
    });
  };

  return {
    begin() {
      const known = state.current().engine;
      if (known && engine.adopt(known)) log.info({ pid: known.pid }, 'the running engine was adopted');
      prober.start();
      reconsider();
    },
    health: view,
    lastCommand: () => lastCommand,
    onChange: (listener) => void listeners.push(listener),
    async probe() {
      if (isAlive()) return prober.now();
      const { state: found, detail } = view();
      return { probe: { state: found === 'starting' ? 'starting' : 'down', detail, version: health.version(), managementLost: false }, latencyMs: 0 };
    },
    async own(work, command) {
      owners++;
      try {
        await takeOver();
        isOwnerFresh = !isAlive();
        return await work();
      } catch (error) {
        if (!isAlive()) crashes.defer((error as Error).message);
        throw error;
      } finally {
        owners--;
        lastCommand = command;
        changed();
        reconsider();
      }
    },
    async want(wanted) {
      held = null;
      if (state.current().wanted !== wanted) await state.update({ wanted });
      changed();
    },
    async started() {
      isStartComplete = isAlive();
      await crashes.reset();
      if (isAlive()) await prober.now();
    },
    hold(reason) {
      // Told again and again while it lasts: a stop that is under way must come to its end.
      if (task?.kind === 'start') task.abort(new Error(reason));
      if (held === reason) return;
      held = reason;
      changed();
      reconsider();
    },
    release() {
      held = null;
      changed();
      reconsider();
    },
    async stopForGood() {
      hasEnded = true;
      await takeOver();
      if (isAlive()) await stopEngine(taskParts, new AbortController().signal);
    },
    end() {
      hasEnded = true;
      clearTimeout(timer);
      prober.stop();
      engine.release();
    },
  };
}
