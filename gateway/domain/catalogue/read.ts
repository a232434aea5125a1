/** The catalogue as a transaction sees it: plugins (from the registry) joined with what operators chose (rows). */
import { idPrefixes } from '../../../kernel/ids.ts';
import type { LoadedPlugin } from '../../../strategies/registry.ts';
import type { Tx } from '../../store/tx.ts';
import type { Catalogue, DatastoreDoc, FlavorDoc, PluginDoc, VersionDoc, Viewer, VolumeTypeDoc } from '../api.ts';
import { seesVersion } from '../policy.ts';

/** Served by hosts, each by as many as it can; constant ids, since nothing can be added. */
const volumeTypes: VolumeTypeDoc[] = [
  { id: `${idPrefixes.VolumeType}_00000000000000000000000001`, name: 'directory', description: 'A folder on the host\'s own disk; its size is watched, not enforced by the file system.' },
  { id: `${idPrefixes.VolumeType}_00000000000000000000000002`, name: 'loop', description: 'A file system of its own, of exactly its size; it grows while the engine runs.' },
];
const usualVolumeType = volumeTypes[0]!;

interface VersionRow {
  id: string; name: string; active: boolean; deprecated: boolean | null; visibility: VersionDoc['visibility']; revision: number; removed: boolean;
  datastore_id: string; datastore: string; default_version_id: string | null; projects: string[]; flavors: string[];
}
interface FlavorRow extends FlavorDoc { deleted: boolean }
type Ready = Extract<LoadedPlugin, { state: 'READY' }>;
interface Entry { datastore: DatastoreDoc; versions: VersionDoc[]; chosenId: string | null; pluginsDefault: string | undefined }

const VERSIONS = `select v.id, v.name, v.active, v.deprecated, v.visibility, v.revision, v.removed_at is not null as removed, v.datastore_id, d.name as datastore, d.default_version_id,
    array(select p.project_id from datastore_version_project p where p.version_id = v.id order by p.project_id) as projects,
    array(select f.flavor_id from datastore_version_flavor f where f.version_id = v.id) as flavors
  from datastore_version v join datastore d on d.id = v.datastore_id`;

const OFFERED_VOLUME_TYPES = `select distinct v->>'name' as name from host h cross join lateral jsonb_array_elements(coalesce(h.facts->'volumeTypes', '[]')) v where v->>'problem' is null`;

/** Why a version has no configuration groups though its plugin has; null: it has. */
export type ParameterProblem = (datastore: string, track: string) => string | null;

export async function readCatalogue(tx: Tx, plugins: readonly LoadedPlugin[], parameterProblem: ParameterProblem = () => null): Promise<Catalogue> {
  const [flavorRows, rows, offered] = await Promise.all([
    tx.query<FlavorRow>(`select id, split_part(name, '#', 1) as name, vcpus, memory_mb as "memoryMb", deleted_at is not null as deleted from flavor order by memory_mb, name`),
    tx.query<VersionRow>(VERSIONS),
    tx.query<{ name: string }>(OFFERED_VOLUME_TYPES),
  ]);
  const ready = plugins.flatMap((p) => (p.state === 'READY' ? [p] : []));
  const entries = ready.flatMap((loaded) => entryOf(loaded, rows, parameterProblem));
  const byId = new Map(entries.map((entry) => [entry.datastore.id, entry]));
  const removed = new Set(rows.filter((row) => row.removed).map((row) => row.id));
  const everyVersion = new Map(entries.flatMap(({ versions }) => versions.map((v) => [v.id, v] as const)));
  const everyFlavor = new Map(flavorRows.map(({ deleted: _, ...flavor }) => [flavor.id, flavor]));
  const flavors = flavorRows.filter((row) => !row.deleted).map((row) => everyFlavor.get(row.id)!);
  const flavorByKey = new Map(flavors.flatMap((f) => [[f.id, f], [f.name, f]] as const));

  const shown = (viewer: Viewer, version: VersionDoc): boolean => !removed.has(version.id) && seesVersion(viewer, version);
  const versions = (viewer: Viewer, datastoreId: string, includeInactive: boolean): VersionDoc[] =>
    (byId.get(datastoreId)?.versions ?? []).filter((v) => (includeInactive || v.active) && shown(viewer, v));
  return {
    datastores: () => entries.map(({ datastore }) => datastore),
    datastore: (nameOrId) => entries.find(({ datastore: d }) => d.name === nameOrId || d.id === nameOrId)?.datastore,
    versions,
    version(viewer, id) {
      const version = everyVersion.get(id);
      return version && shown(viewer, version) ? version : undefined;
    },
    defaultVersion(viewer, datastoreId) {
      const entry = byId.get(datastoreId);
      return entry && decideDefault(versions(viewer, datastoreId, false), entry.chosenId, entry.pluginsDefault);
    },
    instanceVersion: (id) => everyVersion.get(id),
    flavors: () => flavors,
    flavor: (idOrName) => flavorByKey.get(idOrName),
    instanceFlavor: (id) => everyFlavor.get(id),
    volumeTypes: () => volumeTypes.filter((type) => type === usualVolumeType || offered.some(({ name }) => name === type.name)),
    volumeType: (idOrName) => volumeTypes.find((v) => v.id === idOrName || v.name === idOrName),
    manifest: (datastore) => ready.find((p) => p.plugin.manifest.id === datastore)?.plugin.manifest,
    plugins: () => plugins.map(pluginDoc),
  };
}

/** Of what can be had: the operators' choice, else the plugin's, else the first as the plugin has them. Pure. */
export const decideDefault = (available: readonly VersionDoc[], chosenId: string | null, pluginsDefault: string | undefined): VersionDoc | undefined =>
  available.find((v) => v.id === chosenId) ?? available.find((v) => v.name === pluginsDefault) ?? available[0];

function entryOf(loaded: Ready, rows: readonly VersionRow[], parameterProblem: ParameterProblem): Entry[] {
  const { manifest } = loaded.plugin;
  const own = rows.filter((row) => row.datastore === manifest.id);
  if (!own[0]) return [];
  return [{
    datastore: { id: own[0].datastore_id, name: manifest.id, title: manifest.title, description: manifest.description, plugin: pluginDoc(loaded) },
    versions: manifest.tracks.flatMap((track) => {
      const row = own.find((r) => r.name === track.name);
      return row ? [versionDoc(loaded, track, row, parameterProblem(manifest.id, track.name))] : [];
    }),
    chosenId: own[0].default_version_id,
    pluginsDefault: manifest.tracks.find((t) => t.default)?.name,
  }];
}

const versionDoc = ({ plugin: { manifest } }: Ready, track: Ready['plugin']['manifest']['tracks'][number], row: VersionRow, parameterProblem: string | null): VersionDoc => ({
  id: row.id, name: row.name, datastoreId: row.datastore_id, datastore: manifest.id, active: row.active && !row.removed, deprecated: row.deprecated ?? track.deprecated ?? false,
  endOfLife: track.endOfLife ?? null, capabilities: parameterProblem === null ? manifest.capabilities : manifest.capabilities.filter((one) => one !== 'CONFIGURATION'),
  absent: Object.entries({ ...manifest.absent, ...(parameterProblem === null ? {} : { CONFIGURATION: `its plugin is at fault: ${parameterProblem}` }) }).map(([capability, reason]) => ({ capability, reason })),
  minMemoryMb: track.minMemoryMb,
  visibility: row.visibility, projectIds: row.projects, flavorIds: row.flavors.length > 0 ? row.flavors : null, revision: row.revision,
});

function pluginDoc(loaded: LoadedPlugin): PluginDoc {
  if (loaded.state === 'DISABLED') return { name: loaded.name, version: 'unknown', apiVersion: 'unknown', maturity: 'EXPERIMENTAL', maturityReason: null, origin: loaded.origin, state: 'DISABLED', problem: loaded.problem };
  const { manifest } = loaded.plugin;
  return { name: manifest.id, version: manifest.version, apiVersion: manifest.apiVersion, maturity: manifest.maturity, maturityReason: manifest.maturityReason ?? null, origin: loaded.origin, state: 'READY', problem: null };
}
