/**
 * What an engine does not tell of its parameters, written by hand and laid over what it does tell: what Coffer owns and
 * why, what is dangerous, bounds that are narrower than the engine's. Pure.
 */
import type { ParameterSpec } from './parameters.ts';

export type ParameterAddition = Partial<Omit<ParameterSpec, 'name' | 'type'>>;

export interface CatalogueOverlay {
  /** by the engine's own names; what a track does not have is passed over there */
  parameters: Readonly<Record<string, ParameterAddition>>;
  /** whole families that belong to Coffer; an entry of `parameters` goes before */
  owned?: readonly { names: RegExp; because: string }[];
  /** a group's values that the engine runs with while it is asked, so that parts of it that are not always loaded tell theirs */
  askedWith?: Readonly<Record<string, string>>;
}

/** The catalogue: by name, each parameter's fields in one order. */
export function withOverlay(told: readonly ParameterSpec[], { parameters, owned = [] }: CatalogueOverlay): ParameterSpec[] {
  const additionOf = (name: string): ParameterAddition => {
    const family = owned.find(({ names }) => names.test(name));
    return { ...(family ? { owned: family.because } : {}), ...(Object.hasOwn(parameters, name) ? parameters[name] : {}) };
  };
  return told.map((spec) => inOrder({ ...spec, ...additionOf(spec.name) })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const inOrder = ({ name, type, unit, default: usual, min, max, allowed, apply, description, owned, warning }: ParameterSpec): ParameterSpec => ({
  name, type, unit, default: usual, min, max, allowed, apply, description, ...(owned === undefined ? {} : { owned }), ...(warning === undefined ? {} : { warning }),
});
