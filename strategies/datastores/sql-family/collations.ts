/** Character sets and collations of databases, judged by the engine's own table. */
import type { DatabaseSpec } from '../../spi/control.ts';

/** Character set → its collations, the default first, by the names after the set's own (`general_ci` of `latin1_general_ci`; a whole name begins with `=`). */
export type CollationTable = Readonly<Record<string, string>>;

export const defaultCharacterSet = 'utf8mb4';
const aliases: Readonly<Record<string, string>> = { 'utf-8': 'utf8mb4', utf8: 'utf8mb4' };
export const canonicalCharacterSet = (text: string): string => aliases[text.toLowerCase()] ?? text.toLowerCase();

export const collationsOf = (characterSet: string, table: CollationTable): string[] =>
  (table[characterSet] ?? '').split(' ').filter((word) => word !== '').map((word) => (word.startsWith('=') ? word.slice(1) : `${characterSet}_${word}`));

export function collationProblem(spec: DatabaseSpec, table: CollationTable): { path: 'characterSet' | 'collation'; message: string } | null {
  if (spec.characterSet !== undefined && !Object.hasOwn(table, canonicalCharacterSet(spec.characterSet))) {
    return { path: 'characterSet', message: `"${spec.characterSet}" is not a character set offered here: ${Object.keys(table).join(', ')}` };
  }
  if (spec.collation === undefined) return null;
  const collation = spec.collation.toLowerCase();
  const owner = Object.keys(table).find((one) => collationsOf(one, table).includes(collation));
  if (spec.characterSet === undefined) return owner === undefined ? { path: 'collation', message: `"${spec.collation}" is not a collation offered here: name one such as ${collationsOf(defaultCharacterSet, table).slice(0, 4).join(', ')}` } : null;
  const characterSet = canonicalCharacterSet(spec.characterSet);
  const known = collationsOf(characterSet, table);
  return known.includes(collation) ? null : { path: 'collation', message: `"${spec.collation}" is not a collation of ${characterSet}: ${known.slice(0, 8).join(', ')}${known.length > 8 ? ', …' : ''}` };
}

/** The whole choice; undefined parts follow from the given one. */
export function resolveCollation(spec: DatabaseSpec, table: CollationTable): { characterSet: string; collation: string } {
  const collation = spec.collation?.toLowerCase();
  const characterSet = spec.characterSet === undefined
    ? (Object.keys(table).find((one) => collation !== undefined && collationsOf(one, table).includes(collation)) ?? defaultCharacterSet)
    : canonicalCharacterSet(spec.characterSet);
  return { characterSet, collation: collation ?? collationsOf(characterSet, table)[0] ?? '' };
}
