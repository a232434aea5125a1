import type { Log } from '../../../kernel/log.ts';
import type { Store, Tx } from '../../store/tx.ts';
import { type StoredCatalogue, tellCatalogueChanged } from './catalogue.ts';

export interface CatalogueDeps { store: Store; catalogue: StoredCatalogue; log: Log }

/** A change of the catalogue: whoever is answered may count on it at this gateway; the others are told. */
export async function changeCatalogue<T>({ store, catalogue, log }: CatalogueDeps, work: (tx: Tx) => Promise<T>): Promise<T> {
  const answer = await store.transaction(async (tx) => {
    const done = await work(tx);
    tellCatalogueChanged(tx);
    return done;
  });
  // It is done, so a failure is none of the caller's: memory is looked after besides.
  await catalogue.reload().catch((error: unknown) => log.warn({ err: error instanceof Error ? error.message : String(error) }, 'could not read the catalogue after a change'));
  return answer;
}

export const countText = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
