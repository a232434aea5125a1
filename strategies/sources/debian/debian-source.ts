import type { EngineBuild } from '../../spi/engine-source.ts';
import { closureHash, recipeOf } from '../build-record.ts';
import type { BuildRecord } from '../build-record.ts';
import type { BuildShelf } from '../build-shelf.ts';
import { EngineSourceError } from '../source-error.ts';
import { fetchPackages } from './fetch-packages.ts';
import { requireHostTools } from './host-apt.ts';
import { discardLeftovers, fetchedShare, layOut, scaled } from './lay-out.ts';
import type { BuildPackage, DebianRequest } from './lay-out.ts';
import type { DebianOptions, Progress } from './options.ts';
import { isKept } from './package-store.ts';

/** Installs the suite's current packages as a build, or answers the one that has exactly them. The track's lock is held. */
export async function installFromDebian(shelf: BuildShelf, options: DebianOptions, request: DebianRequest): Promise<EngineBuild> {
  const { datastore, track, spec, signal } = request;
  await requireHostTools();
  await discardLeftovers(shelf, request);
  const recipe = recipeOf(spec);
  const own = (await shelf.known()).filter((r) => r.build.datastore === datastore && r.build.track === track && r.recipe === recipe);
  const madeOf = (closure: readonly BuildPackage[]): BuildRecord | undefined => own.find((r) => r.build.closureHash === closureHash(closure));
  const closure = await fetchPackages(options, {
    ...spec, name: `${datastore}-${track}`, signal, progress: scaled(request.progress, 0, fetchedShare),
    isWanted: (packages) => madeOf(packages) === undefined,
  });
  return madeOf(closure)?.build ?? await layOut(shelf, options, request, closure);
}

/** Makes a recorded build again out of the packages kept. The track's lock is held. */
export async function restoreFromPackages(shelf: BuildShelf, options: DebianOptions, record: BuildRecord, limits: { signal: AbortSignal; progress: Progress }): Promise<EngineBuild> {
  const { build, spec, files } = record;
  if (spec.kind !== 'debian') throw new EngineSourceError('not-found', `${build.id} was made of the host's own programs, and those are gone`);
  const request: DebianRequest = { datastore: build.datastore, track: build.track, spec, ...limits };
  await requireHostTools();
  await discardLeftovers(shelf, request);
  const packages = build.packages.map((p, i) => ({ ...p, file: files[i] ?? '' }));
  for (const item of packages) {
    if (!await isKept(shelf.root, item, limits.signal)) throw new EngineSourceError('not-found', `the package ${item.file} of ${build.id} is no longer kept`);
  }
  return await layOut(shelf, options, request, packages);
}
