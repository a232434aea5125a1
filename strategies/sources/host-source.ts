import { createHash } from 'node:crypto';
import { access, constants, glob, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { EngineBuild, EngineSourceSpec, HostSource } from '../spi/engine-source.ts';
import { buildIdOf, operatorRecipe, recipeOf } from './build-record.ts';
import type { BuildRecord } from './build-record.ts';
import { sha256OfFile } from './file-hash.ts';
import { probeVersion } from './probe-version.ts';
import { EngineSourceError } from './source-error.ts';
import { matchesTrack } from './version.ts';

export interface HostRequest { datastore: string; track: string; signal: AbortSignal }
type Programs = Pick<HostSource, 'binaries' | 'versionCommand'>;

/** At most so many directories are looked into: a careless glob shall not start hundreds of programs. */
const maxCandidates = 32;

const byNumbers = new Intl.Collator('en', { numeric: true });

/** Directories of each pattern, the last by name first: /opt/engine-9.10 before /opt/engine-9.9. */
async function expand(patterns: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const pattern of patterns) {
    if (!isAbsolute(pattern)) throw new EngineSourceError('bad-spec', `the search path ${pattern} is not absolute`);
    found.push(...(await Array.fromAsync(glob(pattern))).toSorted(byNumbers.compare).toReversed());
  }
  return [...new Set(found)].slice(0, maxCandidates);
}

/** SHA-256 over the programs: a package upgrade on the host changes it, and with it the build. */
export async function hashBinaries(binDir: string, binaries: readonly string[], signal: AbortSignal): Promise<string> {
  const lines = await Promise.all([...binaries].toSorted().map(async (name) => `${name}=${await sha256OfFile(join(binDir, name), signal)}`));
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** The directory as a build, or the reason why it is none. */
async function inspect(request: HostRequest, directory: string, programs: Programs): Promise<EngineBuild> {
  const { datastore, track, signal } = request;
  const { binaries, versionCommand: command } = programs;
  const binDir = await realpath(directory).catch(() => { throw new EngineSourceError('not-found', `there is no directory ${directory}`); });
  for (const name of new Set([command.binary, ...binaries])) {
    const canRun = await access(join(binDir, name), constants.X_OK).then(() => true, () => false);
    if (!canRun) throw new EngineSourceError('not-found', `${directory} has no program ${name} that this user can run`);
  }
  const prefix = basename(binDir) === 'bin' ? dirname(binDir) : binDir;
  const version = await probeVersion({ program: join(binDir, command.binary), command, prefix }, signal);
  if (!matchesTrack(version, track)) throw new EngineSourceError('wrong-version', `${directory} holds version ${version}, not ${track}`);
  const closureHash = await hashBinaries(binDir, binaries, signal);
  const id = buildIdOf(request, version, closureHash, `host:${binDir}`);
  return { id, datastore, track, version, prefix, binDir, closureHash, source: 'host', packages: [], installedAt: new Date().toISOString() };
}

/** The first directory of the search paths that has every program in a version of the track. */
export async function findOnHost(request: HostRequest, spec: HostSource): Promise<BuildRecord> {
  const reasons: string[] = [];
  for (const directory of await expand(spec.searchPaths)) {
    try {
      return { format: 1, build: await inspect(request, directory, spec), recipe: recipeOf(spec), spec, files: [] };
    } catch (error) {
      request.signal.throwIfAborted();
      if (!(error instanceof EngineSourceError)) throw error;
      reasons.push(error.message);
    }
  }
  const where = reasons.length > 0 ? reasons.join('; ') : `nothing at ${spec.searchPaths.join(', ')}`;
  throw new EngineSourceError('not-found', `no ${request.datastore} ${request.track} on this host (${where})`);
}

/** The operator's own directory. It is never passed over in silence: what is wrong with it is the answer. */
export async function useOperatorDirectory(request: HostRequest, directory: string, sources: readonly EngineSourceSpec[]): Promise<BuildRecord> {
  const host = sources.find((s) => s.kind === 'host');
  const command = (host ?? sources[0])?.versionCommand;
  if (command === undefined) throw new EngineSourceError('bad-spec', 'the plugin names no source for this track');
  const programs = { binaries: host?.binaries ?? [command.binary], versionCommand: command };
  const build = await inspect(request, directory, programs);
  return { format: 1, build, recipe: operatorRecipe, spec: { kind: 'host', searchPaths: [directory], ...programs }, files: [] };
}
