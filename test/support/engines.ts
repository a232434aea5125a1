/**
 * Engines that tests need, fetched once by the plugins' own sources into a folder that all tests of this machine share.
 * `COFFER_TEST_ENGINES` names another one.
 */
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../kernel/log.ts';
import { loadPlugins } from '../../strategies/registry.ts';
import { createEngineStore } from '../../strategies/sources/index.ts';
import type { DatastorePlugin } from '../../strategies/spi/datastore.ts';

const timeoutMs = 20 * 60_000;

/** Those of every track. */
export async function fetchEngines(plugins: readonly DatastorePlugin[], stop?: AbortSignal): Promise<void> {
  const root = (process.env['COFFER_TEST_ENGINES'] ??= join(tmpdir(), 'coffer-engines'));
  await mkdir(root, { recursive: true });
  const store = createEngineStore({ root, log: silentLog });
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = stop ? AbortSignal.any([stop, timeout]) : timeout;
  for (const { manifest } of plugins) {
    for (const track of manifest.tracks) {
      if (await store.find(manifest.id, track.name)) continue;
      console.log(`fetching ${manifest.id} ${track.name} for the tests`);
      // what the machine happens to have would make runs differ
      const sources = track.sources.filter((source) => source.kind !== 'host');
      await store.ensure({ datastore: manifest.id, track: track.name, sources, signal });
    }
  }
}

/** Those of every built-in plugin. */
export const fetchAllEngines = async (stop?: AbortSignal): Promise<void> => fetchEngines((await loadPlugins()).flatMap((one) => (one.state === 'READY' ? [one.plugin] : [])), stop);
