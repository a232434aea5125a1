/** How pg_settings is told: as a catalogue, and as values in canonical form. Pure. */
import { canonicalValue } from '../../../spi/parameter-values.ts';
import type { LiveParameter, ParameterSpec } from '../../../spi/parameters.ts';

/** https://www.postgresql.org/docs/current/view-pg-settings.html */
export interface SettingRow {
  name: string; vartype: string; unit: string | null; context: string; category: string; description: string;
  boot: string | null; min: string | null; max: string | null; allowed: string[] | null;
  /** what a new session has */
  value: string | null;
  source: string;
  isPending: boolean;
}
/** The last line of the files that names it. `error`: it cannot be applied, or waits for a restart. */
export interface FileEntry { name: string; value: string; error: string | null }

/** https://www.postgresql.org/docs/current/catalog-pg-settings.html: `real` has 1.79769e+308 for no bound at all. */
const unbounded = 1e300;
const typeOf: Readonly<Record<string, ParameterSpec['type']>> = { bool: 'BOOLEAN', integer: 'INTEGER', real: 'NUMBER', enum: 'ENUM', string: 'STRING' };
const developerOnly = 'It is for people who develop the server itself: it can damage data, stop the server or make it slow.';
/** Real numbers are shown with six digits. */
const shownPrecision = 1e-5;

export function specOf(row: SettingRow): ParameterSpec {
  const form = { type: typeOf[row.vartype] ?? 'STRING', unit: row.unit, min: boundOf(row.min), max: boundOf(row.max), allowed: row.allowed };
  return {
    name: row.name, ...form, default: row.boot === null ? null : canonicalOf(form, row.boot), apply: row.context === 'postmaster' ? 'RESTART' : 'LIVE', description: row.description,
    ...(row.category === 'Developer Options' ? { owned: developerOnly } : {}),
  };
}

function boundOf(text: string | null): number | null {
  const bound = text === null ? null : Number(text);
  return bound === null || Math.abs(bound) >= unbounded ? null : bound;
}

type Form = Pick<ParameterSpec, 'type' | 'unit' | 'allowed'>;
/** What the server has is right, whatever the bounds; a word that it understands and does not list stays as it is. */
function canonicalOf(form: Form, text: string): string {
  const read = canonicalValue({ ...form, min: null, max: null }, text);
  return 'value' in read ? read.value : text;
}

export interface ToldSetting extends LiveParameter { /** its line in the files is one that the server cannot apply */ isRefused: boolean }

/**
 * One parameter as the server has it. A line of the files that is in force is told as it is written there where the server
 * only spells it in another way (`iso, dmy`, a `cluster_name` beyond ASCII) or works it out (`-1`). `isPending` alone says too
 * little: the server leaves the flag up when the line that waited is gone again.
 */
export function tellSetting(row: SettingRow, entry: FileEntry | undefined, areFilesLoaded: boolean): ToldSetting {
  const { name } = row;
  const form = specOf(row);
  const own = canonicalOf(form, row.value ?? '');
  const tell = (value: string, pending: string | null = null, isRefused = false): ToldSetting => ({ name, value, pending, isRefused });
  if (row.source === 'command line') return tell(own);
  const written = entry && canonicalOf(form, entry.value);
  if (form.apply === 'RESTART') {
    if (row.isPending && written === form.default && isOwn(row)) return tell(form.default ?? own);
    const next = written ?? (row.source === 'configuration file' ? canonicalOf(form, row.boot ?? '') : own);
    if (row.isPending && !isSame(form, next, own)) return tell(own, next);
    if (written === undefined || entry?.error) return tell(own, null, Boolean(entry?.error));
    return tell(isSame(form, written, own) || isLeftToServer(form, written) || form.type === 'STRING' ? written : own);
  }
  if (entry?.error) return tell(own, null, true);
  // Our own connection says it for itself, so that the server's own value cannot be seen from here.
  if (row.source === 'client') return tell(written ?? canonicalOf(form, row.boot ?? ''));
  return tell(written !== undefined && (isSame(form, written, own) || (form.type === 'STRING' && areFilesLoaded)) ? written : own);
}

/** Words of a choice that mean another of its words, which the server shows. */
const sameWords: Readonly<Record<string, Readonly<Record<string, string>>>> = { wal_compression: { on: 'pglz' } };

function isSame({ name, type }: Pick<ParameterSpec, 'name' | 'type'>, a: string, b: string): boolean {
  const shown = (text: string): string => sameWords[name]?.[text] ?? text;
  if (type !== 'NUMBER') return shown(a) === shown(b);
  return Math.abs(Number(a) - Number(b)) <= shownPrecision * Math.max(Math.abs(Number(a)), Math.abs(Number(b)));
}

const isLeftToServer = ({ type }: Form, written: string): boolean => (type === 'INTEGER' || type === 'NUMBER') && Number(written) <= 0;

/** Nothing but the default was given, of which the server may have worked out another value: it marks a line that says the default as one that waits. */
const isOwn = ({ source }: SettingRow): boolean => source === 'override' || source === 'default';
