/** What the kernel says about processes. A pid alone is not an identity: numbers are used again, also after a reboot. */
import { readFileSync } from 'node:fs';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { isGone, parseStat, type ProcessStat } from '../../kernel/process-stat.ts';

export interface ProcessIdentity { pid: number; /** clock ticks since boot */ startTicks: number; bootId: string }
let bootIdCache: string | undefined;
export const bootId = (): string => (bootIdCache ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());

export async function statOf(pid: number): Promise<ProcessStat | undefined> {
  return parseStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));
}

export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return stat && { pid, startTicks: stat.startTicks, bootId: bootId() };
  } catch {
    return undefined;
  }
}

export async function isAlive(identity: ProcessIdentity | null): Promise<boolean> {
  if (!identity || identity.bootId !== bootId()) return false;
  const stat = await statOf(identity.pid);
  return stat?.startTicks === identity.startTicks && !isGone(stat);
}

/** False when it is gone already, or another process has its number now. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  return (await isAlive(identity)) && kill(identity.pid, signal);
}

export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

export async function allPids(): Promise<number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Real and effective user and its signal handlers; undefined when it is gone. */
export async function statusOf(pid: number): Promise<{ uids: number[]; caughtSignals: bigint } | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const uids = /^Uid:\s+(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/).map(Number);
  const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(text)?.[1];
  return uids && caught ? { uids, caughtSignals: BigInt(`0x${caught}`) } : undefined;
}

export const linkOf = (pid: number, name: 'cwd' | 'exe'): Promise<string> => readlink(`/proc/${pid}/${name}`).catch(() => '');
export const wordsOf = async (pid: number, name: 'cmdline' | 'environ'): Promise<string[]> =>
  (await readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')).split('\0');
