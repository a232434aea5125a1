import type { Log } from '../kernel/log.ts';
import type { Settings } from '../kernel/settings.ts';
import { loadPluginsApart } from '../strategies/apart.ts';
import { packagesOf } from '../strategies/registry.ts';
import { createEngineStore, type PortableEngineStore } from '../strategies/sources/index.ts';
import type { EngineSourceSpec } from '../strategies/spi/engine-source.ts';

export interface HostEngines {
  engineStore: PortableEngineStore;
  engineSources(datastore: string, track: string): readonly EngineSourceSpec[];
  packagesOf(datastore: string): readonly string[] | undefined;
}

/** The engine cache of this host, and what the plugins say about where binaries come from and agents their plugin. */
export async function composeEngines(settings: Settings, log: Log): Promise<HostEngines> {
  const loaded = await loadPluginsApart(settings.plugins, { keep: false });
  const plugins = loaded.flatMap((one) => (one.state === 'READY' ? [one.plugin.manifest] : []));
  return {
    engineStore: createEngineStore({
      root: settings.enginesFolder, log, preferred: settings.enginePaths, repositories: { maven: settings.mavenRepository, python: settings.pythonIndex },
    }),
    engineSources: (datastore, track) => plugins.find((manifest) => manifest.id === datastore)?.tracks.find((one) => one.name === track)?.sources ?? [],
    packagesOf: (datastore) => packagesOf(loaded, datastore),
  };
}
