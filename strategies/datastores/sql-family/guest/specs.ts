/** How the servers tell a parameter, as the catalogue has it. Pure. */
import { canonicalValue } from '../../../spi/parameter-values.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';

export interface ToldVariable {
  name: string;
  type: ParameterSpec['type'];
  min: string | null;
  max: string | null;
  allowed: readonly string[] | null;
  /** in the server's words; null: none, or worked out by the server */
  default: string | null;
  isReadOnly: boolean;
  description: string;
}

export function specOf({ name, type, min, max, allowed, default: usual, isReadOnly, description }: ToldVariable): ParameterSpec {
  const isNumber = type === 'INTEGER' || type === 'NUMBER';
  const form = { type, unit: null, min: isNumber ? boundOf(min) : null, max: isNumber ? boundOf(max) : null, allowed };
  return { name, ...form, default: usual === null ? null : defaultOf(form, usual), apply: isReadOnly ? 'RESTART' : 'LIVE', description: sentence(description) };
}

/** What is beyond a number's exact range is no bound at all. */
function boundOf(text: string | null): number | null {
  const bound = text === null || text === '' ? null : Number(text);
  return bound !== null && Number.isSafeInteger(bound) ? bound : null;
}

/** A place in the build is another one on every machine. */
function defaultOf(form: Pick<ParameterSpec, 'type' | 'unit' | 'allowed'>, words: string): string | null {
  if (form.type === 'STRING' && words.startsWith('/')) return null;
  const read = canonicalValue({ ...form, min: null, max: null }, words);
  if ('value' in read) return read.value;
  return form.type === 'STRING' ? words : null;
}

const unspoken = 'The server tells no more of it than its name: see the manual of this version.';
function sentence(text: string): string {
  const trimmed = text.trim().replace(/\s+/g, ' ');
  return trimmed === '' ? unspoken : /[.!?)]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
