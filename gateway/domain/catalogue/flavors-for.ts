import type { Catalogue, FlavorDoc, VersionDoc } from '../api.ts';

/** Flavors that new instances of the version can have: the operators' choice of those it works in. */
export const flavorsFor = (catalogue: Pick<Catalogue, 'flavors'>, { minMemoryMb, flavorIds }: Pick<VersionDoc, 'minMemoryMb' | 'flavorIds'>): FlavorDoc[] =>
  catalogue.flavors().filter(({ id, memoryMb }) => memoryMb >= minMemoryMb && (flavorIds === null || flavorIds.includes(id)));
