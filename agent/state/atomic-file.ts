import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Replaces a file so that a crash leaves the old or the new content, never a part: temporary, fsync, rename, fsync of the folder. */
export async function writeFileAtomic(path: string, content: string): Promise<void> {
  const temporary = `${path}.next`;
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** For what nobody depends on after a crash: readers see one content or the other, the disk is not waited for. */
export async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.next`, content, { mode: 0o600 });
  await rename(`${path}.next`, path);
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The parsed content, or undefined when there is no such file. Anything else wrong with it is thrown. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${join(path)} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
