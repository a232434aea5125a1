import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { closureHash } from '../build-record.ts';
import { withLock } from '../install-lock.ts';
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

async function install(options: DebianOptions, tools: string, signal: AbortSignal): Promise<Patchelf> {
  const closure = await fetchPackages(options, { ...source, signal, progress: () => {} });
  await makeDirectory(tools);
  for (const left of await readdir(tools)) await rm(join(tools, left), { recursive: true, force: true });
  const aside = join(tools, `.partial-${randomUUID()}`);
  await unpackPackages(options.root, closure, aside, { signal, onUnpacked: () => {} });
  await tidyTree(aside);
  const target = join(tools, `patchelf-${closureHash(closure).slice(0, 8)}`);
  await rename(aside, target);
  return through(target);
}

/** The relinking tool of this store, fetched once like any engine. */
export async function ensurePatchelf(options: DebianOptions, signal: AbortSignal): Promise<Patchelf> {
  const tools = toolsDirectory(options.root);
  const installed = await findInstalled(tools, signal);
  if (installed !== undefined) return installed;
  return await withLock({ directory: locksDirectory(options.root), name: 'tool-patchelf', signal },
    async () => await findInstalled(tools, signal) ?? await install(options, tools, signal));
}
