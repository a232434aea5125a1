import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveSource, EngineBuild } from '../spi/engine-source.ts';
import { artefactBytes, distinctFiles, readArtefacts } from './artefacts/artefact.ts';
import type { Artefact } from './artefacts/artefact.ts';
import { fetchArtefacts } from './artefacts/fetch-artefacts.ts';
import type { ArtefactOptions } from './artefacts/fetch-artefacts.ts';
import { layArtefacts } from './artefacts/lay-artefacts.ts';
import type { BuildShelf } from './build-shelf.ts';
import { discardLeftovers, fetchedShare, findMade, layOut } from './lay-out.ts';
import type { BuildRequest, Layout } from './lay-out.ts';
import { requireSpace } from './package-store.ts';
import { probeVersion } from './probe-version.ts';
import { scaled } from './progress.ts';
import { EngineSourceError } from './source-error.ts';

/** Artefacts as they are: nothing is relinked, programs run on the host's libraries. */
function createArchiveLayout(root: string, { spec, signal }: BuildRequest<ArchiveSource>, artefacts: readonly Artefact[]): Layout {
  return {
    fill: (aside) => layArtefacts(root, artefacts, aside, signal),
    versionIn: async (aside) => {
      const program = join(aside, spec.binDir, spec.versionCommand.binary);
      const canRun = await access(program, constants.X_OK).then(() => true, () => false);
      if (!canRun) throw new EngineSourceError('bad-spec', `the artefacts hold no program ${join(spec.binDir, spec.versionCommand.binary)}`);
      return await probeVersion({ program, command: spec.versionCommand, prefix: aside }, signal);
    },
  };
}

/** Installs what the plugin names, or answers the build that has exactly it. The track's lock is held. */
export async function installFromArchive(shelf: BuildShelf, options: ArtefactOptions, request: BuildRequest<ArchiveSource>): Promise<EngineBuild> {
  const { datastore, track, spec, signal, progress } = request;
  await discardLeftovers(shelf, request);
  const artefacts = readArtefacts(spec.artefacts);
  const files = distinctFiles(artefacts);
  const present = (await findMade(shelf, request))(files);
  if (present !== undefined) return present;
  await requireSpace(shelf.root, artefactBytes(artefacts));
  await fetchArtefacts(options, artefacts, { name: `${datastore}-${track}`, signal, progress: scaled(progress, 0, fetchedShare) });
  return await layOut(shelf, request, files, createArchiveLayout(shelf.root, request, artefacts));
}

/** Makes a build again out of files that are kept and verified. The track's lock is held. */
export async function restoreArchive(shelf: BuildShelf, request: BuildRequest<ArchiveSource>): Promise<EngineBuild> {
  const artefacts = readArtefacts(request.spec.artefacts);
  return await layOut(shelf, request, distinctFiles(artefacts), createArchiveLayout(shelf.root, request, artefacts));
}
