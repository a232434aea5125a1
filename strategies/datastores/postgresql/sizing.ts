/**
 * Parameters that follow from the flavor and the volume. Memory goes by the usual quarter for shared buffers; the number
 * of connections is what the rest can bear. Sizes of the write-ahead log follow the volume, which they share with the data.
 */
import type { SizingInput } from '../../spi/control.ts';

/** Connections only management may use: "too many clients" never locks it out. */
export const managementConnections = 5;

const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, Math.floor(value)));
const mb = (value: number): string => `${value}MB`;

export function sizeServer({ track, flavor, volumeGb }: SizingInput): Record<string, string> {
  const { memoryMb, vcpus } = flavor;
  const volumeMb = volumeGb * 1024;
  const sharedBuffersMb = clamp(memoryMb / 4, 32, 16_384);
  const connections = clamp(memoryMb / 8, 30, 500);
  const parallelWorkers = clamp(vcpus, 1, 64);
  return {
    shared_buffers: mb(sharedBuffersMb),
    effective_cache_size: mb(clamp(memoryMb * 0.65, 64, 1 << 20)),
    max_connections: String(connections),
    // Half of what is not shared, as if every connection sorted at once.
    work_mem: mb(clamp((memoryMb - sharedBuffersMb) / 2 / connections, 1, 64)),
    maintenance_work_mem: mb(clamp(memoryMb / 16, 16, 1024)),
    autovacuum_max_workers: String(clamp(vcpus, 1, 4)),
    max_worker_processes: String(parallelWorkers + 4),
    max_parallel_workers: String(parallelWorkers),
    max_parallel_workers_per_gather: String(clamp(vcpus / 2, 0, 4)),
    max_parallel_maintenance_workers: String(clamp(vcpus / 2, 0, 4)),
    max_wal_size: mb(clamp(volumeMb / 10, 96, 8192)),
    min_wal_size: mb(clamp(volumeMb / 40, 32, 1024)),
    max_slot_wal_keep_size: mb(clamp(volumeMb / 5, 128, 65_536)),
    // A runaway sort ends as an error of its own statement, not as a full volume.
    temp_file_limit: mb(clamp(volumeMb / 4, 128, 1 << 20)),
    ...(Number(track) >= 18 ? { io_workers: String(clamp(vcpus, 1, 3)) } : {}),
  };
}
