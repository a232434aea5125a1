/**
 * Values in two hands: canonical as groups have them, and in the servers' own words as their file and their variables have
 * them. Pure.
 */
import { canonicalValue } from '../../spi/parameter-values.ts';
import type { ParameterSpec } from '../../spi/parameters.ts';
import { literal } from './text.ts';

type Spec = Pick<ParameterSpec, 'name' | 'type' | 'unit' | 'allowed'>;

/** Words from a list, in any order and case: the server tells them in its own. */
const wordLists = new Set([
  'sql_mode', 'log_output', 'old_mode', 'new_mode', 'note_verbosity', 'log_slow_filter', 'log_slow_verbosity', 'log_slow_disabled_statements', 'log_disabled_statements', 'character_set_collations',
  'myisam_recover_options', 'aria_recover_options', 'default_regex_flags', 'binlog_row_value_options', 'session_track_system_variables', 'protocol_compression_algorithms', 'disabled_storage_engines',
]);
/** Words that stand for several, which the server adds. */
const combinations = /^(ANSI|TRADITIONAL|ORACLE|MSSQL|DB2|MAXDB|POSTGRESQL)$/;
/** Switches, of which those that are left out are as the server has them. */
const switchLists = new Set(['optimizer_switch', 'optimizer_trace', 'optimizer_trace_features']);
/** Numbers with a fraction have six digits: what is smaller is 0 to the servers, which mostly means something else. */
export const smallestFraction = 0.000001;
const shownPrecision = smallestFraction / 2;

/** Offsets, which the server tells with two digits, and none of them as +. */
const zoneOf = (text: string): string => text.toUpperCase().replace(/^([+-])(?=\d:)/, '$10').replace('-00:00', '+00:00');

/** In the server's words, as they stand in the file. */
export const toEngine = ({ type }: Pick<Spec, 'type'>, value: string): string => (type === 'BOOLEAN' ? (value === 'true' ? 'ON' : 'OFF') : value);

/** Canonical; what the server has outside a group's bounds is told as it is. */
export function fromEngine(spec: Spec, words: string): string {
  const read = canonicalValue({ ...spec, min: null, max: null }, words);
  return 'value' in read ? read.value : words;
}

/** For SET GLOBAL. Switches start from the server's own, not from what an earlier value has left. */
export function statementValue(spec: Spec, words: string): string {
  if (spec.type === 'INTEGER' || spec.type === 'NUMBER') return words;
  return literal(switchLists.has(spec.name) && words !== '' ? `default,${words}` : words);
}

/** Whether the server, which has `running`, has what `wanted` means. */
export function isSameValue(spec: Spec, running: string, wanted: string): boolean {
  const [now, next] = [fromEngine(spec, running), fromEngine(spec, wanted)];
  if (now === next) return true;
  if (spec.type === 'NUMBER') return (Number(now) === 0) === (Number(next) === 0) && Math.abs(Number(now) - Number(next)) <= shownPrecision;
  if (spec.type !== 'STRING') return false;
  if (spec.name === 'time_zone') return zoneOf(now) === zoneOf(next);
  if (switchLists.has(spec.name)) return isWithin(wordsOf(next), wordsOf(now));
  if (!wordLists.has(spec.name)) return /_(server|filesystem|engine|names)$/.test(spec.name) && now.toLowerCase() === next.toLowerCase();
  const [has, wants] = [wordsOf(now), wordsOf(next)];
  return isWithin(wants, has) && (isWithin(has, wants) || [...wants].some((word) => combinations.test(word)));
}

const wordsOf = (text: string): Set<string> => new Set(text.toUpperCase().split(',').map((word) => word.trim()).filter((word) => word !== '' && word !== 'DEFAULT'));
const isWithin = (some: ReadonlySet<string>, all: ReadonlySet<string>): boolean => [...some].every((word) => all.has(word));
