import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { VersionCommand } from '../../spi/engine-source.ts';
import { probeTimeoutMs, probeVersion } from '../probe-version.ts';
import { runCommand } from '../run-command.ts';
import { EngineSourceError } from '../source-error.ts';
import { readElf } from './elf.ts';
import { forEachParallel } from './parallel.ts';
import { libraryPath, loaderPath } from './relink.ts';

/** Libraries in the loader's `--list` that lead out of the prefix or nowhere. */
export function strayLibraries(listing: string, prefix: string): string[] {
  return listing.split('\n').flatMap((line) => {
    const match = /^\s*(\S+) => (not found|\/\S+)/.exec(line);
    return match && !match[2]?.startsWith(`${prefix}/`) ? [match[1] ?? ''] : [];
  });
}

/** The version a program of an unpacked, not yet relinked prefix tells: started through the prefix's own loader. */
export async function probeVersionAside(prefix: string, binDir: string, command: VersionCommand, signal: AbortSignal): Promise<string> {
  const program = join(prefix, binDir, command.binary);
  const elf = await readElf(program).catch(() => undefined);
  if (elf === undefined) throw new EngineSourceError('bad-spec', `the packages hold no program ${join(binDir, command.binary)}`);
  return await probeVersion({ program, command, through: [loaderPath(prefix), '--inhibit-cache', '--library-path', libraryPath(prefix)] }, signal);
}

/** Every program in the directory finds all its libraries, and finds them inside the prefix. */
export async function verifyLibraries(prefix: string, binDir: string, signal: AbortSignal): Promise<void> {
  await forEachParallel(await readdir(binDir), signal, async (name, stop) => {
    const program = join(binDir, name);
    const elf = await readElf(program).catch(() => undefined);
    if (!elf?.hasInterpreter) return;
    const listing = await runCommand({ command: loaderPath(prefix), args: ['--list', program], signal: stop, timeoutMs: probeTimeoutMs });
    const stray = strayLibraries(listing.stdout, prefix);
    if (stray.length === 0) return;
    throw new EngineSourceError('incomplete', `${name} does not find ${stray.join(', ')} in its own prefix; the plugin must name their package`);
  });
}
