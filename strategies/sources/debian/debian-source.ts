import type { DebianSource, EngineBuild } from '../../spi/engine-source.ts';
import { artefactBytes, distinctFiles, readArtefacts } from '../artefacts/artefact.ts';
import { fetchArtefacts } from '../artefacts/fetch-artefacts.ts';
import type { BuildShelf } from '../build-shelf.ts';
import { discardLeftovers, fetchedShare, findMade, layOut } from '../lay-out.ts';
import type { BuildPackage, BuildRequest } from '../lay-out.ts';
import { scaled } from '../progress.ts';
import { createDebianLayout } from './debian-layout.ts';
import { fetchPackages } from './fetch-packages.ts';
import { requireHostTools } from './host-apt.ts';
import type { DebianOptions } from './options.ts';

/** Installs the suite's current packages as a build, or answers the one that has exactly them. The track's lock is held. */
export async function installFromDebian(shelf: BuildShelf, options: DebianOptions, request: BuildRequest<DebianSource>): Promise<EngineBuild> {
  const { datastore, track, spec, refresh = false, signal, progress } = request;
  await requireHostTools();
  await discardLeftovers(shelf, request);
  const artefacts = readArtefacts(spec.artefacts);
  const files = (packages: readonly BuildPackage[]): BuildPackage[] => [...packages, ...distinctFiles(artefacts)];
  const made = await findMade(shelf, request);
  const name = `${datastore}-${track}`;
  const packagesShare = artefacts.length === 0 ? fetchedShare : fetchedShare / 2;
  const packages = await fetchPackages(options, {
    ...spec, name, refresh, signal, progress: scaled(progress, 0, packagesShare), otherBytes: artefactBytes(artefacts),
    isWanted: (closure) => made(files(closure)) === undefined,
  });
  const present = made(files(packages));
  if (present !== undefined) return present;
  await fetchArtefacts(options, artefacts, { name, signal, progress: scaled(progress, packagesShare, fetchedShare) });
  return await layOut(shelf, request, files(packages), await createDebianLayout(options, request, packages, artefacts));
}

/** Makes a build again out of files that are kept and verified. The track's lock is held. */
export async function restoreDebian(shelf: BuildShelf, options: DebianOptions, request: BuildRequest<DebianSource>, files: readonly BuildPackage[]): Promise<EngineBuild> {
  await requireHostTools('unpack');
  const artefacts = readArtefacts(request.spec.artefacts);
  const packages = files.filter((item) => !artefacts.some((a) => a.file === item.file));
  return await layOut(shelf, request, files, await createDebianLayout(options, request, packages, artefacts));
}
