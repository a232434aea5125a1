import { glob, realpath, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Deletes what globs relative to the prefix name. A link of a package may lead to the host; nothing is removed behind one. */
export async function removeInside(prefix: string, patterns: readonly string[]): Promise<void> {
  const root = await realpath(prefix);
  for (const pattern of patterns) {
    for (const name of await Array.fromAsync(glob(pattern, { cwd: root }))) {
      const path = resolve(root, name);
      const directory = await realpath(dirname(path)).catch(() => '');
      if (directory.startsWith(`${root}/`)) await rm(path, { recursive: true, force: true });
    }
  }
}
