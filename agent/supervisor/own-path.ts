/**
 * Owner and mode of something in a folder that the engine owns. A link is never followed: an engine gone astray could
 * otherwise have the agent hand over a file of its own.
 */
import { constants, type Stats } from 'node:fs';
import { chmod, lchown, lstat, open } from 'node:fs/promises';

export async function ownPath(path: string, mode: number, engineUid: number | null): Promise<void> {
  const found = await lstat(path);
  if (found.isSymbolicLink()) throw new Error(`${path} is a link; a file or folder of its own is expected`);
  if (!found.isFile() && !found.isDirectory()) return ownSpecial(path, mode, engineUid);
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  assertSame(path, found, await file.stat());
  await file.chmod(mode);
  if (engineUid !== null) await file.chown(engineUid, engineUid);
}

/** Sockets cannot be opened. */
async function ownSpecial(path: string, mode: number, engineUid: number | null): Promise<void> {
  await chmod(path, mode);
  if (engineUid !== null) await lchown(path, engineUid, engineUid);
}

function assertSame(path: string, before: Stats, now: Stats): void {
  if (before.ino !== now.ino || before.dev !== now.dev) throw new Error(`${path} was replaced while it was looked at`);
}
