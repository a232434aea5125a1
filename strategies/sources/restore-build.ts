import type { EngineBuild } from '../spi/engine-source.ts';
import { restoreArchive } from './archive-source.ts';
import type { BuildRecord } from './build-record.ts';
import type { BuildShelf } from './build-shelf.ts';
import { restoreDebian } from './debian/debian-source.ts';
import type { DebianOptions } from './debian/options.ts';
import { discardLeftovers } from './lay-out.ts';
import type { BuildPackage, BuildRequest } from './lay-out.ts';
import { isKept } from './package-store.ts';
import type { Progress } from './progress.ts';
import { EngineSourceError } from './source-error.ts';

/** The files a recorded build was made of. */
export const filesOf = ({ build, files }: BuildRecord): BuildPackage[] => build.packages.map((one, i) => ({ ...one, file: files[i] ?? '' }));

/** Makes a build out of what is kept, without network. The track's lock is held. */
export async function restoreFiles(shelf: BuildShelf, options: DebianOptions, request: BuildRequest, files: readonly BuildPackage[], title = `${request.datastore} ${request.track}`): Promise<EngineBuild> {
  const { spec, signal } = request;
  await discardLeftovers(shelf, request);
  for (const item of files) {
    if (!await isKept(shelf.root, item, signal)) throw new EngineSourceError('not-found', `the package ${item.file} of ${title} is no longer kept`);
  }
  return spec.kind === 'archive' ? await restoreArchive(shelf, { ...request, spec }) : await restoreDebian(shelf, options, { ...request, spec }, files);
}

/** Makes a recorded build again. The track's lock is held. */
export async function restoreBuild(shelf: BuildShelf, options: DebianOptions, record: BuildRecord, limits: { signal: AbortSignal; progress: Progress }): Promise<EngineBuild> {
  const { build: { id, datastore, track }, spec } = record;
  if (spec.kind === 'host') throw new EngineSourceError('not-found', `${id} was made of the host's own programs, and those are gone`);
  return await restoreFiles(shelf, options, { datastore, track, spec, buildId: id, ...limits }, filesOf(record), id);
}
