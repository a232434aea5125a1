import type { EngineBuild } from '../spi/engine-source.ts';
import { restoreArchive } from './archive-source.ts';
import type { BuildRecord } from './build-record.ts';
import type { BuildShelf } from './build-shelf.ts';
import { restoreDebian } from './debian/debian-source.ts';
import type { DebianOptions } from './debian/options.ts';
import { discardLeftovers } from './lay-out.ts';
import type { BuildPackage } from './lay-out.ts';
import { isKept } from './package-store.ts';
import type { Progress } from './progress.ts';
import { EngineSourceError } from './source-error.ts';

/** The files a recorded build was made of. */
export const filesOf = ({ build, files }: BuildRecord): BuildPackage[] => build.packages.map((one, i) => ({ ...one, file: files[i] ?? '' }));

/** Makes a recorded build again out of what is kept, without network. The track's lock is held. */
export async function restoreBuild(shelf: BuildShelf, options: DebianOptions, record: BuildRecord, limits: { signal: AbortSignal; progress: Progress }): Promise<EngineBuild> {
  const { build: { id, datastore, track }, spec } = record;
  if (spec.kind === 'host') throw new EngineSourceError('not-found', `${id} was made of the host's own programs, and those are gone`);
  await discardLeftovers(shelf, { datastore, track });
  const files = filesOf(record);
  for (const item of files) {
    if (!await isKept(shelf.root, item, limits.signal)) throw new EngineSourceError('not-found', `the package ${item.file} of ${id} is no longer kept`);
  }
  if (spec.kind === 'archive') return await restoreArchive(shelf, { datastore, track, spec, ...limits });
  return await restoreDebian(shelf, options, { datastore, track, spec, ...limits }, files);
}
