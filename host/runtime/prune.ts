import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { allPids, linkOf, wordsOf } from '../../compute/processes/proc.ts';

/** Removes runtimes that nothing runs from any more; `kept` is ours. */
export async function pruneRuntimes(runtimes: string, kept: string): Promise<string[]> {
  const candidates = (await readdir(runtimes)).map((name) => join(runtimes, name)).filter((folder) => folder !== kept);
  if (candidates.length === 0) return [];
  const used = await programsInUse();
  const unused = candidates.filter((folder) => !used.some((path) => path.startsWith(`${folder}/`)));
  for (const folder of unused) await rm(folder, { recursive: true, force: true });
  return unused;
}

async function programsInUse(): Promise<string[]> {
  const used: string[] = [];
  for (const pid of allPids()) {
    const words = await wordsOf(pid, 'cmdline');
    used.push(linkOf(pid, 'exe'), ...words);
  }
  return used;
}
