/** Processes as /proc tells them. A pid alone may be somebody else's by now: pid, start time and boot name one process. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isGone, parseStat, type ProcessStat } from '../../kernel/process-stat.ts';

export const statOf = (pid: number): ProcessStat | undefined => attempt(() => parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')));

/** Nothing where the process is gone, or somebody else's. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
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
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(readFacts));
  return found.filter((facts) => facts !== undefined);
}

async function readFacts(pid: number): Promise<ProcessFacts | undefined> {
  const known = statOf(pid);
  if (isGone(known) || !known) return undefined;
  const uid = attempt(() => statSync(`/proc/${pid}`).uid);
  if (uid === undefined) return undefined;
  const [workingFolder = '', program = ''] = (['cwd', 'exe'] as const).map((name) => attempt(() => readlinkSync(`/proc/${pid}/${name}`)));
  // Who shows no program shows no environment either: the kernel, other users. It lies in the memory of its process and may be waited for.
  const environment = program === '' ? '' : await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return { pid, uid, parent: known.parent, terminal: known.terminal, environment, workingFolder, program };
}
