/**
 * The engine's main process: started detached in a session of its own with its output in a file (never a pipe of ours),
 * or adopted by pid and start time after a restart of the agent. An adopted process has no parent here to wait for it:
 * its exit is seen through a grip on its /proc entry.
 */
import { spawn } from 'node:child_process';
import { constants, fstatSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentBoot } from '../../kernel/guest-record.ts';
import { type EngineExit, type EngineSpec, GuestFault } from '../../strategies/spi/guest.ts';
import type { EngineRecord } from '../state/agent-state.ts';
import { tailOf } from './log-tail.ts';
import { bootId, gripProcess, isAlive, startTimeOf } from './proc.ts';
import { engineIdentity, runAs } from './run-as.ts';
import { engineEnvironment } from './tool.ts';

/** An exit is seen within this time; one read of a small file each. */
const watchMs = 50;

const endingSignals = new Set<NodeJS.Signals>(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGKILL']);

export type EngineLog = Pick<EngineRecord, 'logFile' | 'logFrom'>;
export type ExitListener = (exit: EngineExit, record: EngineRecord) => void;

export interface EngineProcess {
  record(): EngineRecord | null;
  /** Of the process that was started or adopted last, though it could not be started; null before there was one. */
  log(): EngineLog | null;
  /** Starts it. The record is told before anything else may go wrong. */
  start(spec: EngineSpec, onStarted: (record: EngineRecord) => Promise<void>): Promise<EngineRecord>;
  /** True when the recorded process is alive and now watched. */
  adopt(record: EngineRecord): boolean;
  signal(name: NodeJS.Signals): Promise<void>;
  /** The process that runs was told to end: it is not one to rely on. */
  isEnding(): boolean;
  /** It was told to end and did not. */
  goesOn(): void;
  /** Returns how to stop listening. */
  onExit(listener: ExitListener): () => void;
  /** The latest exit that was seen. */
  lastExit(): EngineExit | null;
  /** Stops watching; the engine goes on. */
  release(): void;
}

export function createEngineProcess(boot: AgentBoot, now: () => number): EngineProcess {
  let current: EngineRecord | null = null;
  let last: EngineExit | null = null;
  let log: EngineLog | null = null;
  let isEnding = false;
  let unwatch = (): void => undefined;
  const listeners = new Set<ExitListener>();

  const ended = (record: EngineRecord, code: number | null, signal: string | null): void => {
    if (current?.pid !== record.pid || current.startTime !== record.startTime) return;
    unwatch();
    current = null;
    const exit = { code, signal, at: new Date(now()).toISOString() };
    last = exit;
    for (const listener of [...listeners]) listener(exit, record);
    // Not earlier: those who hear of the exit ask whether it was asked for.
    if (current === null) isEnding = false;
  };
  const watch = (record: EngineRecord): boolean => {
    const grip = gripProcess(record.pid, record.startTime);
    if (!grip || grip.isGone()) {
      grip?.release();
      return false;
    }
    current = record;
    log = record;
    const timer = setInterval(() => grip.isGone() && ended(record, null, null), watchMs);
    unwatch = () => {
      clearInterval(timer);
      grip.release();
    };
    return true;
  };

  return {
    record: () => current,
    log: () => log,
    lastExit: () => last,
    isEnding: () => isEnding,
    goesOn: () => { isEnding = false; },
    onExit(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    release: () => unwatch(),
    adopt: (record) => record.bootId === bootId() && isAlive(record.pid, record.startTime) && watch(record),
    async start(spec, onStarted) {
      const path = join(boot.paths.logs, spec.logFile);
      // The folder is the engine's: a link put there leads nowhere.
      const output = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW, 0o600);
      const mark = { logFile: spec.logFile, logFrom: fstatSync(output.fd).size };
      log = mark;
      const child = await spawnEngine(boot, spec, output);
      const pid = child.pid;
      const startTime = pid === undefined ? undefined : startTimeOf(pid);
      if (pid === undefined || !startTime) throw new GuestFault('FAILED_TO_START', `${spec.command} ended at once; the end of its log: ${(await tailOf(path, 1, mark.logFrom)).join('') || 'nothing'}`);
      const record = { pid, startTime, bootId: bootId(), ...mark };
      current = record;
      isEnding = false;
      child.once('exit', (code, signal) => ended(record, code, signal));
      await onStarted(record);
      return record;
    },
    async signal(name) {
      if (!current) return;
      if (endingSignals.has(name)) isEnding = true;
      try {
        process.kill(current.pid, name);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ESRCH') return;
        if (code !== 'EPERM') throw error;
        // An engine from before the agent's restart lives in the older user namespace: only its own user may signal it.
        await runAs(boot, `kill -${name.slice(3)} ${current.pid}`);
      }
    },
  };
}

/** The file is closed when it is done. */
async function spawnEngine(boot: AgentBoot, spec: EngineSpec, file: FileHandle): Promise<ReturnType<typeof spawn>> {
  await using output = file;
  if (boot.engineUid !== null) await output.chown(boot.engineUid, boot.engineUid);
  const child = spawn(spec.command, [...spec.args], {
    ...engineIdentity(boot), detached: true, cwd: spec.cwd ?? join(boot.paths.volume, 'data'),
    env: engineEnvironment(boot.instanceId, spec.env), stdio: ['ignore', output.fd, output.fd],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new GuestFault('FAILED_TO_START', `${spec.command} could not be started: ${error.message}`, { cause: error })));
  });
  child.unref();
  return child;
}
