import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianSource, EngineBuild } from '../../spi/engine-source.ts';
import { distinctFiles } from '../artefacts/artefact.ts';
import type { Artefact } from '../artefacts/artefact.ts';
import { layArtefacts } from '../artefacts/lay-artefacts.ts';
import { buildIdOf, closureHash, recipeOf } from '../build-record.ts';
import type { BuildRecord } from '../build-record.ts';
import type { BuildShelf } from '../build-shelf.ts';
import { buildsDirectory, makeDirectory } from '../paths.ts';
import { probeVersion } from '../probe-version.ts';
import { runCommand } from '../run-command.ts';
import { scaled } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { EngineSourceError } from '../source-error.ts';
import { matchesTrack } from '../version.ts';
import type { ClosurePackage } from './closure.ts';
import type { DebianOptions } from './options.ts';
import { ensurePatchelf } from './patchelf.ts';
import { relinkTree } from './relink.ts';
import type { Patchelf } from './relink.ts';
import { tidyTree } from '../tidy.ts';
import { removeInside, unpackPackages } from './unpack.ts';
import { probeVersionAside, verifyLibraries } from './verify-build.ts';

export type BuildPackage = Pick<ClosurePackage, 'name' | 'version' | 'sha256' | 'file'>;
export interface DebianRequest { datastore: string; track: string; spec: DebianSource; signal: AbortSignal; progress: Progress }
type Track = Pick<DebianRequest, 'datastore' | 'track'>;

const syncTimeoutMs = 5 * 60 * 1000;
/** Shares of the way: fetching is most of it on any network that is not next door. */
export const fetchedShare = 0.75;
const [unpackedShare, relinkedShare] = [0.88, 0.96];

// `@` cannot be in a name of a datastore or track, so no track's leftovers are taken for another's.
const partialPrefix = ({ datastore, track }: Track): string => `.partial-${datastore}@${track}@`;
const pendingNote = (shelf: BuildShelf, { datastore, track }: Track): string => join(buildsDirectory(shelf.root), `.pending-${datastore}@${track}`);

/**
 * Packages become a build: unpacked aside, relinked for the final path (a relinked tree cannot be moved), renamed,
 * verified, published. Until it is published the tree is no build, wherever the process dies.
 */
export async function layOut(shelf: BuildShelf, options: DebianOptions, request: DebianRequest, packages: readonly BuildPackage[], artefacts: readonly Artefact[]): Promise<EngineBuild> {
  const { datastore, spec, signal, progress } = request;
  progress(fetchedShare, 'preparing to unpack');
  const patchelf = await ensurePatchelf(options, signal);
  const aside = join(buildsDirectory(shelf.root), `${partialPrefix(request)}${randomUUID()}`);
  await mkdir(aside);
  try {
    const step = scaled(progress, fetchedShare, unpackedShare);
    const onUnpacked = (count: number): void => step(count / packages.length, `unpacking (${count} of ${packages.length} packages)`);
    await unpackPackages(shelf.root, packages, aside, { signal, onUnpacked });
    await layArtefacts(shelf.root, artefacts, aside, signal);
    await removeInside(aside, spec.removeFiles ?? []);
    const files = await tidyTree(aside);
    const record = describe(shelf, request, [...packages, ...distinctFiles(artefacts)], await versionOf(aside, request, patchelf));
    const name = `${datastore} ${record.build.version}`;
    progress(unpackedShare, `relinking ${name}`);
    await relinkTree(files, { prefix: aside, target: record.build.prefix, patchelf, signal });
    progress(relinkedShare, `verifying ${name}`);
    await settle(shelf, aside, record, request);
    progress(1, `installed ${name}`);
    return record.build;
  } finally { await rm(aside, { recursive: true, force: true }); }
}

async function versionOf(aside: string, { datastore, track, spec, signal }: DebianRequest, patchelf: Patchelf): Promise<string> {
  const version = await probeVersionAside(aside, spec.binDir, spec.versionCommand, { patchelf, signal });
  if (matchesTrack(version, track)) return version;
  throw new EngineSourceError('wrong-version', `${spec.artefacts ? 'the source' : spec.suite} has ${datastore} ${version}, which is not of track ${track}`);
}

function describe(shelf: BuildShelf, { datastore, track, spec }: DebianRequest, files: readonly BuildPackage[], version: string): BuildRecord {
  const packages = files.map(({ name, version: own, sha256 }) => ({ name, version: own, sha256 }));
  const [hash, recipe] = [closureHash(packages), recipeOf(spec)];
  const id = buildIdOf(datastore, version, hash, recipe);
  const prefix = join(buildsDirectory(shelf.root), id);
  const build: EngineBuild = {
    id, datastore, track, version, prefix, binDir: join(prefix, spec.binDir), closureHash: hash, source: 'debian', packages, installedAt: new Date().toISOString(),
  };
  return { format: 1, build, recipe, spec, files: files.map((p) => p.file) };
}

/** From the finished tree to a build that others see. The note lets the next attempt remove a renamed, unpublished tree. */
async function settle(shelf: BuildShelf, aside: string, record: BuildRecord, request: DebianRequest): Promise<void> {
  const { build } = record;
  const { signal, spec } = request;
  await writeFile(pendingNote(shelf, request), build.id);
  await rm(build.prefix, { recursive: true, force: true });
  await rename(aside, build.prefix);
  try {
    const program = join(build.binDir, spec.versionCommand.binary);
    const version = await probeVersion({ program, command: spec.versionCommand, prefix: build.prefix }, signal);
    if (version !== build.version) throw new EngineSourceError('incomplete', `${program} says ${version} after relinking and ${build.version} before`);
    await verifyLibraries(build.prefix, build.binDir, signal);
    // A build that is listed must survive a power cut as well.
    await runCommand({ command: 'sync', args: ['-f', build.prefix], signal, timeoutMs: syncTimeoutMs });
    await shelf.publish(record);
  } catch (error) {
    await rm(build.prefix, { recursive: true, force: true });
    throw error;
  } finally { await rm(pendingNote(shelf, request), { force: true }); }
}

/** Removes what an attempt that was killed left behind for this track. Its downloads stay: they are continued. */
export async function discardLeftovers(shelf: BuildShelf, track: Track): Promise<void> {
  const builds = buildsDirectory(shelf.root);
  await makeDirectory(builds);
  const note = pendingNote(shelf, track);
  const pending = await readFile(note, 'utf8').catch(() => '');
  const isPublished = (await shelf.known()).some((r) => r.build.id === pending);
  if (/^[A-Za-z0-9][A-Za-z0-9._+~-]*$/.test(pending) && !isPublished) await rm(join(builds, pending), { recursive: true, force: true });
  await rm(note, { force: true });
  for (const name of await readdir(builds)) {
    if (name.startsWith(partialPrefix(track))) await rm(join(builds, name), { recursive: true, force: true });
  }
}
