import { readFile } from 'node:fs/promises';

export interface Memory { rssMib: number; /** what only this process holds */ privateMib: number }

/** From the kernel's own account of the process. */
export async function memoryOf(pid: number): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { rssMib: kib('Rss') / 1024, privateMib: (kib('Private_Clean') + kib('Private_Dirty')) / 1024 };
}
