import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explainSystemError } from '../problem.ts';
import { runtimeAt, type Runtime, runtimeHash, type RuntimeSources } from './runtime.ts';

/** Name and size of every file: a copy that lost bytes in a power failure is noticed and made again. */
const inventoryName = 'inventory.json';
type Inventory = Record<string, number>;

/** The runtime of these sources, made if it is not there: beside its place and then renamed, so that it is whole or absent. */
export async function ensureRuntime(runtimes: string, sources: RuntimeSources): Promise<{ runtime: Runtime; copied: boolean }> {
  const folder = join(runtimes, runtimeHash(sources));
  const runtime = runtimeAt(folder, sources.manifest);
  if (await isWhole(folder)) return { runtime, copied: false };
  const aside = join(runtimes, `.new-${randomBytes(4).toString('hex')}`);
  try {
    await sweep(runtimes);
    await makeFolder(aside);
    await copyTree(sources.dist, aside);
    await makeFolder(join(aside, 'bin'));
    await copyOne(sources.node, join(aside, 'bin/node'));
    await makeFolder(join(aside, 'postgres'));
    // Static libraries and build files are for compilers.
    await copyTree(sources.postgres, join(aside, 'postgres'), (name) => !name.endsWith('.a') && name !== 'pkgconfig' && name !== 'pgxs');
    await writeFile(join(aside, inventoryName), JSON.stringify(await inventoryOf(aside)), { mode: 0o644 });
    await rm(folder, { recursive: true, force: true });
    await rename(aside, folder);
    return { runtime, copied: true };
  } catch (error) {
    await rm(aside, { recursive: true, force: true }).catch(() => {});
    throw explainSystemError(error, 'the programs could not be copied into COFFER_HOME');
  }
}

/** What an earlier start left half made. */
async function sweep(runtimes: string): Promise<void> {
  for (const name of await readdir(runtimes)) if (name.startsWith('.new-')) await rm(join(runtimes, name), { recursive: true, force: true });
}

async function isWhole(folder: string): Promise<boolean> {
  try {
    const expected = JSON.parse(await readFile(join(folder, inventoryName), 'utf8')) as Inventory;
    const sizes = await Promise.all(Object.entries(expected).map(async ([path, size]) => (await stat(join(folder, path))).size === size));
    return sizes.length > 0 && !sizes.includes(false);
  } catch {
    return false;
  }
}

async function inventoryOf(folder: string, below = ''): Promise<Inventory> {
  const sizes: Inventory = {};
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) Object.assign(sizes, await inventoryOf(folder, path));
    else if (entry.isFile()) sizes[path] = (await lstat(join(folder, path))).size;
  }
  return sizes;
}

/** Readable for everybody, whatever the modes of the checkout; links keep their (relative) targets. */
async function copyTree(from: string, to: string, wanted: (name: string) => boolean = () => true): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (!wanted(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      await makeFolder(target);
      await copyTree(source, target, wanted);
    } else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else await copyOne(source, target);
  }
}

async function copyOne(source: string, target: string): Promise<void> {
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  const { mode } = await stat(source);
  await chmod(target, (mode & 0o100) === 0 ? 0o644 : 0o755);
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path);
  await chmod(path, 0o755);
}
