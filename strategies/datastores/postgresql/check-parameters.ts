/**
 * Values that are right one by one and not together: what the server refuses when it starts, takes without an effect, or
 * has no memory or volume for. Each rule speaks only of what the group sets; sizing is right by itself. Pure.
 */
import type { InputIssue } from '../../../kernel/input-issue.ts';
import { blaming, ordered } from '../../spi/combinations.ts';
import type { SizingInput } from '../../spi/control.ts';
import { canonicalValue } from '../../spi/parameter-values.ts';
import type { ParameterSpec } from '../../spi/parameters.ts';
import { foreignLibraries, libraryOf, preloadable, preloadedLibraries, preloadParameter } from './libraries.ts';
import { managementConnections } from './sizing.ts';

type Values = Readonly<Record<string, string>>;
export interface CheckInput extends SizingInput { sizing: Record<string, string>; parameters: Record<string, string> }

/** Of each connection, before it does anything. */
const connectionMb = 1;
const bytesPerMb = 1024 ** 2;

/** `least` must not be above `most`: the server would go on with `most`, or keep more than it is told to. */
const orders: readonly (readonly [least: string, most: string])[] = [
  ['min_wal_size', 'max_wal_size'],
  ['max_parallel_workers', 'max_worker_processes'],
  ['max_parallel_workers_per_gather', 'max_parallel_workers'],
  ['max_parallel_maintenance_workers', 'max_parallel_workers'],
  ['autovacuum_max_workers', 'autovacuum_worker_slots'],
  ['io_combine_limit', 'io_max_combine_limit'],
];

/** What is less would end management's own sessions while they are set up, before they can say otherwise; 0 is off. In the parameter's unit. */
const smallest: Readonly<Record<string, number>> = { transaction_timeout: 1_000 };

export function checkParameters(catalogue: readonly ParameterSpec[], { flavor, volumeGb, sizing, parameters }: CheckInput): InputIssue[] {
  const numbers = numbersOf(catalogue, sizing, parameters);
  const issues: InputIssue[] = [];
  const blame = blaming(parameters, issues);
  for (const [least, most] of orders) {
    const [low, high] = [numbers.count(least), numbers.count(most)];
    if (low !== null && high !== null && low > high) blame([least, most], ordered(least, most, `${numbers.words(least)} is more than ${numbers.words(most)}`));
  }
  const [connections, reserved] = [numbers.count('max_connections') ?? 0, numbers.count('reserved_connections') ?? 0];
  const kept = managementConnections + reserved;
  if (kept >= connections) {
    blame(['reserved_connections', 'max_connections'], (name) => (name === 'max_connections'
      ? `must be above ${kept}: ${managementConnections} connections are management's${reserved > 0 ? ` and ${reserved} are reserved` : ''}`
      : `must leave connections that are not reserved: max_connections is ${connections}, of which ${managementConnections} are management's`));
  }

  const { memoryMb } = flavor;
  const sharedMb = numbers.mb('shared_buffers');
  if (sharedMb + connections * connectionMb > memoryMb) {
    blame(['shared_buffers', 'max_connections'], (name) => `must fit into the flavor's ${memoryMb} MB ${name === 'shared_buffers' ? `beside ${connectionMb} MB for each of max_connections` : `with ${connectionMb} MB each, beside shared_buffers`}: ${Math.ceil(sharedMb)} MB and ${connections} connections do not`);
  }
  for (const name of ['work_mem', 'maintenance_work_mem', 'temp_buffers']) {
    if (sharedMb + numbers.mb(name) > memoryMb) blame([name], `must leave room for shared_buffers: ${Math.ceil(numbers.mb(name))} MB and ${Math.ceil(sharedMb)} MB are more than the flavor's ${memoryMb} MB`);
  }
  if (numbers.mb('max_wal_size') >= volumeGb * 1024) blame(['max_wal_size'], `must be below the volume's ${volumeGb} GB, where the data lie too`);

  for (const [name, least] of Object.entries(smallest)) {
    const value = numbers.count(name);
    if (value !== null && value > 0 && value < least) blame([name], `must be 0, which is off, or at least ${least} ms: with ${numbers.words(name)} sessions end while they are set up, management's among them`);
  }

  for (const name of foreignLibraries(parameters)) blame([preloadParameter], `"${name}" cannot be loaded: name any of ${preloadable.join(', ')}, separated by commas`);
  for (const [name, value] of Object.entries(parameters)) {
    const library = libraryOf(name);
    if (library !== undefined && !preloadedLibraries(parameters).includes(library)) blame([name], `has no effect unless ${preloadParameter} names ${library}: set that too`);
    if (value.includes('\0')) blame([name], 'must not contain the character 0');
  }
  return issues;
}

/** What the server would have: the group's value, else sizing's, else its own default. */
function numbersOf(catalogue: readonly ParameterSpec[], sizing: Values, parameters: Values) {
  const specs = new Map(catalogue.map((spec) => [spec.name, spec]));
  const count = (name: string): number | null => {
    const spec = specs.get(name);
    const text = parameters[name] ?? sizing[name] ?? spec?.default ?? null;
    return spec && text !== null ? numberIn({ ...spec, min: null, max: null }, text) : null;
  };
  return {
    count,
    mb: (name: string): number => ((count(name) ?? 0) * (numberIn(bytes, withFactor(specs.get(name)?.unit ?? 'B')) ?? 1)) / bytesPerMb,
    /** as people read it */
    words: (name: string): string => {
      const [, factor, unit] = /^(\d*)(.*)$/.exec(specs.get(name)?.unit ?? '') ?? [];
      return `${(count(name) ?? 0) * Number(factor || 1)} ${unit ?? ''}`.trim();
    },
  };
}

const bytes = { type: 'NUMBER', unit: 'B', min: null, max: null, allowed: null } as const;
const withFactor = (unit: string): string => (/^\d/.test(unit) ? unit : `1${unit}`);

function numberIn(spec: Parameters<typeof canonicalValue>[0], text: string): number | null {
  const read = canonicalValue(spec, text);
  return 'value' in read ? Number(read.value) : null;
}
