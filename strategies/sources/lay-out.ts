import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveSource, DebianSource, EngineBuild, EnginePackage } from '../spi/engine-source.ts';
import { buildIdOf, closureHash, recipeOf } from './build-record.ts';
import type { BuildRecord } from './build-record.ts';
import type { BuildShelf } from './build-shelf.ts';
import { buildsDirectory, makeDirectory } from './paths.ts';
import { probeVersion } from './probe-version.ts';
import type { Progress } from './progress.ts';
import { removeInside } from './remove-inside.ts';
import { runCommand } from './run-command.ts';
import { EngineSourceError } from './source-error.ts';
import { tidyTree } from './tidy.ts';
import type { TidyFile } from './tidy.ts';
import { matchesTrack } from './version.ts';

export interface BuildRequest<Spec = DebianSource | ArchiveSource> {
  datastore: string;
  track: string;
  spec: Spec;
  /** of a recorded build that is made again: instances name it, whatever a new one would be called */
  buildId?: string;
  /** something newer than what is installed is asked for */
  refresh?: boolean;
  signal: AbortSignal;
  progress: Progress;
}
type Track = Pick<BuildRequest, 'datastore' | 'track'>;
/** A package or artefact of a build and the file it is kept in. */
export interface BuildPackage extends EnginePackage { file: string }

/** What kinds of sources do differently on the way from kept files to a build. */
export interface Layout {
  /** files into an empty tree */
  fill(aside: string, progress: Progress): Promise<void>;
  /** what the engine's program says of itself while the tree lies aside */
  versionIn(aside: string): Promise<string>;
  /** makes the tree work where it will be moved to */
  fit?(aside: string, target: string, files: readonly TidyFile[]): Promise<void>;
  /** proves the tree at its place, beyond the version it tells */
  verify?(build: EngineBuild): Promise<void>;
}

const syncTimeoutMs = 5 * 60 * 1000;
/** Shares of the way: fetching is most of it on any network that is not next door. */
export const fetchedShare = 0.75;
const [filledShare, fittedShare] = [0.88, 0.96];

// `@` cannot be in a name of a datastore or track, so no track's leftovers are taken for another's.
const partialPrefix = ({ datastore, track }: Track): string => `.partial-${datastore}@${track}@`;
const pendingNote = (shelf: BuildShelf, { datastore, track }: Track): string => join(buildsDirectory(shelf.root), `.pending-${datastore}@${track}`);

/**
 * Kept files become a build: laid out aside, fitted for the final path (a relinked tree cannot be moved), renamed,
 * verified, published. Until it is published the tree is no build, wherever the process dies.
 */
export async function layOut(shelf: BuildShelf, request: BuildRequest, packages: readonly BuildPackage[], layout: Layout): Promise<EngineBuild> {
  const { datastore, track, spec, progress } = request;
  progress(fetchedShare, 'preparing to unpack');
  const aside = join(buildsDirectory(shelf.root), `${partialPrefix(request)}${randomUUID()}`);
  await mkdir(aside);
  try {
    await layout.fill(aside, (fraction, message) => progress(fetchedShare + fraction * (filledShare - fetchedShare), message));
    await removeInside(aside, spec.removeFiles ?? []);
    const files = await tidyTree(aside);
    const version = await layout.versionIn(aside);
    if (!matchesTrack(version, track)) throw new EngineSourceError('wrong-version', `${originOf(spec)} has ${datastore} ${version}, which is not of track ${track}`);
    const record = describe(shelf, request, packages, version);
    const name = `${datastore} ${version}`;
    if (layout.fit) progress(filledShare, `relinking ${name}`);
    await layout.fit?.(aside, record.build.prefix, files);
    progress(fittedShare, `verifying ${name}`);
    await settle(shelf, aside, record, request, layout);
    progress(1, `installed ${name}`);
    return record.build;
  } finally { await rm(aside, { recursive: true, force: true }); }
}

const originOf = (spec: BuildRequest['spec']): string => (spec.kind === 'debian' && !spec.artefacts ? spec.suite : 'the source');

function describe(shelf: BuildShelf, request: BuildRequest, files: readonly BuildPackage[], version: string): BuildRecord {
  const { datastore, track, spec } = request;
  const packages = files.map(({ name, version: own, sha256 }) => ({ name, version: own, sha256 }));
  const [hash, recipe] = [closureHash(packages), recipeOf(spec)];
  const id = request.buildId ?? buildIdOf(request, version, hash, recipe);
  const prefix = join(buildsDirectory(shelf.root), id);
  const build: EngineBuild = {
    id, datastore, track, version, prefix, binDir: join(prefix, spec.binDir), closureHash: hash, source: spec.kind, packages, installedAt: new Date().toISOString(),
  };
  return { format: 1, build, recipe, spec, files: files.map((p) => p.file) };
}

/** From the finished tree to a build that others see. The note lets the next attempt remove a renamed, unpublished tree. */
async function settle(shelf: BuildShelf, aside: string, record: BuildRecord, request: BuildRequest, layout: Layout): Promise<void> {
  const { build } = record;
  const { signal, spec } = request;
  // Engines may run from it.
  if ((await shelf.known()).some((other) => other.build.id === build.id)) throw new EngineSourceError('incomplete', `there is a build ${build.id} already, and it is another`);
  await writeFile(pendingNote(shelf, request), build.id);
  await rm(build.prefix, { recursive: true, force: true });
  await rename(aside, build.prefix);
  try {
    const program = join(build.binDir, spec.versionCommand.binary);
    const version = await probeVersion({ program, command: spec.versionCommand, prefix: build.prefix }, signal);
    if (version !== build.version) throw new EngineSourceError('incomplete', `${program} says ${version} where it belongs and ${build.version} before`);
    await layout.verify?.(build);
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

/** The build that an installation would only make again: of the same source, from the same files. */
export async function findMade(shelf: BuildShelf, { datastore, track, spec }: BuildRequest): Promise<(packages: readonly BuildPackage[]) => EngineBuild | undefined> {
  const recipe = recipeOf(spec);
  const own = (await shelf.known()).filter((r) => r.build.datastore === datastore && r.build.track === track && r.recipe === recipe);
  return (packages) => own.find((r) => r.build.closureHash === closureHash(packages))?.build;
}
