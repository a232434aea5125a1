import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Log } from '../../kernel/log.ts';
import type { EngineBuild, EngineSourceSpec, EngineStore, EnsureEngineRequest } from '../spi/engine-source.ts';
import { installFromArchive } from './archive-source.ts';
import type { RepositorySettings } from './artefacts/find-repository.ts';
import { operatorRecipe, recipeOf } from './build-record.ts';
import type { BuildRecord } from './build-record.ts';
import { createBuildShelf } from './build-shelf.ts';
import type { BuildShelf } from './build-shelf.ts';
import { installFromDebian } from './debian/debian-source.ts';
import type { DebianOptions } from './debian/options.ts';
import { sha256OfFile } from './file-hash.ts';
import { findOnHost, useOperatorDirectory } from './host-source.ts';
import { withLock } from './install-lock.ts';
import { locksDirectory, makeDirectory } from './paths.ts';
import { createMonotonic, scaled } from './progress.ts';
import type { Progress } from './progress.ts';
import { restoreBuild } from './restore-build.ts';
import { bringAgain, combineFailures, EngineSourceError, explainFailure, fromFileError } from './source-error.ts';
import { exportBuild } from './transfer/export-build.ts';
import type { ExportedEngine } from './transfer/export-build.ts';
import { importBuild, openEngineFile } from './transfer/import-build.ts';
import { compareVersions } from './version.ts';

export interface EngineStoreOptions {
  /** `$COFFER_HOME/engines`; made when it is missing */
  root: string;
  log: Log;
  /** the operator's own directory of binaries by `${datastore}/${track}`; used before anything else, or refused with the reason */
  preferred?: Readonly<Record<string, string>>;
  /** file of keys the Debian archive must be signed with; default: the host's debian-archive-keyring */
  keyring?: string;
  /** where artefacts are fetched, as far as settings tell; else what Maven and pip of this host are configured with, else the public ones */
  repositories?: RepositorySettings;
}

/** An export is mostly the installation, where there is one to do. */
const installedShare = 0.8;
interface Subject { datastore: string; track: string; signal: AbortSignal }

const newestFirst = (a: BuildRecord, b: BuildRecord): number =>
  compareVersions(b.build.version, a.build.version) || b.build.installedAt.localeCompare(a.build.installedAt);

/**
 * Of the usable builds those a track may get, newest first: from the operator's directory alone where one is named,
 * and never from one that is named no more.
 */
export function eligible(records: readonly BuildRecord[], subject: { datastore: string; track: string }, operatorDir: string | undefined): BuildRecord[] {
  const isOperators = (r: BuildRecord): boolean => r.recipe === operatorRecipe;
  const own = records.filter((r) => r.build.datastore === subject.datastore && r.build.track === subject.track);
  return own.filter((r) => operatorDir === undefined ? !isOperators(r) : isOperators(r) && r.build.binDir === operatorDir).toSorted(newestFirst);
}

/** An installed build serves a request only if a source it names would make the same: a plugin that adds a package gets a new one. */
export const serves = (record: BuildRecord, sources: readonly EngineSourceSpec[]): boolean => sources.some((s) => recipeOf(s) === record.recipe);

/**
 * For something newer: the source of what is installed. One that comes before it could not deliver then, and if it can now, what it has
 * may be older (a package somebody installed on the host).
 */
export function sourcesToAsk(sources: readonly EngineSourceSpec[], present: BuildRecord | undefined): readonly EngineSourceSpec[] {
  const own = sources.filter((s) => present !== undefined && recipeOf(s) === present.recipe);
  return own.length > 0 ? own : sources;
}

/** Names become parts of paths. */
function requireSafeNames({ datastore, track }: Subject): void {
  for (const name of [datastore, track]) {
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) continue;
    throw new EngineSourceError('bad-spec', `"${name}" cannot name a datastore or track: letters, digits, dots and dashes only`);
  }
}

/** Tries the plugin's sources in its order; the lock of the track is held. */
async function askSources(shelf: BuildShelf, options: DebianOptions, request: EnsureEngineRequest, progress: Progress): Promise<EngineBuild> {
  const failures: EngineSourceError[] = [];
  for (const spec of request.sources) {
    try {
      if (spec.kind === 'archive') return await installFromArchive(shelf, options, { ...request, spec, progress });
      if (spec.kind === 'debian') return await installFromDebian(shelf, options, { ...request, spec, progress });
      const found = await findOnHost(request, spec);
      await shelf.publish(found);
      return found.build;
    } catch (error) {
      request.signal.throwIfAborted();
      const known = fromFileError(error, shelf.root);
      if (!(known instanceof EngineSourceError)) throw known;
      options.log.warn({ datastore: request.datastore, track: request.track, source: spec.kind, reason: known.message }, 'an engine source could not deliver');
      failures.push(known);
    }
  }
  throw combineFailures(failures);
}

export interface ImportEngineRequest {
  path: string;
  /** what this host's plugins name for a track; empty for one they do not know */
  sources(datastore: string, track: string): readonly EngineSourceSpec[];
  /** what the exporting host said the file's SHA-256 is */
  sha256?: string | undefined;
  signal: AbortSignal;
  progress?(fraction: number, message: string): void;
}

/** The engine cache as its host's operator has it: builds can be carried to hosts without network. */
export interface PortableEngineStore extends EngineStore {
  /** Installs the track if need be and writes its build to a new file. */
  exportTo(request: EnsureEngineRequest & { path: string }): Promise<ExportedEngine>;
  /** Makes the build of such a file here, verified file by file, without network. Idempotent. */
  importFrom(request: ImportEngineRequest): Promise<EngineBuild>;
}

/** The engine cache of this host. What each method promises is told at the contract, `EngineStore`. */
export function createEngineStore(options: EngineStoreOptions): PortableEngineStore {
  const { log } = options;
  let shelf: BuildShelf | undefined;
  // The real path: two spellings of one directory must not make two builds.
  const openShelf = async (): Promise<BuildShelf | undefined> => {
    const root = await realpath(options.root).catch((error: NodeJS.ErrnoException) => { if (error.code === 'ENOENT') return undefined; throw error; });
    if (root !== undefined && shelf?.root !== root) shelf = createBuildShelf(root, log);
    return root === undefined ? undefined : shelf;
  };
  const known = async (): Promise<BuildRecord[]> => await (await openShelf())?.known() ?? [];
  const debian = ({ root }: BuildShelf): DebianOptions => ({ root, log, keyring: options.keyring, repositories: options.repositories });

  const operatorDir = async ({ datastore, track }: Pick<Subject, 'datastore' | 'track'>): Promise<string | undefined> => {
    const named = options.preferred?.[`${datastore}/${track}`];
    return named === undefined ? undefined : await realpath(named).catch(() => resolve(named));
  };
  const writableShelf = async (): Promise<BuildShelf> => {
    const before = await openShelf();
    if (before !== undefined) return before;
    await makeDirectory(resolve(options.root));
    return createBuildShelf(await realpath(options.root), log);
  };
  const locked = async <T>(subject: Subject, progress: Progress, work: (writable: BuildShelf) => Promise<T>): Promise<T> => {
    const writable = await writableShelf();
    const { datastore, track, signal } = subject;
    const onWait = (pid: number): void => progress(0, `waiting for another installation of ${datastore} ${track} (process ${pid})`);
    return await withLock({ directory: locksDirectory(writable.root), name: `${datastore}-${track}`, signal, onWait }, () => work(writable));
  };
  /** What people read is one explained sentence, whichever part failed. */
  const explained = async <T>(subject: Subject, work: () => Promise<T>): Promise<T> => {
    try {
      subject.signal.throwIfAborted();
      requireSafeNames(subject);
      return await work();
    } catch (error) {
      subject.signal.throwIfAborted();
      const failure = fromFileError(error, options.root);
      throw failure instanceof EngineSourceError ? explainFailure(failure, subject.datastore, subject.track) : failure;
    }
  };

  async function fromOperator(request: EnsureEngineRequest, directory: string): Promise<EngineBuild> {
    const present = eligible(await known(), request, directory)[0];
    if (present !== undefined) return present.build;
    const found = await useOperatorDirectory(request, directory, request.sources);
    await (await writableShelf()).publish(found);
    return found.build;
  }

  async function ensure(request: EnsureEngineRequest): Promise<EngineBuild> {
    const directory = await operatorDir(request);
    if (directory !== undefined) return await fromOperator(request, directory);
    const installed = async (): Promise<BuildRecord | undefined> => eligible(await known(), request, undefined).find((r) => serves(r, request.sources));
    const isEnough = (record: BuildRecord | undefined): record is BuildRecord => record !== undefined && request.refresh !== true;
    const present = await installed();
    if (isEnough(present)) return present.build;
    const progress = createMonotonic(request.progress);
    return await locked(request, progress, async (writable) => {
      const meanwhile = await installed();
      if (isEnough(meanwhile)) return meanwhile.build;
      const made = await askSources(writable, debian(writable), { ...request, sources: sourcesToAsk(request.sources, meanwhile) }, progress);
      // What was imported may be newer than what the source has.
      return (await installed())?.build ?? made;
    });
  }

  async function restore(request: Parameters<EngineStore['restore']>[0]): Promise<EngineBuild> {
    const { buildId, signal } = request;
    const record = await (await openShelf())?.recorded(buildId);
    if (record === undefined) throw new EngineSourceError('not-found', `there is no record of the build ${buildId} on this host`);
    const progress = createMonotonic(request.progress);
    const subject = { datastore: record.build.datastore, track: record.build.track, signal };
    return await explained(subject, () => locked(subject, progress, async (writable) => {
      const present = (await writable.known()).find((r) => r.build.id === buildId);
      return present?.build ?? await restoreBuild(writable, debian(writable), record, { signal, progress });
    }));
  }

  async function exportTo(request: EnsureEngineRequest & { path: string }): Promise<ExportedEngine> {
    const progress = createMonotonic(request.progress);
    const { id } = await ensure({ ...request, progress: scaled(progress, 0, installedShare) });
    const writable = await writableShelf();
    const record = await writable.recorded(id);
    if (record === undefined) throw new EngineSourceError('not-found', `there is no record of the build ${id} on this host`);
    return await exportBuild(debian(writable), record, request.path, { signal: request.signal, progress: scaled(progress, installedShare, 1) });
  }

  async function importFrom(request: ImportEngineRequest): Promise<EngineBuild> {
    const { path, sha256, signal } = request;
    signal.throwIfAborted();
    if (sha256 !== undefined && await sha256OfFile(path, signal) !== sha256) throw new EngineSourceError('corrupt-package', `${path} does not have the SHA-256 ${sha256}: it was damaged or changed on its way`, { remedy: bringAgain });
    const file = await openEngineFile(path);
    const { datastore, track } = file.description;
    const subject = { datastore, track, signal };
    const progress = createMonotonic(request.progress);
    return await explained(subject, () => locked(subject, progress, (writable) =>
      importBuild(writable, debian(writable), file, request.sources(datastore, track), { signal, progress })));
  }

  return {
    list: async () => (await known()).toSorted(newestFirst).map((r) => r.build),
    find: async (datastore, track) => eligible(await known(), { datastore, track }, await operatorDir({ datastore, track }))[0]?.build,
    offered: async () => {
      const records = await known();
      const tracks = [...new Map(records.map(({ build: { datastore, track } }) => [`${datastore}/${track}`, { datastore, track }])).values()];
      const best = await Promise.all(tracks.map(async (track) => eligible(records, track, await operatorDir(track))[0]?.build));
      return best.filter((build) => build !== undefined);
    },
    get: async (buildId) => (await known()).find((r) => r.build.id === buildId)?.build,
    ensure: (request) => explained(request, () => ensure(request)),
    restore,
    exportTo: (request) => explained(request, () => exportTo(request)),
    importFrom,
  };
}
