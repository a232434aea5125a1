/**
 * Keeps log files bounded. Engines hold theirs open, so a file is copied and then emptied: with O_APPEND, as the agent
 * opens them, writing goes on at the new end. Lines written between the two are lost; that is the price.
 */
import { copyFile, open, readdir, readFile, readlink, rename, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';

export const rotationLimits = { fileBytes: 16 << 20, kept: 3, everyMs: 10_000 } as const;

export interface LogRotation { begin(): void; end(): void }

export function createLogRotation(folder: string, own: (path: string, mode: number) => Promise<void>, onError: (error: Error) => void): LogRotation {
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const turn = async (): Promise<void> => {
    await rotateFolder(folder, own).catch(onError);
    await rotateOwnOutput().catch(onError);
    if (!hasEnded) timer = setTimeout(() => void turn(), rotationLimits.everyMs);
  };
  return {
    begin: () => void turn(),
    end() {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
}

export async function rotateFolder(folder: string, own: (path: string, mode: number) => Promise<void>, limitBytes: number = rotationLimits.fileBytes): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !/\.\d+$/.test(name));
  for (const name of names) {
    const path = join(folder, name);
    const found = await stat(path);
    if (found.isFile() && found.size > limitBytes) await rotateFile(path, own);
  }
}

async function rotateFile(path: string, own: (path: string, mode: number) => Promise<void>): Promise<void> {
  for (let index = rotationLimits.kept - 1; index >= 1; index--) await rename(`${path}.${index}`, `${path}.${index + 1}`).catch(ignoreMissing);
  await copyFile(path, `${path}.1`).catch(async (error: NodeJS.ErrnoException) => {
    // No room for a copy: what is gained by emptying it matters more.
    if (error.code === 'ENOSPC') return truncate(`${path}.1`, 0).catch(ignoreMissing);
    throw error;
  });
  await own(`${path}.1`, 0o600).catch(ignoreMissing);
  await truncate(path, 0);
}

/** The agent's own output, where it is a file opened for appending. */
async function rotateOwnOutput(): Promise<void> {
  const path = await readlink('/proc/self/fd/1');
  if (!path.startsWith('/') || path.startsWith('/dev/')) return;
  const flags = /^flags:\s*(\d+)/m.exec(await readFile('/proc/self/fdinfo/1', 'utf8'))?.[1];
  if (flags === undefined || (Number.parseInt(flags, 8) & appendFlag) === 0) return;
  await using file = await open(path, 'r');
  if ((await file.stat()).size > rotationLimits.fileBytes) await rotateFile(path, async () => undefined);
}
const appendFlag = 0o2000;

const ignoreMissing = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'ENOENT') throw error;
};
