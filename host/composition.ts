import type { Log } from '../kernel/log.ts';
import type { Settings } from '../kernel/settings.ts';
import { loadPlugins } from '../strategies/registry.ts';
import { createEngineStore } from '../strategies/sources/index.ts';
import type { EngineSourceSpec, EngineStore } from '../strategies/spi/engine-source.ts';

/** The engine cache of this host, and what the plugins say about where binaries come from. */
export async function composeEngines(settings: Settings, log: Log): Promise<{ engineStore: EngineStore; engineSources(datastore: string, track: string): readonly EngineSourceSpec[] }> {
  const plugins = (await loadPlugins(settings.plugins)).flatMap((loaded) => (loaded.state === 'READY' ? [loaded.plugin.manifest] : []));
  return {
    engineStore: createEngineStore({
      root: settings.enginesFolder, log, preferred: settings.enginePaths, repositories: { maven: settings.mavenRepository, python: settings.pythonIndex },
    }),
    engineSources: (datastore, track) => plugins.find((manifest) => manifest.id === datastore)?.tracks.find((one) => one.name === track)?.sources ?? [],
  };
}
