/**
 * Keeps log files bounded. Engines hold theirs open, so a file is copied and then emptied: with O_APPEND, as the agent
 * opens them, writing goes on at the new end. Lines written between the two are lost; that is the price. The folder is
 * the engine's own, so a link in it is never followed.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export const rotationLimits = { fileBytes: 16 << 20, kept: 3, everyMs: 10_000 } as const;
const copyBytes = 1 << 16;

export interface LogRotation { begin(): void; end(): void }

export function createLogRotation(folder: string, onError: (error: Error) => void): LogRotation {
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const turn = async (): Promise<void> => {
    await rotateFolder(folder).catch(onError);
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

export async function rotateFolder(folder: string, limitBytes: number = rotationLimits.fileBytes): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/\.\d+$/.test(name)) await rotateFile(join(folder, name), limitBytes);
  }
}

async function rotateFile(path: string, limitBytes: number): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(ignoreForeign);
  if (!file) return;
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size <= limitBytes) return;
    for (let index = rotationLimits.kept - 1; index >= 1; index--) await rename(`${path}.${index}`, `${path}.${index + 1}`).catch(ignoreForeign);
    await copyTo(file, `${path}.1`, found).catch(ignoreFullDisk);
    await file.truncate(0);
  } finally {
    await file.close();
  }
}

async function copyTo(from: FileHandle, path: string, owner: { uid: number; gid: number }): Promise<void> {
  await rm(path, { force: true });
  await using copy = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  await copy.chown(owner.uid, owner.gid);
  const buffer = Buffer.alloc(copyBytes);
  for (let position = 0; ; ) {
    const { bytesRead } = await from.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    await copy.write(buffer, 0, bytesRead);
    position += bytesRead;
  }
}

/** Not there (any more), a link, a folder, a pipe nobody reads: none of it is a log file. */
function ignoreForeign(error: NodeJS.ErrnoException): undefined {
  if (!['ENOENT', 'ELOOP', 'EISDIR', 'ENXIO'].includes(error.code ?? '')) throw error;
  return undefined;
}

/** No room for a copy: what is gained by emptying the file matters more. */
function ignoreFullDisk(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') throw error;
}
