/**
 * Values in two hands: canonical as groups have them, and in Redis's own words as its file and CONFIG have them. Some
 * words have several spellings of one meaning, and the engine tells one of its own choice. Pure.
 */
import { canonicalValue } from '../../spi/parameter-values.ts';
import type { ParameterSpec } from '../../spi/parameters.ts';

type Spec = Pick<ParameterSpec, 'name' | 'type' | 'unit' | 'allowed' | 'default'>;

/**
 * In the engine's words. A buffer limit is written out whole: classes that it leaves out would have their defaults in a file
 * and stay as they are in CONFIG SET, which also takes no second blank between words.
 */
export function toEngine(spec: Spec, value: string): string {
  if (spec.type === 'BOOLEAN') return value === 'true' ? 'yes' : 'no';
  if (spec.name === bufferLimits) return wholeLimits(value, spec.default ?? '');
  return ofWords.has(spec.name) ? wordsOf(value).join(' ') : value;
}

/** Canonical; what the engine has outside a group's bounds is told as it is. */
export function fromEngine(spec: Spec, words: string): string {
  const canonical = canonicalValue({ ...spec, min: null, max: null }, words);
  return 'value' in canonical ? canonical.value : words;
}

export const isSameValue = (spec: Spec, words: string, others: string): boolean => words === others || meaningOf(spec, words) === meaningOf(spec, others);

const bufferLimits = 'client-output-buffer-limit';
const ofWords = new Set(['save', 'latency-tracking-info-percentiles', 'bind']);
/** With less, what Coffer asks the engine would end its connection. */
const leastAnswerBytes = 1024 ** 2;
const everyEvent = 'g$lshzxetd';
const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

function meaningOf(spec: Spec, words: string): string {
  switch (spec.name) {
    case bufferLimits: return wholeLimits(words, spec.default ?? '');
    case 'notify-keyspace-events': return [...new Set(words.replaceAll('A', everyEvent))].sort().join('');
    case 'save': case 'latency-tracking-info-percentiles': return wordsOf(words).map(Number).join(' ');
    case 'bind': return wordsOf(words).join(' ');
    default: return fromEngine(spec, words);
  }
}

/** What is wrong with a value of several words, as the end of a sentence that begins with the parameter's name; null: nothing. */
export function wordsProblem(name: string, value: string): string | null {
  const words = wordsOf(value);
  switch (name) {
    case bufferLimits: return limitsProblem(value);
    case 'save': return words.length % 2 === 0 && words.every((word, i) => /^\d{1,9}$/.test(word) && (i % 2 === 1 || Number(word) > 0)) ? null : 'must be pairs of seconds and changes (3600 1 300 100), or empty for no snapshots';
    case 'latency-tracking-info-percentiles': return words.every((word) => /^\d{1,3}(\.\d+)?$/.test(word) && Number(word) <= 100) ? null : 'must be percentiles from 0 to 100: 50 99 99.9';
    default: return null;
  }
}

function limitsProblem(value: string): string | null {
  const limits = parseLimits(value);
  if (!limits) return 'must be a class (normal, replica, pubsub), its hard limit, soft limit and seconds, for one class or several: pubsub 64mb 16mb 60';
  const ofEverybody = (limits.get('normal') ?? '').split(' ', 2).map(Number);
  return ofEverybody.some((bytes) => bytes > 0 && bytes < leastAnswerBytes) ? 'must leave the class normal at least 1mb, or 0 for no limit: Coffer itself is such a client' : null;
}

type Limits = Map<string, string>;
const sizes: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1e3, kb: 1024, m: 1e6, mb: 1024 ** 2, g: 1e9, gb: 1024 ** 3 };

/** The engine's own name of a class → its limits in bytes and seconds. Null where the engine would not take them. */
function parseLimits(text: string): Limits | null {
  const words = wordsOf(text);
  const found: Limits = new Map();
  for (let at = 0; at < words.length; at += 4) {
    const [name = '', hard = '', soft = '', seconds = ''] = words.slice(at, at + 4);
    const [kind, hardBytes, softBytes] = [name.toLowerCase() === 'replica' ? 'slave' : name.toLowerCase(), bytesOf(hard), bytesOf(soft)];
    if (!['normal', 'slave', 'pubsub'].includes(kind) || hardBytes === null || softBytes === null || !/^\d{1,9}$/.test(seconds)) return null;
    found.set(kind, `${hardBytes} ${softBytes} ${Number(seconds)}`);
  }
  return found.size === 0 ? null : found;
}

function bytesOf(word: string): number | null {
  const [, digits, unit = ''] = /^(\d+)([a-z]*)$/i.exec(word) ?? [];
  const factor = sizes[unit.toLowerCase()];
  const bytes = Number(digits) * (factor ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

function wholeLimits(text: string, defaults: string): string {
  const given = parseLimits(text);
  return given ? [...new Map([...(parseLimits(defaults) ?? []), ...given])].flat().join(' ') : text;
}
