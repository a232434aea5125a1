/** Processor time of processes, as the kernel counts it. It says more than requests a second while others use the machine too. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Linux counts in hundredths of a second (USER_HZ). */
const tickMs = 10;

async function statOf(pid: number): Promise<{ parent: number; cpuMs: number; childrenMs: number } | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  if (text === '') return null;
  // `pid (name) state ppid …`; the name may itself hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
  return { parent: fields[1]!, cpuMs: (fields[11]! + fields[12]!) * tickMs, childrenMs: (fields[13]! + fields[14]!) * tickMs };
}

export const cpuMsOf = async (pid: number): Promise<number> => (await statOf(pid))?.cpuMs ?? 0;

/** Of a server and of every process it has started. */
export async function cpuMsOfTree(pid: number): Promise<number> {
  const all = await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((name) => statOf(Number(name))));
  const own = await statOf(pid);
  return all.reduce((sum, stat) => sum + (stat?.parent === pid ? stat.cpuMs : 0), (own?.cpuMs ?? 0) + (own?.childrenMs ?? 0));
}

export const storePid = async (home: string): Promise<number> => Number((await readFile(join(home, 'store/data/postmaster.pid'), 'utf8')).split('\n')[0]);
