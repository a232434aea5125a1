/**
 * Settings that follow from the flavor and the volume. The server alone takes 180 MiB, and 150 MiB more with its
 * performance schema, which small flavors therefore go without: nothing of Coffer reads it. What is left is shared by
 * the buffer pool and the connections. Logs follow the volume, which they share with the data.
 */
import type { SizingInput } from '../../spi/control.ts';

const mib = 1024 ** 2;
const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, Math.floor(value)));

export const serverMb = 180;
export const performanceSchemaMb = 150;
const performanceSchemaFromMb = 2048;
const chunkMb = (poolMb: number): number => (poolMb >= 8192 ? 128 : 16);

export function sizeServer({ flavor, volumeGb }: SizingInput): Record<string, string> {
  const { memoryMb, vcpus } = flavor;
  const volumeMb = volumeGb * 1024;
  const hasPerformanceSchema = memoryMb >= performanceSchemaFromMb;
  const freeMb = Math.max(64, memoryMb - serverMb - (hasPerformanceSchema ? performanceSchemaMb : 0));
  const roughPoolMb = clamp(freeMb * (memoryMb >= 4096 ? 0.7 : 0.5), 32, 1 << 20);
  const instances = roughPoolMb >= 2048 ? clamp(vcpus / 4, 1, 8) : 1;
  // The server rounds up to whole chunks in every instance; what it says back has to be what was asked for.
  const stepMb = chunkMb(roughPoolMb) * instances;
  const poolMb = Math.max(stepMb, Math.floor(roughPoolMb / stepMb) * stepMb);
  const connections = clamp(memoryMb / 8, 40, 1000);
  const openTables = clamp(memoryMb / 2, 256, 4000);
  return {
    performance_schema: hasPerformanceSchema ? 'ON' : 'OFF',
    innodb_buffer_pool_size: String(poolMb * mib),
    innodb_buffer_pool_chunk_size: String(chunkMb(roughPoolMb) * mib),
    innodb_buffer_pool_instances: String(instances),
    innodb_redo_log_capacity: String(clamp(volumeMb / 16, 32, 8192) * mib),
    innodb_log_buffer_size: String(clamp(memoryMb / 128, 1, 64) * mib),
    max_connections: String(connections),
    // What the server would work out by itself, once.
    thread_cache_size: String(8 + Math.floor(connections / 100)),
    table_open_cache: String(openTables),
    table_open_cache_instances: String(clamp(vcpus, 1, 16)),
    table_definition_cache: String(openTables + 144),
    temptable_max_ram: String(clamp(freeMb / 8, 8, 1024) * mib),
    tmp_table_size: String(clamp(freeMb / 16, 4, 256) * mib),
    max_heap_table_size: String(clamp(freeMb / 16, 4, 256) * mib),
    key_buffer_size: String(mib),
    // Of a file; the retention in time counts whole files.
    max_binlog_size: String(clamp(volumeMb / 32, 16, 1024) * mib),
  };
}
