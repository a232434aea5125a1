/** All use cases, put together. */
import { notFound } from '../../kernel/errors.ts';
import type { ListedBuild } from '../../strategies/spi/compute.ts';
import type { Access, Domain, EngineSourceDoc } from './api.ts';
import { createAdmit } from './admit.ts';
import { createFlavorChanges } from './catalogue/flavors.ts';
import { createVersionChanges } from './catalogue/versions.ts';
import { createConfigurations } from './configuration/configurations.ts';
import { createEngineObjects } from './engine-objects.ts';
import type { DomainDeps } from './deps.ts';
import { listEvents } from './events.ts';
import { installEngine } from './install-engine.ts';
import { createInstance } from './instance/create.ts';
import { createInstanceDocuments } from './instance/documents.ts';
import { createLifecycle } from './instance/lifecycle.ts';
import { findInstance, findInstances, listInstances } from './instance/read.ts';
import { resizeInstance } from './instance/resize.ts';
import { resizeVolume } from './instance/resize-volume.ts';
import { requireCapability } from './instance/validate-create.ts';
import { createOperationsApi } from './operations.ts';
import { live } from './live.ts';
import { requireAction } from './policy.ts';
import { readSystem } from './system.ts';
import { newerBuild, rolloutUpgrade, upgradeInstance } from './upgrade/upgrade.ts';

export interface DomainOptions extends DomainDeps {
  access: Access;
  version: string;
  generation: number;
  /** builds a host has now; null when the host does not answer */
  listBuilds(): Promise<ListedBuild[] | null>;
}

export function createDomain(deps: DomainOptions): Domain {
  const { store } = deps;
  const documents = createInstanceDocuments();
  const creating = { ...deps, admit: createAdmit(deps) };
  return {
    catalogue: deps.catalogue,
    catalogueChanges: { ...createVersionChanges(deps), ...createFlavorChanges(deps) },
    access: deps.access,
    instances: {
      list: (caller, page, filter, order) => listInstances(store, documents, caller, page, filter, order),
      find: (caller, by) => findInstance(store, caller, by),
      findMany: (caller, ids) => findInstances(store, caller, ids),
      create: (caller, input) => createInstance(creating, caller, input),
      resize: (caller, input) => resizeInstance(deps, caller, input),
      upgrade: (caller, input) => upgradeInstance(deps, caller, input),
      rolloutUpgrade: (caller, input) => rolloutUpgrade(deps, caller, input),
      newerBuild: async (instance) => (await newerBuild(deps, instance))?.id ?? null,
      ...createLifecycle(deps),
      resizeVolume: (caller, input) => resizeVolume(deps, caller, input),
    },
    configurations: createConfigurations(deps),
    live,
    engine: createEngineObjects(deps),
    operations: createOperationsApi(deps),
    events: { list: (caller, page, filter) => listEvents(store, caller, page, filter) },
    engineSource: (versionId) => engineSource(deps, versionId),
    async parameters(version) {
      requireCapability(version, 'CONFIGURATION');
      return (await deps.parameters.parametersOf(version.datastore, version.name)).byName;
    },
    installEngine: (caller, input) => installEngine(deps, caller, input),
    async system(caller) {
      requireAction(caller, 'system.read');
      return readSystem(store, deps.version, deps.generation);
    },
  };
}

async function engineSource(deps: DomainOptions, versionId: string): Promise<EngineSourceDoc> {
  const version = deps.catalogue.instanceVersion(versionId);
  const track = version && deps.catalogue.manifest(version.datastore)?.tracks.find((t) => t.name === version.name);
  if (!version || !track) throw notFound(`version ${versionId}`);
  const builds = await deps.listBuilds();
  const own = builds?.filter((b) => b.datastore === version.datastore && b.track === version.name) ?? null;
  return { kinds: track.sources.map((s) => s.kind), builds: own?.map((b) => ({ id: b.id, version: b.version, source: b.source, installedAt: b.installedAt, binDir: b.binDir })) ?? null };
}
