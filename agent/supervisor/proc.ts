/** Processes as /proc tells them. A pid alone may be somebody else's by now: pid, start time and boot name one process. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { isGone, parseStat, type ProcessStat } from '../../kernel/process-stat.ts';

export function statOf(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** As it stands in records on disk. */
export const startTimeOf = (pid: number): string | undefined => statOf(pid)?.startTicks.toString();

export const isAlive = (pid: number, startTime: string): boolean => {
  const found = statOf(pid);
  return !isGone(found) && String(found?.startTicks) === startTime;
};

let knownBootId: string | undefined;
export const bootId = (): string => (knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());

/** A grip on one process: the file stays that process's even when its number is given to another. */
export interface ProcessGrip { isGone(): boolean; release(): void }

export function gripProcess(pid: number, startTime: string): ProcessGrip | undefined {
  let file: number;
  try {
    file = openSync(`/proc/${pid}/stat`, 'r');
  } catch {
    return undefined;
  }
  const buffer = Buffer.alloc(512);
  const look = (): boolean => {
    try {
      const found = parseStat(buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0)));
      return isGone(found) || String(found?.startTicks) !== startTime;
    } catch {
      return true;
    }
  };
  let isReleased = false;
  return {
    isGone: () => isReleased || look(),
    release() {
      if (!isReleased) closeSync(file);
      isReleased = true;
    },
  };
}

export interface ProcessFacts { pid: number; uid: number; parent: number; terminal: number; environment: string; workingFolder: string; program: string }

/** Every process that this one may look at; what may not be read is empty. */
export async function listProcesses(): Promise<ProcessFacts[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(readFacts));
  return found.filter((facts) => facts !== undefined);
}

async function readFacts(pid: number): Promise<ProcessFacts | undefined> {
  const known = statOf(pid);
  if (isGone(known) || !known) return undefined;
  try {
    const [{ uid }, environment, workingFolder, program] = await Promise.all([
      stat(`/proc/${pid}`),
      readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
      readlink(`/proc/${pid}/exe`).catch(() => ''),
    ]);
    return { pid, uid, parent: known.parent, terminal: known.terminal, environment, workingFolder, program };
  } catch {
    return undefined;
  }
}
