/**
 * Settings that follow from the flavor and the volume. The server alone takes 100 MiB; what is left is shared by the
 * buffer pool, the cache of the system tables' engine, and the connections. Logs follow the volume, which they share with
 * the data.
 */
import type { SizingInput } from '../../spi/control.ts';

const mib = 1024 ** 2;
const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, Math.floor(value)));

export const serverMb = 100;
/** The server rounds the pool to such steps. */
const stepMb = 8;

export function sizeServer({ track, flavor, volumeGb }: SizingInput): Record<string, string> {
  const { memoryMb } = flavor;
  const volumeMb = volumeGb * 1024;
  const freeMb = Math.max(64, memoryMb - serverMb);
  const poolMb = clamp((freeMb * (memoryMb >= 4096 ? 0.7 : 0.5)) / stepMb, 4, 1 << 17) * stepMb;
  const openTables = clamp(memoryMb / 2, 200, 4000);
  const connections = clamp(memoryMb / 8, 30, 1000);
  return {
    innodb_buffer_pool_size: String(poolMb * mib),
    innodb_log_file_size: String(clamp(volumeMb / 16, 32, 4096) * mib),
    innodb_log_buffer_size: String(clamp(memoryMb / 128, 2, 64) * mib),
    aria_pagecache_buffer_size: String(clamp(freeMb / 16, 8, 128) * mib),
    key_buffer_size: String(mib),
    max_connections: String(connections),
    // At its start the server cuts it to max_connections, of which a group may leave so few: it would look changed by hand.
    thread_cache_size: '16',
    table_open_cache: String(openTables),
    table_definition_cache: String(openTables + 200),
    tmp_table_size: String(clamp(freeMb / 16, 4, 256) * mib),
    max_heap_table_size: String(clamp(freeMb / 16, 4, 256) * mib),
    // Of a file; the retention in time counts whole files.
    max_binlog_size: String(clamp(volumeMb / 32, 16, 1024) * mib),
    ...(track === '10.11' ? {} : { max_binlog_total_size: String(clamp(volumeMb / 5, 128, 65_536) * mib) }),
  };
}
