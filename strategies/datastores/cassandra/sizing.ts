/**
 * Parameters that follow from the flavor and the volume. `jvm.*` are options of the Java machine, the rest is
 * cassandra.yaml by its own names. What a process takes beyond its heap (code, threads, off-heap buffers, mapped jars) was
 * measured at 130 to 180 MB at the smallest size; see README.md.
 */
import type { SizingInput } from '../../spi/control.ts';

const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, Math.floor(value)));
const mib = (value: number): string => `${value}MiB`;
/** Above it a collector that works beside the program pauses less than one that stops it. */
const parallelHeapMb = 1_024;

export function sizeServer({ flavor, volumeGb }: SizingInput): Record<string, string> {
  const { memoryMb, vcpus } = flavor;
  const volumeMb = volumeGb * 1_024;
  const heapMb = memoryMb <= 512 ? 192 : clamp(memoryMb * 0.45, 256, 16_384);
  const memtableMb = clamp(heapMb / 5, 24, 2_048);
  const threads = clamp(vcpus * 8, 4, 64);
  const segmentMb = volumeMb < 10_240 ? 8 : 32;
  return {
    'jvm.heap_mb': String(heapMb),
    'jvm.direct_mb': String(clamp(memoryMb / 6, 64, 8_192)),
    'jvm.collector': heapMb >= parallelHeapMb && vcpus >= 2 ? 'G1' : 'Serial',
    // The optimising compiler takes processor time and memory from a small machine for a minute after every start.
    'jvm.compiler': vcpus >= 2 ? 'full' : 'fast',
    memtable_heap_space: mib(memtableMb),
    memtable_offheap_space: mib(memtableMb),
    file_cache_size: mib(clamp(memoryMb / 32, 16, 512)),
    networking_cache_size: mib(clamp(memoryMb / 64, 8, 128)),
    key_cache_size: mib(clamp(heapMb / 40, 4, 100)),
    counter_cache_size: mib(clamp(heapMb / 80, 2, 50)),
    prepared_statements_cache_size: mib(clamp(heapMb / 50, 4, 256)),
    concurrent_reads: String(threads),
    concurrent_writes: String(threads),
    concurrent_counter_writes: String(threads),
    concurrent_compactors: String(clamp(vcpus / 2, 1, 8)),
    native_transport_max_threads: String(clamp(vcpus * 16, 8, 128)),
    native_transport_max_concurrent_connections: String(clamp(memoryMb / 2, 128, 8_192)),
    commitlog_segment_size: mib(segmentMb),
    commitlog_total_space: mib(clamp(volumeMb / 16, 8 * segmentMb, 8_192)),
  };
}
