/**
 * What the kernel says about processes. A pid alone is not an identity: numbers are used again, also after a reboot. It
 * answers from its own memory: the detour over another thread takes far longer than the answer.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isGone, parseStat, type ProcessStat } from '../../kernel/process-stat.ts';

export interface ProcessIdentity { pid: number; /** clock ticks since boot */ startTicks: number; bootId: string }
let bootIdCache: string | undefined;
export const bootId = (): string => (bootIdCache ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());

export const statOf = (pid: number): ProcessStat | undefined => parseStat(read(() => readFileSync(`/proc/${pid}/stat`, 'utf8')));

/** Nothing where the process is gone, or somebody else's. */
function read(ask: () => string): string {
  try { return ask(); } catch { return ''; }
}

export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  return stat && { pid, startTicks: stat.startTicks, bootId: bootId() };
}

export function isAlive(identity: ProcessIdentity | null): boolean {
  if (!identity || identity.bootId !== bootId()) return false;
  const stat = statOf(identity.pid);
  return stat?.startTicks === identity.startTicks && !isGone(stat);
}

/** False when it is gone already, or another process has its number now. */
export const signalProcess = (identity: ProcessIdentity, signal: NodeJS.Signals): boolean => isAlive(identity) && kill(identity.pid, signal);

export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

export const allPids = (): number[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);

/** Real and effective user and its signal handlers; undefined when it is gone. */
export function statusOf(pid: number): { uids: number[]; caughtSignals: bigint } | undefined {
  const text = read(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  const uids = /^Uid:\s+(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/).map(Number);
  const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(text)?.[1];
  return uids && caught ? { uids, caughtSignals: BigInt(`0x${caught}`) } : undefined;
}

export const linkOf = (pid: number, name: 'cwd' | 'exe'): string => read(() => readlinkSync(`/proc/${pid}/${name}`));
/** Not at once, as all else here: these lie in the memory of the process, and while it is being given some they are waited for. */
export const wordsOf = async (pid: number, name: 'cmdline' | 'environ'): Promise<string[]> =>
  (await readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')).split('\0');
