/** What can be said of a catalogue of parameters without its engine. Pure. */
import { canonicalValue, isUnit } from '../spi/parameter-values.ts';
import type { ParameterSpec } from '../spi/parameters.ts';

export function catalogueProblems(catalogue: readonly ParameterSpec[]): string[] {
  const names = catalogue.map(({ name }) => name);
  return [
    ...(catalogue.length === 0 ? ['it is empty'] : []),
    ...new Set(names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name} is there twice`)),
    ...catalogue.flatMap((spec) => specProblems(spec).map((problem) => `${spec.name} ${problem}`)),
  ];
}

function specProblems(spec: ParameterSpec): string[] {
  const { type, unit, min, max, allowed, apply, description, owned, warning } = spec;
  const isNumber = type === 'INTEGER' || type === 'NUMBER';
  return [
    ...(unit === null || (isNumber && isUnit(unit)) ? [] : [`counts in ${unit}, which is no unit of a ${type}`]),
    ...(isNumber || (min === null && max === null) ? [] : [`has bounds and is a ${type}`]),
    ...(min !== null && max !== null && min > max ? [`has the least value ${min} above the most, ${max}`] : []),
    ...((type === 'ENUM') === (allowed !== null && allowed.length > 0) ? [] : [type === 'ENUM' ? 'has no values to choose from' : `has values to choose from and is a ${type}`]),
    ...(['LIVE', 'RESTART', 'CREATE'].includes(apply) ? [] : [`is applied ${String(apply)}`]),
    ...defaultProblems(spec),
    ...(description === '' || owned === '' || warning === '' ? ['has an empty text'] : []),
  ];
}

/** Bounds may be narrower than the engine's, which its own default does not know. */
function defaultProblems(spec: ParameterSpec): string[] {
  if (spec.default === null) return [];
  const read = canonicalValue({ ...spec, min: null, max: null }, spec.default);
  return 'value' in read && read.value === spec.default ? [] : [`has the default ${JSON.stringify(spec.default)}, which is not canonical`];
}
