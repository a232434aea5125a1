/**
 * Values that are right one by one and not together: what a server refuses when it starts, makes others of, or has no memory
 * or volume for. Each rule speaks only of what the group sets; sizing is right by itself. Pure.
 */
import type { InputIssue } from '../../../kernel/input-issue.ts';
import { type Blame, blaming, ordered } from '../../spi/combinations.ts';
import type { SizingInput } from '../../spi/control.ts';
import { canonicalValue } from '../../spi/parameter-values.ts';
import type { ParameterSpec } from '../../spi/parameters.ts';
import { collationProblem, type CollationTable } from './collations.ts';
import { lineProblem } from './option-file.ts';
import { smallestFraction } from './values.ts';

export interface CheckInput extends SizingInput { sizing: Record<string, string>; parameters: Record<string, string> }
export interface CheckRules {
  /** of the server before it does anything */
  serverMb: number;
  performanceSchemaMb: number;
  collations(track: string): CollationTable;
  /** Offsets of time zones that the server takes: with another one in its file it does not start. */
  zones: readonly [least: string, most: string];
  /** usual settings that these rules look at, where neither the group nor sizing has them */
  usual: Readonly<Record<string, string>>;
}
export interface Judged {
  /** what the server would have: the group's value, else sizing's, the usual one, its own default; null: it works it out */
  count(name: string): number | null;
  text(name: string): string | null;
  isGiven(name: string): boolean;
  blame: Blame;
}

const bytesPerMb = 1024 ** 2;
/** Of each connection, before it does anything. */
const connectionMb = 1;
/** Taken at the start, or bound to be taken. */
const shared = ['innodb_buffer_pool_size', 'key_buffer_size', 'aria_pagecache_buffer_size', 'innodb_log_buffer_size', 'query_cache_size'];
const ofSessions = [
  'sort_buffer_size', 'join_buffer_size', 'read_buffer_size', 'read_rnd_buffer_size', 'tmp_table_size', 'max_heap_table_size', 'temptable_max_ram', 'bulk_insert_buffer_size', 'myisam_sort_buffer_size',
  'aria_sort_buffer_size', 'binlog_cache_size', 'mrr_buffer_size', 'innodb_ddl_buffer_size', 'thread_stack', 'preload_buffer_size', 'select_into_buffer_size', 'set_operations_buffer_size', 'mhnsw_max_cache_size',
];
const onVolume = ['innodb_redo_log_capacity', 'innodb_log_file_size', 'max_binlog_size', 'aria_log_file_size'];
/** `least` must not be above `most`: the server would make another value of one of them. */
const orders: readonly (readonly [least: string, most: string])[] = [
  ['innodb_io_capacity', 'innodb_io_capacity_max'],
  ['innodb_max_dirty_pages_pct_lwm', 'innodb_max_dirty_pages_pct'],
  ['binlog_cache_size', 'max_binlog_cache_size'],
  ['binlog_stmt_cache_size', 'max_binlog_stmt_cache_size'],
  ['ft_min_word_len', 'ft_max_word_len'],
  ['innodb_ft_min_token_size', 'innodb_ft_max_token_size'],
  ['net_buffer_length', 'max_allowed_packet'],
];
const offset = /^([+-])(\d{1,2}):([0-5]\d)$/;

export function checkParameters(catalogue: readonly ParameterSpec[], input: CheckInput, rules: CheckRules, more: (judged: Judged) => void = () => undefined): InputIssue[] {
  const { parameters, flavor: { memoryMb }, volumeGb, track } = input;
  const issues: InputIssue[] = [];
  const judged: Judged = { ...reading(catalogue, input, rules.usual), blame: blaming(parameters, issues) };
  const { count, text, blame } = judged;
  const mb = (name: string): number => (count(name) ?? 0) / bytesPerMb;
  for (const [least, most] of orders) {
    const [low, high] = [count(least), count(most)];
    if (low !== null && high !== null && low > high) blame([least, most], ordered(least, most, `${low} is more than ${high}`));
  }

  const connections = count('max_connections') ?? 0;
  const ownMb = rules.serverMb + (text('performance_schema') === 'true' ? rules.performanceSchemaMb : 0);
  const takenMb = Math.ceil(ownMb + shared.reduce((sum, name) => sum + mb(name), 0));
  const fixed = `${shared.filter((name) => mb(name) > 0).join(', ')} and ${ownMb} MB of the server itself take ${takenMb} MB`;
  if (takenMb + connections * connectionMb > memoryMb) {
    blame([...shared, 'performance_schema', 'max_connections'], `must fit into the flavor's ${memoryMb} MB: ${fixed}, and each of ${connections} connections ${connectionMb} MB`);
  }
  for (const name of ofSessions) if (takenMb + mb(name) > memoryMb) blame([name], `must leave room in the flavor's ${memoryMb} MB: ${fixed}`);
  for (const name of onVolume) if (mb(name) >= volumeGb * 1024) blame([name], `must be below the volume's ${volumeGb} GB, where the data lie too`);

  const collation = collationProblem({ name: '', characterSet: text('character_set_server') ?? undefined, collation: judged.isGiven('collation_server') ? parameters['collation_server'] : undefined }, rules.collations(track));
  if (collation) blame(collation.path === 'collation' ? ['collation_server'] : ['character_set_server'], collation.message);
  const asked = parameters['time_zone'];
  if (asked !== undefined && !isZone(asked, rules.zones)) blame(['time_zone'], `must be SYSTEM or an offset from ${rules.zones.join(' to ')}: the server knows no names of zones`);
  for (const { name, type } of catalogue) {
    const size = type === 'NUMBER' && judged.isGiven(name) ? Math.abs(count(name) ?? 0) : 0;
    if (size > 0 && size < smallestFraction) blame([name], `must be 0, or at least ${smallestFraction.toFixed(6)}: the server takes what is smaller for 0`);
  }
  for (const [name, value] of Object.entries(parameters)) {
    const problem = lineProblem(name, value);
    if (problem !== null) blame([name], problem);
  }
  more(judged);
  return issues;
}

function isZone(text: string, zones: CheckRules['zones']): boolean {
  if (text.toUpperCase() === 'SYSTEM') return true;
  const [asked, least, most] = [text, ...zones].map(minutesOf) as [number, number, number];
  return asked >= least && asked <= most;
}
function minutesOf(text: string): number {
  const [, sign, hours, minutes] = offset.exec(text) ?? [];
  return Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
}

function reading(catalogue: readonly ParameterSpec[], { sizing, parameters }: CheckInput, usual: CheckRules['usual']): Omit<Judged, 'blame'> {
  const specs = new Map(catalogue.map((spec) => [spec.name, spec]));
  const text = (name: string): string | null => {
    const spec = specs.get(name);
    const written = parameters[name] ?? sizing[name] ?? usual[name] ?? spec?.default ?? null;
    const read = spec && written !== null ? canonicalValue({ ...spec, min: null, max: null }, written) : null;
    return read && 'value' in read ? read.value : null;
  };
  return { text, isGiven: (name) => Object.hasOwn(parameters, name), count: (name) => { const value = text(name); return value === null ? null : Number(value); } };
}
