/**
 * One form for values: canonical text. A boolean is `true` or `false`, a number is a decimal counted in the unit of its
 * parameter, an ENUM is spelt as the catalogue has it, a string is itself. People and engines write them in many forms
 * ("on", "64MB", "YES"); what is stored, compared and sent to agents is canonical. Pure.
 */
import type { ParameterSpec } from './parameters.ts';

/** `problem` says what would be right, as the end of a sentence that begins with the parameter's name: "must be …". */
export type Canonical = { value: string } | { problem: string };
export type CanonicalSpec = Pick<ParameterSpec, 'type' | 'unit' | 'min' | 'max' | 'allowed'>;

const kilo = 1024;
const bytesOf = new Map(Object.entries({ B: 1, kB: kilo, MB: kilo ** 2, GB: kilo ** 3, TB: kilo ** 4 }));
const microsOf = new Map(Object.entries({ us: 1, ms: 1e3, s: 1e6, min: 60e6, h: 3600e6, d: 86_400e6 }));
/** other spellings that people and engines use, in lower case; micro is written with either of two characters */
const otherSpellings = new Map(Object.entries({
  b: 'B', bytes: 'B', k: 'kB', kb: 'kB', kib: 'kB', m: 'MB', mb: 'MB', mib: 'MB', g: 'GB', gb: 'GB', gib: 'GB', t: 'TB', tb: 'TB', tib: 'TB',
  us: 'us', '\u00b5s': 'us', '\u03bcs': 'us', ms: 'ms', s: 's', sec: 's', min: 'min', h: 'h', d: 'd',
}));
const trueWords = new Set(['true', 'on', 'yes', '1']);
const falseWords = new Set(['false', 'off', 'no', '0']);
const plainNumber = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const exponential = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/;
const mostZeros = 100;
const digitsOnly = /^[+-]?\d+$/;
const numberWithUnit = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*([a-z\u00b5\u03bc]+)$/i;

interface Scale { dimension: 'bytes' | 'time'; factor: number }

function scaleOf(unit: string): Scale | null {
  const [, count, name] = /^((?:[1-9]\d*)?)([a-zA-Z]+)$/.exec(unit) ?? [];
  if (name === undefined) return null;
  const times = count === '' ? 1 : Number(count);
  const bytes = bytesOf.get(name);
  if (bytes !== undefined) return { dimension: 'bytes', factor: times * bytes };
  const micros = microsOf.get(name);
  return micros === undefined ? null : { dimension: 'time', factor: times * micros };
}

/** Whether a catalogue may say so. */
export const isUnit = (unit: string): boolean => scaleOf(unit) !== null;

/** How a person's spelling of a unit is written here ("mib": "MB"); null: it is none. */
export const unitNamed = (spelling: string): string | null =>
  bytesOf.has(spelling) || microsOf.has(spelling) ? spelling : otherSpellings.get(spelling.toLowerCase()) ?? null;

/** So many of one unit, counted in another; null where they measure different things or the other is none. */
export function convert(count: number, from: string, to: string | null): number | null {
  const [theirs, own] = [scaleOf(from), to === null ? null : scaleOf(to)];
  return theirs === null || own === null || theirs.dimension !== own.dimension ? null : finite(tidy((count * theirs.factor) / own.factor));
}

/** Without the last digit's error that fractions of ten have in a computer: 1.1 s are 1100 ms. */
export const tidy = (value: number): number => (Number.isInteger(value) || Math.abs(value) >= 1e15 ? value : Number(value.toPrecision(15)));

/** Reads what a person or an engine wrote. Bounds are checked; a size or time is counted in the parameter's own unit. */
export function canonicalValue(spec: CanonicalSpec, written: string | number | boolean): Canonical {
  const text = String(written).trim();
  switch (spec.type) {
    case 'BOOLEAN': return canonicalBoolean(text);
    case 'ENUM': return canonicalEnum(spec.allowed ?? [], text, written);
    case 'STRING': return typeof written === 'string' ? { value: written } : { value: text };
    case 'INTEGER': case 'NUMBER': return typeof written === 'boolean' ? { problem: `must be ${numberWords(spec)}` } : canonicalNumber(spec, text);
  }
}

/** As it is where it is not understood; an engine may run with a value out of bounds that it did not have when it was started. */
export function canonicalText(spec: CanonicalSpec, text: string): string {
  const canonical = canonicalValue({ ...spec, min: null, max: null }, text);
  return 'problem' in canonical ? text : canonical.value;
}

function canonicalBoolean(text: string): Canonical {
  const word = text.toLowerCase();
  if (trueWords.has(word)) return { value: 'true' };
  return falseWords.has(word) ? { value: 'false' } : { problem: 'must be true or false' };
}

/** Engines name some of their choices on and off: true and false are understood there. */
function canonicalEnum(allowed: readonly string[], text: string, written: string | number | boolean): Canonical {
  const same = allowed.find((one) => one === text) ?? allowed.find((one) => one.toLowerCase() === text.toLowerCase());
  const words = written === true || text.toLowerCase() === 'true' ? trueWords : written === false || text.toLowerCase() === 'false' ? falseWords : null;
  const found = same ?? (words && allowed.find((one) => words.has(one.toLowerCase())));
  return found === undefined || found === null ? { problem: `must be one of ${allowed.join(', ')}` } : { value: found };
}

function canonicalNumber(spec: CanonicalSpec, text: string): Canonical {
  const counted = countIn(spec, text);
  if (counted === null) return { problem: `must be ${numberWords(spec)}` };
  const value = counted === 0 ? 0 : counted; // no minus zero
  if (spec.type === 'INTEGER' && !Number.isInteger(value)) return { problem: `must be ${numberWords(spec)}` };
  if ((spec.min !== null && value < spec.min) || (spec.max !== null && value > spec.max)) return { problem: `must be ${numberWords(spec)}` };
  // engines have whole numbers of 64 bits, which would lose their last digits
  return { value: digitsOnly.test(text) && !Number.isSafeInteger(value) ? String(BigInt(text.replace('+', ''))) : decimal(value) };
}

function countIn(spec: CanonicalSpec, text: string): number | null {
  if (plainNumber.test(text)) return finite(Number(text));
  const [, digits, suffix] = numberWithUnit.exec(text) ?? [];
  const unit = suffix === undefined ? null : unitNamed(suffix);
  return unit === null ? null : convert(Number(digits), unit, spec.unit);
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Without an exponent, whatever the size; what is too small to be told is 0. Not by `toLocaleString`: that would cost an agent 8 MiB. */
function decimal(value: number): string {
  const text = String(value);
  const [, sign, whole, fraction = '', exponent] = exponential.exec(text) ?? [];
  if (exponent === undefined) return text;
  const [digits, places] = [`${whole}${fraction}`, Number(exponent)];
  if (places < -mostZeros) return '0';
  return sign + (places < 0 ? `0.${'0'.repeat(-places - 1)}${digits}` : digits.padEnd(places + 1, '0'));
}

function numberWords({ type, unit, min, max }: CanonicalSpec): string {
  const scale = unit === null ? null : scaleOf(unit);
  const kind = `${type === 'INTEGER' ? 'a whole number' : 'a number'}${unit === null ? '' : ` of ${unit}`}`;
  const range = min !== null && max !== null ? ` from ${decimal(min)} to ${decimal(max)}` : min !== null ? ` of at least ${decimal(min)}` : max !== null ? ` of at most ${decimal(max)}` : '';
  const form = scale === null ? '' : scale.dimension === 'bytes' ? ', or a size such as 64MB' : ', or a time such as 30s';
  return kind + range + form;
}
