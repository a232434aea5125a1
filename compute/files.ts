import { constants } from 'node:fs';
import { chmod, chown, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Owner { uid: number; gid: number }

/**
 * A whole file or none: written aside, flushed, renamed. `O_EXCL` follows no link, so that a folder's owner cannot make
 * root write elsewhere.
 */
export async function writeFileAtomically(path: string, content: string, options: { mode: number; owner?: Owner | null }): Promise<void> {
  const aside = join(dirname(path), `.${path.slice(path.lastIndexOf('/') + 1)}.new`);
  await rm(aside, { force: true });
  const file = await open(aside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  try {
    await file.writeFile(content);
    if (options.owner) await file.chown(options.owner.uid, options.owner.gid);
    await file.chmod(options.mode);
    await file.sync();
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(aside, path);
}

/** The parent must be a folder only we can change. A link or file in the way is an error, never followed. */
export async function ensureFolder(path: string, mode: number, owner: Owner | null): Promise<void> {
  await mkdir(path, { mode }).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'EEXIST') throw error; });
  const found = await lstat(path);
  if (!found.isDirectory()) throw new Error(`${path} is in the way: it should be a folder`);
  if ((found.mode & 0o7777) !== mode) await chmod(path, mode);
  if (owner && (found.uid !== owner.uid || found.gid !== owner.gid)) await chown(path, owner.uid, owner.gid);
}
