import { chmod, copyFile, link, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfFile } from './file-hash.ts';
import { packagesDirectory } from './paths.ts';
import { EngineSourceError } from './source-error.ts';

/**
 * Packages and artefacts kept as they were fetched, so that a build can be made again when their origin has moved on or
 * is away. A file gets in only with the checksum that the signed index or the plugin tells, and is checked again each
 * time it is used.
 */
export interface KeptPackage { file: string; sha256: string }

export const keptPath = (root: string, file: string): string => join(packagesDirectory(root), file);

/** Whether a file is there and whole; a damaged one is removed, so that it is fetched again. */
export async function isWhole(path: string, sha256: string, signal: AbortSignal): Promise<boolean> {
  const found = await sha256OfFile(path, signal);
  if (found !== undefined && found !== sha256) await rm(path, { force: true });
  return found === sha256;
}

export const isKept = (root: string, item: KeptPackage, signal: AbortSignal): Promise<boolean> => isWhole(keptPath(root, item.file), item.sha256, signal);

/** Moves a verified file in. Another process may do so with the same file: both are the same bytes. */
export async function keep(root: string, item: KeptPackage, from: string): Promise<void> {
  await chmod(from, 0o644);
  await rename(from, keptPath(root, item.file));
}

/** Shows a kept file to apt as one already fetched. */
export async function offer(root: string, item: KeptPackage, to: string): Promise<void> {
  await rm(to, { force: true });
  await link(keptPath(root, item.file), to).catch(() => copyFile(keptPath(root, item.file), to));
}

export async function requireSpace(root: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(root);
  const free = bavail * bsize;
  if (free >= neededBytes) return;
  throw new EngineSourceError('disk-full', `${Math.ceil(neededBytes / 1e6)} MB are needed below ${root} and ${Math.floor(free / 1e6)} MB are free`);
}
