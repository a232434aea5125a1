import { chmod, lstat, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';

export interface TidyFile { path: string; isExecutable: boolean }

/** Where an absolute link of a package points to inside the prefix, told from the link's own directory. */
export const relativeTarget = (prefix: string, link: string, target: string): string => relative(dirname(link), join(prefix, target));

async function rewriteLink(prefix: string, path: string): Promise<void> {
  const target = await readlink(path);
  if (!isAbsolute(target)) return;
  // What the prefix does not have (/dev/null, the host's certificates) means the host's.
  const isInside = await lstat(join(prefix, target)).then(() => true, () => false);
  if (!isInside) return;
  await rm(path);
  await symlink(relativeTarget(prefix, path, target), path);
}

/**
 * One walk over a fresh prefix: modes become 0755 or 0644 whatever the umask and the package said (no set-user-id
 * programs either), absolute links lead into the prefix. Answers the regular files.
 */
export async function tidyTree(prefix: string): Promise<TidyFile[]> {
  const files: TidyFile[] = [];
  const walk = async (directory: string): Promise<void> => {
    await chmod(directory, 0o755);
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isSymbolicLink()) await rewriteLink(prefix, path);
      else if (entry.isFile()) {
        const isExecutable = ((await lstat(path)).mode & 0o111) !== 0;
        await chmod(path, isExecutable ? 0o755 : 0o644);
        files.push({ path, isExecutable });
      }
    }
  };
  await walk(prefix);
  return files;
}
