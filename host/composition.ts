import type { Log } from '../kernel/log.ts';
import type { Settings } from '../kernel/settings.ts';
import { loadPluginsApart } from '../strategies/apart.ts';
import { createEngineStore, type PortableEngineStore } from '../strategies/sources/index.ts';
import type { EngineSourceSpec } from '../strategies/spi/engine-source.ts';

/** The engine cache of this host, and what the plugins say about where binaries come from. */
export async function composeEngines(settings: Settings, log: Log): Promise<{ engineStore: PortableEngineStore; engineSources(datastore: string, track: string): readonly EngineSourceSpec[] }> {
  const plugins = (await loadPluginsApart(settings.plugins, { keep: false })).flatMap((loaded) => (loaded.state === 'READY' ? [loaded.plugin.manifest] : []));
  return {
    engineStore: createEngineStore({
      root: settings.enginesFolder, log, preferred: settings.enginePaths, repositories: { maven: settings.mavenRepository, python: settings.pythonIndex },
    }),
    engineSources: (datastore, track) => plugins.find((manifest) => manifest.id === datastore)?.tracks.find((one) => one.name === track)?.sources ?? [],
  };
}
