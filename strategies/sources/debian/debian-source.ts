import type { EngineBuild } from '../../spi/engine-source.ts';
import { artefactBytes, distinctFiles, readArtefacts } from '../artefacts/artefact.ts';
import { fetchArtefacts } from '../artefacts/fetch-artefacts.ts';
import { closureHash, recipeOf } from '../build-record.ts';
import type { BuildRecord } from '../build-record.ts';
import type { BuildShelf } from '../build-shelf.ts';
import { isKept } from '../package-store.ts';
import { scaled } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { EngineSourceError } from '../source-error.ts';
import { fetchPackages } from './fetch-packages.ts';
import { requireHostTools } from './host-apt.ts';
import { discardLeftovers, fetchedShare, layOut } from './lay-out.ts';
import type { BuildPackage, DebianRequest } from './lay-out.ts';
import type { DebianOptions } from './options.ts';

/** Installs the suite's current packages as a build, or answers the one that has exactly them. The track's lock is held. */
export async function installFromDebian(shelf: BuildShelf, options: DebianOptions, request: DebianRequest): Promise<EngineBuild> {
  const { datastore, track, spec, signal } = request;
  await requireHostTools();
  await discardLeftovers(shelf, request);
  const recipe = recipeOf(spec);
  const artefacts = readArtefacts(spec.artefacts);
  const own = (await shelf.known()).filter((r) => r.build.datastore === datastore && r.build.track === track && r.recipe === recipe);
  const madeOf = (packages: readonly BuildPackage[]): BuildRecord | undefined => own.find((r) => r.build.closureHash === closureHash([...packages, ...distinctFiles(artefacts)]));
  const name = `${datastore}-${track}`;
  const packagesShare = artefacts.length === 0 ? fetchedShare : fetchedShare / 2;
  const packages = await fetchPackages(options, {
    ...spec, name, signal, progress: scaled(request.progress, 0, packagesShare), otherBytes: artefactBytes(artefacts),
    isWanted: (closure) => madeOf(closure) === undefined,
  });
  const present = madeOf(packages);
  if (present !== undefined) return present.build;
  await fetchArtefacts(options, artefacts, { name, signal, progress: scaled(request.progress, packagesShare, fetchedShare) });
  return await layOut(shelf, options, request, packages, artefacts);
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
  const artefacts = readArtefacts(spec.artefacts);
  const isArtefact = (item: BuildPackage): boolean => artefacts.some((a) => a.file === item.file);
  return await layOut(shelf, options, request, packages.filter((item) => !isArtefact(item)), artefacts);
}
