import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VersionCommand } from '../../spi/engine-source.ts';
import { probeTimeoutMs, probeVersion } from '../probe-version.ts';
import { runCommand } from '../run-command.ts';
import { EngineSourceError } from '../source-error.ts';
import { readElf } from './elf.ts';
import { forEachParallel } from '../parallel.ts';
import { loaderPath, relinkFile } from './relink.ts';
import type { Relink } from './relink.ts';

/** Libraries in the loader's `--list` that lead out of the prefix or nowhere. */
export function strayLibraries(listing: string, prefix: string): string[] {
  return listing.split('\n').flatMap((line) => {
    const match = /^\s*(\S+) => (not found|\/\S+)/.exec(line);
    return match && !match[2]?.startsWith(`${prefix}/`) ? [match[1] ?? ''] : [];
  });
}

/**
 * The version a program of an unpacked, not yet relinked prefix tells. A copy of it is relinked for where the prefix lies
 * now (through a loader named by hand a program does not know its own place, which a Java launcher must): under the name
 * it is called by, which may be a link's, and as deep as the file itself, for what it looks up relative to either.
 */
export async function probeVersionAside(prefix: string, binDir: string, command: VersionCommand, limits: Pick<Relink, 'patchelf' | 'signal'>): Promise<string> {
  const program = await realpath(join(prefix, binDir, command.binary)).catch(() => '');
  const isInside = program.startsWith(`${await realpath(prefix)}/`);
  const elf = isInside ? await readElf(program).catch(() => undefined) : undefined;
  if (elf === undefined) throw new EngineSourceError('bad-spec', `the packages hold no program ${join(binDir, command.binary)}`);
  const beside = join(dirname(dirname(program)), `.probe-${randomUUID()}`);
  await mkdir(beside);
  try {
    const copy = join(beside, command.binary);
    await copyFile(program, copy);
    await relinkFile({ path: copy, isExecutable: true }, { prefix, target: prefix, ...limits });
    return await probeVersion({ program: copy, command, prefix }, limits.signal);
  } finally { await rm(beside, { recursive: true, force: true }); }
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
