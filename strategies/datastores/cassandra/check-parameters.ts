/**
 * Values that are right one by one and not together: what the flavor or the volume has no room for, and limits that the server
 * refuses when it starts. Each rule speaks only of what the group sets; sizing is right by itself. Pure.
 */
import type { InputIssue } from '../../../kernel/input-issue.ts';
import { blaming, ordered } from '../../spi/combinations.ts';
import type { SizingInput } from '../../spi/control.ts';
import type { ParameterSpec } from '../../spi/parameters.ts';
import { fromServer } from './values.ts';

export interface CheckInput extends SizingInput { sizing: Record<string, string>; parameters: Record<string, string> }

/** What a process takes beside its heap and the memory that is counted here: see README.md. */
const ownMemoryMb = 130;
const mbPerGb = 1_024;
const leastConnections = 16;
const leastIdleMs = 10_000;

export function checkParameters(catalogue: readonly ParameterSpec[], { flavor: { memoryMb }, volumeGb, sizing, parameters }: CheckInput): InputIssue[] {
  const specs = new Map(catalogue.map((spec) => [spec.name, spec]));
  const valueOf = (name: string): string | null => {
    const [spec, sized] = [specs.get(name), sizing[name]];
    return parameters[name] ?? (spec && sized !== undefined ? fromServer(spec, sized) : spec?.default ?? null);
  };
  const count = (name: string): number => Number(valueOf(name) ?? sizing[name] ?? 0);
  const sum = (names: readonly string[]): number => names.reduce((total, name) => total + count(name), 0);
  const issues: InputIssue[] = [];
  const blame = blaming(parameters, issues);

  const [heapMb, directMb] = [count('jvm.heap_mb'), count('jvm.direct_mb')] as const;
  const inHeap = ['memtable_heap_space', 'key_cache_size', 'counter_cache_size', 'prepared_statements_cache_size', 'native_transport_max_frame_size'];
  if (sum(inHeap) > heapMb / 2) blame(inHeap, `must leave half of the heap free: ${inHeap.join(', ')} are ${sum(inHeap)} MB of ${heapMb} together`);
  const allocation = valueOf('memtable_allocation_type');
  const beside = ['file_cache_size', 'networking_cache_size', ...(allocation === 'offheap_buffers' ? ['memtable_offheap_space'] : [])];
  if (sum(beside) > directMb) blame([...beside, 'memtable_allocation_type'], `must fit into the ${directMb} MB beside the heap: ${beside.join(', ')} are ${sum(beside)} together`);
  const free = ['row_cache_size', ...(allocation === 'offheap_objects' ? ['memtable_offheap_space'] : []), 'index_summary_capacity'];
  const restMb = memoryMb - heapMb - directMb - ownMemoryMb;
  if (sum(free) > restMb) blame([...free, 'memtable_allocation_type'], `must leave room in the flavor's ${memoryMb} MB: ${free.join(', ')} are ${sum(free)} MB together, and ${restMb} are not taken`);

  const volumeMb = volumeGb * mbPerGb;
  const [segment, total, freeSpace] = ['commitlog_segment_size', 'commitlog_total_space', 'min_free_space_per_drive'] as const;
  if (count(total) > volumeMb / 2) blame([total], `must be at most half of the volume's ${volumeMb} MB`);
  if (count(total) < 2 * count(segment)) blame([segment, total], (name) => `must ${name === total ? `have room for two files of ${segment}` : `fit into ${total} twice`}: ${count(total)} MB have no room for two of ${count(segment)}`);
  if (count('max_mutation_size') > count(segment) * mbPerGb / 2) blame(['max_mutation_size', segment], (name) => `must be ${name === segment ? 'at least twice max_mutation_size' : `at most half of ${segment}`}: ${count('max_mutation_size')} kB are more than half of ${count(segment)} MB`);
  if (count(freeSpace) > volumeMb / 2) blame([freeSpace], `must be at most half of the volume's ${volumeMb} MB`);

  const connections = 'native_transport_max_concurrent_connections';
  if (count(connections) > 0 && count(connections) < leastConnections) blame([connections], `must be -1 or at least ${leastConnections}: management's own connections count, too`);
  const idle = 'native_transport_idle_timeout';
  if (count(idle) > 0 && count(idle) < leastIdleMs) blame([idle], `must be 0 or at least ${leastIdleMs}: drivers keep connections open`);
  const [log, warn] = ['gc_log_threshold', 'gc_warn_threshold'] as const;
  if (count(warn) > 0 && count(warn) < count(log)) blame([warn, log], (name) => `must ${name === warn ? `be 0 or not below ${log}` : `not be above ${warn}`}: ${count(warn)} ms are below ${count(log)}`);

  for (const name of Object.keys(parameters)) if (specs.get(name)?.min === -1 && count(name) === 0) blame([name], 'must not be 0: -1 is no limit');
  for (const name of specs.keys()) {
    const fail = name.replace(/_warn_threshold$/, '_fail_threshold');
    if (fail === name || !specs.has(fail) || specs.get(name)?.owned !== undefined) continue;
    const [low, high] = [count(name), count(fail)];
    if (low > 0 && high > 0 && low > high) blame([name, fail], ordered(name, fail, `${low} is more than ${high}`));
  }
  return issues;
}
