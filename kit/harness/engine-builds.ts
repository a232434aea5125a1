/** Real engine builds for tests: made once by the plugin's own sources, kept between runs, shared by everything that runs here. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatastorePlugin } from '../../strategies/spi/datastore.ts';
import type { EngineBuild } from '../../strategies/spi/engine-source.ts';

/** `COFFER_TEST_ENGINES` names a folder of builds; the default is shared by all checkouts of this machine. */
export const engineFolder = process.env['COFFER_TEST_ENGINES'] ?? join(tmpdir(), 'coffer-engines');

export async function engineBuild(plugin: DatastorePlugin, track: string): Promise<EngineBuild> {
  const records = join(engineFolder, 'records');
  // A dot: not of a build.
  const files = existsSync(records) ? (await readdir(records)).filter((file) => !file.startsWith('.')) : [];
  const found = (await Promise.all(files.map(async (file) => (JSON.parse(await readFile(join(records, file), 'utf8')) as { build: EngineBuild }).build)))
    // a host's own binaries belong to one installation; a shared folder may hold what another test named
    .filter((build) => build.source === 'debian' && build.datastore === plugin.manifest.id && build.track === track && existsSync(build.binDir));
  const newest = found.sort((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))[0];
  if (!newest) throw new Error(`There is no build of ${plugin.manifest.id} ${track} in ${engineFolder}: install one there, or name another folder in COFFER_TEST_ENGINES`);
  return newest;
}
