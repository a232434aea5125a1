/** What an engine is configured with, whole: what is not there is as the engine has it. Pure. */
import { createHash } from 'node:crypto';

type Values = Readonly<Record<string, string>>;
export interface ValueSet {
  sizing: Values;
  parameters: Values;
  /** `<group id>/<revision>` that the parameters come from; empty: no group */
  configuration: string;
}
/** A set that was given up because the engine did not start with it, with the engine's own words. */
export interface Rejection { configuration: string; reason: string }

export const emptySet: ValueSet = { sizing: {}, parameters: {}, configuration: '' };

/** One text for the same values, in whatever order they were told. */
export const valuesText = ({ sizing, parameters }: ValueSet): string => JSON.stringify([ordered(sizing), ordered(parameters)]);
const ordered = (values: Values): [string, string][] => Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));

export function parseValues(text: string): Pick<ValueSet, 'sizing' | 'parameters'> {
  const [sizing, parameters] = JSON.parse(text) as [[string, string][], [string, string][]];
  return { sizing: Object.fromEntries(sizing), parameters: Object.fromEntries(parameters) };
}

const known = new WeakMap<ValueSet, string>();
/** Names the values of a set, whichever group they come from. */
export function digestOfValues(set: ValueSet): string {
  const digest = known.get(set) ?? createHash('sha256').update(valuesText(set)).digest('base64url').slice(0, 22);
  known.set(set, digest);
  return digest;
}
