import { join } from 'node:path';
import type { AgentBoot } from '../../kernel/guest-record.ts';
import type { EngineExit, EngineHandle } from '../../strategies/spi/guest.ts';
import type { StateKeeper } from '../state/agent-state.ts';
import type { EngineProcess } from './engine-process.ts';
import { killLeftovers } from './leftovers.ts';
import { ownPath } from './own-path.ts';
import { isAlive } from './proc.ts';
import { tailOf } from './log-tail.ts';
import { runTool } from './tool.ts';

/** What a plugin's method gets: the engine's process, and tools that end with the method's signal. */
export function createEngineHandle(parts: { boot: AgentBoot; engine: EngineProcess; state: StateKeeper; signal: AbortSignal }): EngineHandle {
  const { boot, engine, state, signal } = parts;
  /** Asked of the kernel: an exit is noticed a moment later. */
  const livePid = (): number | null => {
    const record = engine.record();
    return record && isAlive(record.pid, record.startTime) ? record.pid : null;
  };
  return {
    async start(spec) {
      const pid = livePid();
      if (pid !== null && !engine.isEnding()) return { pid, adopted: true };
      const running = engine.record();
      if (running) {
        // Gone and not noticed yet, or a stop that was called off half way: the process hears no second thought. One that
        // was told to end and goes on (a full disk keeps some from saving) is one to rely on again.
        if (!(await endsWithin(engine, signal, endingPatienceMs))) {
          engine.goesOn();
          return { pid: running.pid, adopted: true };
        }
        await killLeftovers(boot);
      }
      signal.throwIfAborted();
      const started = await engine.start(spec, (record) => state.update({ engine: record, startedWith: state.current().filesHold }));
      return { pid: started.pid, adopted: false };
    },
    pid: livePid,
    signal: (name) => engine.signal(name),
    exited: (until) => exitOf(engine, until),
    run: (tool) => runTool(boot, tool, signal),
    killLeftovers: () => killLeftovers(boot),
    async logTail(lines) {
      const log = engine.log() ?? state.current().engine;
      return log ? tailOf(join(boot.paths.logs, log.logFile), lines, log.logFrom) : [];
    },
    own: (path, mode) => ownPath(path, mode, boot.engineUid),
  };
}

/** How long a start waits for the end of an engine that was told to end. */
const endingPatienceMs = 5_000;

async function endsWithin(engine: EngineProcess, signal: AbortSignal, timeoutMs: number): Promise<boolean> {
  const late = AbortSignal.timeout(timeoutMs);
  try {
    await exitOf(engine, AbortSignal.any([signal, late]));
    return true;
  } catch (error) {
    if (late.aborted && !signal.aborted) return engine.record() === null;
    throw error;
  }
}

function exitOf(engine: EngineProcess, until: AbortSignal): Promise<EngineExit> {
  return new Promise((resolve, reject) => {
    if (!engine.record()) return resolve(engine.lastExit() ?? { code: null, signal: null, at: new Date().toISOString() });
    if (until.aborted) return reject(until.reason as Error);
    const onAbort = (): void => {
      stopListening();
      reject(until.reason as Error);
    };
    const stopListening = engine.onExit((exit) => {
      stopListening();
      until.removeEventListener('abort', onAbort);
      resolve(exit);
    });
    until.addEventListener('abort', onAbort, { once: true });
  });
}
