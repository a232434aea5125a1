import { access } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { runCommand } from '../run-command.ts';
import { EngineSourceError } from '../source-error.ts';
import { readElf } from './elf.ts';
import { forEachParallel } from '../parallel.ts';
import type { TidyFile } from '../tidy.ts';

export const libraryPath = (prefix: string): string => join(prefix, 'usr/lib/x86_64-linux-gnu');
export const loaderPath = (prefix: string): string => join(libraryPath(prefix), 'ld-linux-x86-64.so.2');

/** How to start a relinking tool: itself a program of a prefix, run through that prefix's loader. */
export interface Patchelf { command: string; args: readonly string[] }

const patchTimeoutMs = 60_000;
const isLibrary = (path: string): boolean => /\.so(\.|$)/.test(basename(path));

/**
 * Where a file of the prefix shall look for libraries: its own relative places first (a Java tree has them), then what
 * it named absolutely as far as the prefix has it, then the prefix's library directory. Nothing of the host.
 */
export function relinkedRunPath(current: string, target: string, isInPrefix: (path: string) => boolean): string {
  const entries = current.split(':').filter(Boolean).flatMap((entry) => {
    if (!isAbsolute(entry)) return entry.startsWith('$ORIGIN') ? [entry] : [];
    return isInPrefix(entry) ? [join(target, entry)] : [];
  });
  return [...new Set([...entries, libraryPath(target)])].join(':');
}

/** Absolute entries of a run path, to be looked up in the prefix before the pure part decides. */
async function presentEntries(current: string, prefix: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (const entry of current.split(':')) {
    if (isAbsolute(entry) && await access(join(prefix, entry)).then(() => true, () => false)) found.add(entry);
  }
  return found;
}

export interface Relink {
  /** where the tree lies now */
  prefix: string;
  /** where it will be used */
  target: string;
  patchelf: Patchelf;
  signal: AbortSignal;
}

/** Makes one program or library use the loader and libraries of `target`. False for what needs no change. */
export async function relinkFile(file: TidyFile, { prefix, target, patchelf, signal }: Relink): Promise<boolean> {
  if (!file.isExecutable && !isLibrary(file.path)) return false;
  const elf = await readElf(file.path);
  if (elf === undefined) return false;
  const isProgram = elf.hasInterpreter && file.isExecutable && !isLibrary(file.path);
  if (!isProgram && !(isLibrary(file.path) && elf.hasRunPath)) return false;
  const current = await patch(patchelf, ['--print-rpath', file.path], signal);
  const present = await presentEntries(current, prefix);
  const runPath = relinkedRunPath(current, target, (entry) => present.has(entry));
  await patch(patchelf, [...(isProgram ? ['--set-interpreter', loaderPath(target)] : []), '--force-rpath', '--set-rpath', runPath, file.path], signal);
  return true;
}

/**
 * Makes every program of `prefix` use the loader and libraries it will find at `target`, where the tree is moved to
 * afterwards. Programs only: DT_RPATH (not RUNPATH) is inherited by what they load later and is stronger than
 * LD_LIBRARY_PATH, which scripts of some engines set. A library that has a path of its own inherits nothing, so it
 * is rewritten too. No loader wrapper and no LD_LIBRARY_PATH: both break engines that start children.
 */
export async function relinkTree(files: readonly TidyFile[], relink: Relink): Promise<void> {
  await forEachParallel(files, relink.signal, async (file, signal) => { await relinkFile(file, { ...relink, signal }); });
}

async function patch(patchelf: Patchelf, args: readonly string[], signal: AbortSignal): Promise<string> {
  const result = await runCommand({ command: patchelf.command, args: [...patchelf.args, ...args], signal, timeoutMs: patchTimeoutMs });
  if (result.code === 0) return result.stdout.trim();
  const reason = /No space left/i.test(result.stderr) ? 'disk-full' as const : 'incomplete' as const;
  throw new EngineSourceError(reason, `${args.at(-1) ?? ''} could not be relinked (${result.stderr.trim().split('\n')[0] ?? result.code})`);
}
