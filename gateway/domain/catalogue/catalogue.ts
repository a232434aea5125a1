/**
 * The catalogue in memory, so that lists, look-ups and creates ask the store nothing. It is read anew after each change
 * on this gateway, when another says that it changed something, and now and then in case nobody could say so.
 */
import type { Log } from '../../../kernel/log.ts';
import type { LoadedPlugin } from '../../../strategies/registry.ts';
import type { Store, Tx } from '../../store/tx.ts';
import type { Catalogue } from '../api.ts';
import { type ParameterProblem, readCatalogue } from './read.ts';

const CATALOGUE_CHANNEL = 'coffer_catalogue';
const lookEveryMs = 15_000;

export interface StoredCatalogue extends Catalogue {
  /** Resolves when all that had committed before the call is there. */
  reload(): Promise<void>;
  /** As the transaction sees it. */
  within(tx: Tx): Promise<Catalogue>;
}

/** In the transaction of a change. */
export const tellCatalogueChanged = (tx: Tx): void => tx.notify(CATALOGUE_CHANNEL);

export async function loadCatalogue(store: Store, plugins: readonly LoadedPlugin[], parameterProblem?: ParameterProblem): Promise<StoredCatalogue> {
  const read = (tx: Tx): Promise<Catalogue> => readCatalogue(tx, plugins, parameterProblem);
  let state = await read(store);
  let reading: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  // One after the other, or an older state could come last; whoever asks meanwhile shares the next.
  const start = (): Promise<void> => (reading = read(store).then((found) => { state = found; }).finally(() => { reading = null; }));
  const afterwards = (): Promise<void> => { next = null; return start(); };

  return {
    reload: () => next ?? (reading ? (next = reading.then(afterwards, afterwards)) : start()),
    within: read,
    datastores: () => state.datastores(),
    datastore: (nameOrId) => state.datastore(nameOrId),
    versions: (viewer, datastoreId, includeInactive) => state.versions(viewer, datastoreId, includeInactive),
    version: (viewer, id) => state.version(viewer, id),
    defaultVersion: (viewer, datastoreId) => state.defaultVersion(viewer, datastoreId),
    instanceVersion: (id) => state.instanceVersion(id),
    flavors: () => state.flavors(),
    flavor: (idOrName) => state.flavor(idOrName),
    instanceFlavor: (id) => state.instanceFlavor(id),
    volumeTypes: () => state.volumeTypes(),
    volumeType: (idOrName) => state.volumeType(idOrName),
    manifest: (datastore) => state.manifest(datastore),
    plugins: () => state.plugins(),
  };
}

/** Keeps it in step with what other gateways change, until the answer is called. */
export function watchCatalogue(store: Store, catalogue: StoredCatalogue, log: Log): () => void {
  const look = (): void => {
    catalogue.reload().catch((error: unknown) => log.warn({ err: error instanceof Error ? error.message : String(error) }, 'could not read the catalogue anew; trying again'));
  };
  const unlisten = store.listen(CATALOGUE_CHANNEL, look);
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  return () => { clearInterval(timer); unlisten(); };
}
