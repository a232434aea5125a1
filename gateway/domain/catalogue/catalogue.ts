/**
 * The catalogue in memory: plugins (from the registry) joined with what operators may switch (rows). Loaded at boot and
 * again when another gateway says it changed.
 */
import { idPrefixes, newId } from '../../../kernel/ids.ts';
import type { LoadedPlugin } from '../../../strategies/registry.ts';
import type { Store, Tx } from '../../store/tx.ts';
import type { Catalogue, DatastoreDoc, FlavorDoc, PluginDoc, VersionDoc, VolumeTypeDoc } from '../api.ts';

/** Flavors of a fresh installation. */
export const firstFlavors = [
  { name: 'nano', vcpus: 0.25, memoryMb: 256 }, { name: 'micro', vcpus: 0.5, memoryMb: 512 }, { name: 'small', vcpus: 1, memoryMb: 1024 },
  { name: 'medium', vcpus: 1, memoryMb: 2048 }, { name: 'large', vcpus: 2, memoryMb: 4096 },
] as const;

/** Served by the compute strategy; constant ids, since nothing can be added yet. */
const volumeTypes: VolumeTypeDoc[] = [
  { id: `${idPrefixes.VolumeType}_00000000000000000000000001`, name: 'directory', description: 'A folder on the host\'s own disk; its size is watched, not enforced by the file system.' },
];

interface VersionRow { id: string; name: string; active: boolean; datastore_id: string; datastore: string }

/** Rows for what the plugins bring; several gateways may do it at once. */
export async function seedCatalogue(tx: Tx, plugins: readonly LoadedPlugin[]): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', ['coffer/catalogue']);
  const [{ n } = { n: 0 }] = await tx.query<{ n: number }>('select count(*)::int as n from flavor');
  if (n === 0) for (const f of firstFlavors) await tx.query('insert into flavor (id, name, vcpus, memory_mb) values ($1, $2, $3, $4)', [newId('Flavor'), f.name, f.vcpus, f.memoryMb]);
  const known = await tx.query<{ key: string }>('select d.name || \'/\' || v.name as key from datastore d join datastore_version v on v.datastore_id = d.id');
  const have = new Set(known.map((k) => k.key));
  for (const plugin of plugins) {
    if (plugin.state !== 'READY') continue;
    const { id: name, tracks } = plugin.plugin.manifest;
    if (tracks.every((t) => have.has(`${name}/${t.name}`))) continue;
    await tx.query('insert into datastore (id, name) values ($1, $2) on conflict (name) do nothing', [newId('Datastore'), name]);
    for (const track of tracks) {
      await tx.query('insert into datastore_version (id, datastore_id, name) select $1, id, $3 from datastore where name = $2 on conflict do nothing', [newId('DatastoreVersion'), name, track.name]);
    }
  }
  const [{ p } = { p: 0 }] = await tx.query<{ p: number }>('select count(*)::int as p from project');
  if (p === 0) await tx.query('insert into project (id, name) values ($1, $2)', [newId('Project'), 'default']);
}

export async function loadCatalogue(store: Store, plugins: readonly LoadedPlugin[]): Promise<Catalogue & { reload(): Promise<void> }> {
  let state = await read(store, plugins);
  return {
    async reload() { state = await read(store, plugins); },
    datastores: () => state.datastores,
    datastore: (nameOrId) => state.datastores.find((d) => d.name === nameOrId || d.id === nameOrId),
    versions: (datastoreId, includeInactive) => state.versions.filter((v) => v.datastoreId === datastoreId && (includeInactive || v.active)),
    version: (id) => state.versionById.get(id),
    flavors: () => state.flavors,
    flavor: (idOrName) => state.flavorByKey.get(idOrName),
    volumeTypes: () => volumeTypes,
    volumeType: (idOrName) => volumeTypes.find((v) => v.id === idOrName || v.name === idOrName),
    manifest: (datastore) => plugins.flatMap((p) => (p.state === 'READY' && p.plugin.manifest.id === datastore ? [p.plugin.manifest] : []))[0],
    plugins: () => plugins.map(pluginDoc),
  };
}

async function read(store: Store, plugins: readonly LoadedPlugin[]) {
  const flavors = await store.query<FlavorDoc>('select id, name, vcpus, memory_mb as "memoryMb" from flavor order by memory_mb, name');
  const rows = await store.query<VersionRow>('select v.id, v.name, v.active, v.datastore_id, d.name as datastore from datastore_version v join datastore d on d.id = v.datastore_id');
  const ready = plugins.flatMap((p) => (p.state === 'READY' ? [p] : []));
  const versions = ready.flatMap((p) => versionDocs(p, rows));
  const datastores = ready.flatMap((p) => datastoreDoc(p, rows, versions));
  return {
    flavors, versions, datastores,
    flavorByKey: new Map(flavors.flatMap((f) => [[f.id, f], [f.name, f]] as const)),
    versionById: new Map(versions.map((v) => [v.id, v])),
  };
}

type Ready = Extract<LoadedPlugin, { state: 'READY' }>;

function versionDocs({ plugin: { manifest } }: Ready, rows: readonly VersionRow[]): VersionDoc[] {
  return manifest.tracks.flatMap((track) => {
    const row = rows.find((r) => r.datastore === manifest.id && r.name === track.name);
    if (!row) return [];
    return [{
      id: row.id, name: row.name, datastoreId: row.datastore_id, datastore: manifest.id, active: row.active, deprecated: track.deprecated ?? false,
      endOfLife: track.endOfLife ?? null, capabilities: manifest.capabilities,
      absent: Object.entries(manifest.absent ?? {}).map(([capability, reason]) => ({ capability, reason })), minMemoryMb: track.minMemoryMb,
    }];
  });
}

function datastoreDoc(loaded: Ready, rows: readonly VersionRow[], versions: readonly VersionDoc[]): DatastoreDoc[] {
  const { manifest } = loaded.plugin;
  const row = rows.find((r) => r.datastore === manifest.id);
  if (!row) return [];
  const own = versions.filter((v) => v.datastore === manifest.id);
  const preferred = manifest.tracks.find((t) => t.default)?.name;
  return [{
    id: row.datastore_id, name: manifest.id, title: manifest.title, description: manifest.description, plugin: pluginDoc(loaded),
    versionIds: own.map((v) => v.id), defaultVersionId: own.find((v) => v.name === preferred && v.active)?.id ?? own.find((v) => v.active)?.id ?? null,
  }];
}

function pluginDoc(loaded: LoadedPlugin): PluginDoc {
  if (loaded.state === 'DISABLED') return { name: loaded.name, version: 'unknown', apiVersion: 'unknown', maturity: 'EXPERIMENTAL', maturityReason: null, origin: loaded.origin, state: 'DISABLED', problem: loaded.problem };
  const { manifest } = loaded.plugin;
  return { name: manifest.id, version: manifest.version, apiVersion: manifest.apiVersion, maturity: manifest.maturity, maturityReason: manifest.maturityReason ?? null, origin: loaded.origin, state: 'READY', problem: null };
}
