/**
 * Character sets and collations of databases. A build brings its own C library and ICU, so only collations that do not
 * depend on the host's locales are offered: C, C.UTF-8 and ICU.
 * https://www.postgresql.org/docs/current/multibyte.html#CHARSET-TABLE
 */
import type { DatabaseSpec } from '../../spi/control.ts';

export const defaultCharacterSet = 'UTF8';
export const defaultCollation = 'C.UTF-8';

/** Server encodings; false: ICU cannot be used with it. */
const characterSets: Readonly<Record<string, boolean>> = {
  UTF8: true, SQL_ASCII: false, LATIN1: true, LATIN2: true, LATIN3: true, LATIN4: true, LATIN5: true, LATIN7: true, LATIN9: true,
  ISO_8859_5: true, ISO_8859_6: true, ISO_8859_7: true, ISO_8859_8: true, KOI8R: true, KOI8U: true, EUC_JP: true, EUC_KR: true, EUC_TW: true,
  WIN1250: true, WIN1251: true, WIN1252: true, WIN1253: true, WIN1254: true, WIN1255: true, WIN1256: true, WIN1257: true,
};
const aliases: Readonly<Record<string, string>> = { UTF_8: 'UTF8', UNICODE: 'UTF8', UTF8MB4: 'UTF8', ISO_8859_1: 'LATIN1', ISO88591: 'LATIN1' };

export type Collation = { provider: 'c'; locale: 'C' | 'C.UTF-8' } | { provider: 'icu'; locale: string };
export interface DatabaseLocale { characterSet: string; collation: Collation }

export function canonicalCharacterSet(text: string): string | null {
  const upper = text.toUpperCase().replaceAll('-', '_');
  const name = aliases[upper] ?? upper;
  return name in characterSets ? name : null;
}

/** `C`, `POSIX`, `C.UTF-8`, `icu:de-DE`, `de-DE`, `und-u-ks-level2`. Null when it is none of these. */
export function parseCollation(text: string): Collation | null {
  if (/^(C|POSIX)$/i.test(text)) return { provider: 'c', locale: 'C' };
  if (/^C\.UTF-?8$/i.test(text)) return { provider: 'c', locale: 'C.UTF-8' };
  const tag = text.replace(/^icu:/i, '');
  if (!/^[A-Za-z0-9-]{2,60}$/.test(tag)) return null;
  try {
    const [canonical] = Intl.getCanonicalLocales(tag);
    // The root locale is ICU's own; every other language has to be one that it has rules for.
    const isKnown = canonical !== undefined && (/^und\b/.test(canonical) || Intl.Collator.supportedLocalesOf([canonical]).length === 1);
    return isKnown ? { provider: 'icu', locale: canonical } : null;
  } catch {
    return null;
  }
}

export const collationName = (collation: Collation): string => (collation.provider === 'icu' ? `icu:${collation.locale}` : collation.locale);

export type LocaleProblem = { path: 'characterSet' | 'collation'; message: string };

export function parseLocale(spec: DatabaseSpec): { locale: DatabaseLocale } | { problem: LocaleProblem } {
  const characterSet = canonicalCharacterSet(spec.characterSet ?? defaultCharacterSet);
  if (characterSet === null) return { problem: { path: 'characterSet', message: `"${spec.characterSet}" is not a server encoding: one of ${Object.keys(characterSets).join(', ')}` } };
  // C goes with every encoding, C.UTF-8 with UTF8 only.
  const collation = parseCollation(spec.collation ?? (characterSet === 'UTF8' ? defaultCollation : 'C'));
  if (collation === null) return { problem: { path: 'collation', message: `"${spec.collation}" is not a collation offered here: C, C.UTF-8, or an ICU locale such as icu:de-DE or icu:und-u-ks-level2` } };
  if (collation.locale === 'C.UTF-8' && characterSet !== 'UTF8') return { problem: { path: 'collation', message: `C.UTF-8 goes with UTF8 only; use C for ${characterSet}` } };
  if (collation.provider === 'icu' && !characterSets[characterSet]) return { problem: { path: 'collation', message: `ICU collations cannot be used with ${characterSet}; use C` } };
  return { locale: { characterSet, collation } };
}
