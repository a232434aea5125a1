/** What is different between two sets of values, and between a group and what an instance has. Pure. */
import { canonicalText } from '../../../strategies/spi/parameter-values.ts';
import type { LiveParameter, ParameterSpec } from '../../../strategies/spi/parameters.ts';

/** null: it is not there */
export interface Difference { name: string; from: string | null; to: string | null }
/** `to` is what the engine runs with, `pending` what its next start will take, where that is another */
export interface LiveDifference extends Difference { pending: string | null }

/** By name. Formulas are compared as they are written. */
export function diffValues(from: readonly { name: string; value: string }[], to: readonly { name: string; value: string }[]): Difference[] {
  const [before, after] = [from, to].map((values) => new Map(values.map(({ name, value }) => [name, value]))) as [Map<string, string>, Map<string, string>];
  return [...new Set([...before.keys(), ...after.keys()])].sort()
    .map((name) => ({ name, from: before.get(name) ?? null, to: after.get(name) ?? null }))
    .filter((difference) => difference.from !== difference.to);
}

/** `parameters`: the group evaluated for the instance. What the group does not name is no difference. */
export function diffWithLive(catalogue: readonly ParameterSpec[], parameters: Readonly<Record<string, string>>, live: readonly LiveParameter[]): LiveDifference[] {
  const specs = new Map(catalogue.map((spec) => [spec.name, spec]));
  const present = new Map(live.map((parameter) => [parameter.name, parameter]));
  return Object.entries(parameters)
    .map(([name, from]) => ({ name, from, to: present.get(name)?.value ?? null, pending: present.get(name)?.pending ?? null }))
    .filter(({ name, from, to }) => to === null || !isSameValue(specs.get(name), from, to))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whatever form they are written in. */
export function isSameValue(spec: ParameterSpec | undefined, a: string, b: string): boolean {
  if (a === b || spec === undefined) return a === b;
  return canonicalText(spec, a) === canonicalText(spec, b);
}
