/** What the catalogue shows of things it no longer has: an instance outlives the plugin that made it. */
import type { Catalogue, DatastoreDoc, FlavorDoc, PluginDoc, VersionDoc } from '../../domain/api.ts';
import type { InstanceDoc } from '../../domain/instance/document.ts';

const missingPlugin = (name: string): PluginDoc => ({
  name, version: 'unknown', apiVersion: 'unknown', maturity: 'UNKNOWN', maturityReason: null, origin: 'unknown', state: 'DISABLED',
  problem: 'The plugin is not installed, or was refused at start.',
});

/** The version of an instance or a group, or what that itself remembers of it when its plugin is gone. */
export const versionOf = (catalogue: Catalogue, instance: Pick<InstanceDoc, 'versionId' | 'datastore' | 'track'>): VersionDoc => catalogue.instanceVersion(instance.versionId) ?? {
  id: instance.versionId, name: instance.track, datastoreId: '', datastore: instance.datastore, active: false, deprecated: false,
  endOfLife: null, capabilities: [], absent: [], minMemoryMb: 0,
  visibility: 'PUBLIC', projectIds: [], flavorIds: null, revision: 0,
};

export const datastoreOf = (catalogue: Catalogue, version: VersionDoc): DatastoreDoc => catalogue.datastore(version.datastore) ?? {
  id: version.datastoreId, name: version.datastore, title: version.datastore, description: 'Its plugin is not in use.',
  plugin: catalogue.plugins().find((plugin) => plugin.name === version.datastore) ?? missingPlugin(version.datastore),
};

/** The flavor of an instance; one that another gateway has just made may not have come to memory yet. */
export const flavorOf = (catalogue: Catalogue, instance: InstanceDoc): FlavorDoc => catalogue.instanceFlavor(instance.flavorId) ?? { id: instance.flavorId, name: instance.flavorId, vcpus: 0, memoryMb: 0 };
