/** Values of the catalogue as the server writes them, and the other way. Pure. https://cassandra.apache.org/doc/5.0/cassandra/managing/configuration/configuration.html */
import { canonicalValue } from '../../spi/parameter-values.ts';
import type { ParameterSpec } from '../../spi/parameters.ts';

export type Setting = string | number | boolean;

/** How the server spells what a catalogue counts in. */
const spellings: Readonly<Record<string, string>> = { B: 'B', kB: 'KiB', MB: 'MiB', us: 'us', ms: 'ms', s: 's', min: 'm' };
/** One of the server's would be read as megabytes, and one is too small to be counted here. */
const readings: Readonly<Record<string, { unit: string; factor: number }>> = { m: { unit: 'min', factor: 1 }, ns: { unit: 'us', factor: 1e-3 } };

/** So many bytes a second: the only ones whose unit ends so. */
const isRate = ({ name }: Pick<ParameterSpec, 'name'>): boolean => name.includes('throughput');

/** A size or time in the parameter's own unit: the server takes no finer one there. */
export function toServer(spec: ParameterSpec, value: string): Setting {
  switch (spec.type) {
    case 'BOOLEAN': return value === 'true';
    case 'INTEGER': case 'NUMBER': return spec.unit === null ? Number(value) : `${value}${spellings[spec.unit] ?? spec.unit}${isRate(spec) ? '/s' : ''}`;
    default: return value;
  }
}

/** Canonical; whatever the bounds: what the server has is right. */
export function fromServer(spec: ParameterSpec, told: Setting): string {
  const read = canonicalValue({ ...spec, min: null, max: null }, inOurWords(spec, String(told).replace(/\/s$/, '')));
  return 'value' in read ? read.value : String(told);
}

/** In the parameter's own unit it is the bare number, to its last digit. */
function inOurWords({ unit }: ParameterSpec, text: string): string {
  const [, digits, suffix = ''] = (unit === null ? null : /^(\d+)([a-zA-Z]+)$/.exec(text)) ?? [];
  if (digits === undefined) return text;
  if (suffix === spellings[unit!]) return digits;
  const reading = readings[suffix];
  return reading ? `${Number(digits) * reading.factor}${reading.unit}` : text;
}

/** What a group has, in the server's words, in one order; what it may not have is left out. */
export function groupSettings(catalogue: readonly ParameterSpec[], parameters: Readonly<Record<string, string>>): Record<string, Setting> {
  return Object.fromEntries(catalogue.flatMap((spec) => {
    const value = Object.hasOwn(parameters, spec.name) ? parameters[spec.name] : undefined;
    return value === undefined || spec.owned !== undefined ? [] : [[spec.name, toServer(spec, value)]];
  }));
}
