import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { closureHash } from '../build-record.ts';
import { withLock } from '../install-lock.ts';
import type { BuildPackage } from '../lay-out.ts';
import { locksDirectory, makeDirectory, toolsDirectory } from '../paths.ts';
import { runCommand } from '../run-command.ts';
import { fetchPackages } from './fetch-packages.ts';
import type { DebianOptions } from './options.ts';
import { libraryPath, loaderPath } from './relink.ts';
import type { Patchelf } from './relink.ts';
import { tidyTree } from '../tidy.ts';
import { unpackPackages } from './unpack.ts';

/** Bookworm's 0.14.3 was proven on every engine; later ones are known to damage some programs. */
const source = { suite: 'bookworm' as const, packages: ['patchelf'], name: 'tool-patchelf' };
const probeTimeoutMs = 20_000;
/** What the tool was made of, in its own tree. */
const noteName = '.coffer-tool.json';

/** The tool is not relinked itself: it starts no children, so it may run through its own loader. */
const through = (prefix: string): Patchelf =>
  ({ command: loaderPath(prefix), args: ['--inhibit-cache', '--library-path', libraryPath(prefix), join(prefix, 'usr/bin/patchelf')] });

async function isWorking(tool: Patchelf, signal: AbortSignal): Promise<boolean> {
  try { return (await runCommand({ command: tool.command, args: [...tool.args, '--version'], signal, timeoutMs: probeTimeoutMs })).code === 0; } catch {
    signal.throwIfAborted();
    return false;
  }
}

async function findInstalled(tools: string, signal: AbortSignal): Promise<Patchelf | undefined> {
  const names = await readdir(tools).catch(() => []);
  for (const name of names.filter((n) => n.startsWith('patchelf-'))) {
    const tool = through(join(tools, name));
    if (await isWorking(tool, signal)) return tool;
  }
  return undefined;
}

async function install(options: DebianOptions, tools: string, signal: AbortSignal, kept: readonly BuildPackage[] | undefined): Promise<Patchelf> {
  const closure = kept ?? await fetchPackages(options, { ...source, signal, progress: () => {} });
  await makeDirectory(tools);
  for (const left of await readdir(tools)) await rm(join(tools, left), { recursive: true, force: true });
  const aside = join(tools, `.partial-${randomUUID()}`);
  await unpackPackages(options.root, closure, aside, { signal, onUnpacked: () => {} });
  await tidyTree(aside);
  await writeFile(join(aside, noteName), JSON.stringify(closure.map(({ name, version, sha256, file }) => ({ name, version, sha256, file }))));
  const target = join(tools, `patchelf-${closureHash(closure).slice(0, 8)}`);
  await rename(aside, target);
  return through(target);
}

/** The relinking tool of this store, fetched once like any engine, or made of packages that are kept. */
export async function ensurePatchelf(options: DebianOptions, signal: AbortSignal, kept?: readonly BuildPackage[]): Promise<Patchelf> {
  const tools = toolsDirectory(options.root);
  const installed = await findInstalled(tools, signal);
  if (installed !== undefined) return installed;
  return await withLock({ directory: locksDirectory(options.root), name: 'tool-patchelf', signal },
    async () => await findInstalled(tools, signal) ?? await install(options, tools, signal, kept));
}

/** The packages to make the tool of elsewhere. One that was installed before it noted them has them looked up once more. */
export async function patchelfPackages(options: DebianOptions, signal: AbortSignal): Promise<BuildPackage[]> {
  const tools = toolsDirectory(options.root);
  for (const name of await readdir(tools).catch(() => [])) {
    const note = await readFile(join(tools, name, noteName), 'utf8').catch(() => undefined);
    if (note !== undefined) return JSON.parse(note) as BuildPackage[];
  }
  const closure = await withLock({ directory: locksDirectory(options.root), name: 'tool-patchelf', signal }, () => fetchPackages(options, { ...source, signal, progress: () => {} }));
  return closure.map(({ name, version, sha256, file }) => ({ name, version, sha256, file }));
}
