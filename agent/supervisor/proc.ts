/** Processes as /proc tells them. A pid alone may be somebody else's by now: pid, start time and boot name one process. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';

export interface ProcessStat { state: string; parent: number; /** 0: none */ terminal: number; startTime: string }

/** `pid (name) state ppid …`; the name may itself hold spaces and brackets. Start time is field 22. */
export function parseStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, terminal, startTime] = [fields[0], fields[1], fields[4], fields[19]];
  return state && parent && terminal && startTime ? { state, parent: Number(parent), terminal: Number(terminal), startTime } : undefined;
}

export function statOf(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** A zombie (its reaper is slow) holds nothing any more. */
export const isGone = (found: ProcessStat | undefined): boolean => !found || found.state === 'Z' || found.state === 'X';

export const isAlive = (pid: number, startTime: string): boolean => {
  const found = statOf(pid);
  return !isGone(found) && found?.startTime === startTime;
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
      return isGone(found) || found?.startTime !== startTime;
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
