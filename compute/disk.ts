import { lstat, opendir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

export interface DiskSpace { totalBytes: number; freeBytes: number }
export async function diskSpace(folder: string): Promise<DiskSpace> {
  const found = await statfs(folder);
  return { totalBytes: found.blocks * found.bsize, freeBytes: found.bavail * found.bsize };
}

const entriesLimit = 200_000;

/** Bytes on disk below a folder; links are counted, not followed. Stops counting beyond `enoughBytes`. */
export async function usedBytes(folder: string, enoughBytes: number, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  let entries = 0;
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined && bytes <= enoughBytes && entries < entriesLimit; next = folders.pop()) {
    signal.throwIfAborted();
    const listing = await opendir(next).catch(() => null);
    if (!listing) continue; // gone since
    for await (const entry of listing) {
      entries += 1;
      const path = join(next, entry.name);
      bytes += ((await lstat(path).catch(() => null))?.blocks ?? 0) * 512;
      if (entry.isDirectory()) folders.push(path);
    }
  }
  return bytes;
}
