/**
 * Before tests that need real engines: every track of every built-in plugin is fetched once, by the plugins' own sources,
 * into a folder that all tests of this machine share. `COFFER_TEST_ENGINES` names another one.
 */
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../kernel/log.ts';
import { loadPlugins } from '../../strategies/registry.ts';
import { createEngineStore } from '../../strategies/sources/index.ts';

const timeoutMs = 20 * 60_000;

export default async function setup(): Promise<void> {
  const root = (process.env['COFFER_TEST_ENGINES'] ??= join(tmpdir(), 'coffer-engines'));
  await mkdir(root, { recursive: true });
  const store = createEngineStore({ root, log: silentLog });
  const signal = AbortSignal.timeout(timeoutMs);
  const wanted = (await loadPlugins()).flatMap((p) => (p.state === 'READY' ? p.plugin.manifest.tracks.map((track) => ({ datastore: p.plugin.manifest.id, track })) : []));
  for (const { datastore, track } of wanted) {
    if (await store.find(datastore, track.name)) continue;
    console.log(`fetching ${datastore} ${track.name} for the tests`);
    // what the machine happens to have would make runs differ
    const sources = track.sources.filter((source) => source.kind !== 'host');
    await store.ensure({ datastore, track: track.name, sources, signal });
  }
}
