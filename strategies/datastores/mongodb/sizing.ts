/**
 * Parameters that follow from the flavor and the volume, by the names of the configuration file. The defaults are made for
 * a machine of one's own: half of its memory, a gigabyte of oplog, 300 MB of journal before the first document.
 */
import type { SizingInput } from '../../spi/control.ts';
import { cacheSize, engineConfig, maxConnections, oplogSize } from './options.ts';

const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, Math.floor(value)));
/** The server itself, its threads and what queries take beside the cache. */
export const ownMemoryMb = 256;
/** The engine takes no smaller one. */
const minCacheMb = 256;

export function sizeServer({ flavor: { memoryMb }, volumeGb }: SizingInput): Record<string, string> {
  const volumeMb = volumeGb * 1024;
  const workMemory = String(clamp(memoryMb / 64, 8, 100) * 1024 ** 2);
  return {
    [cacheSize]: String(clamp((memoryMb - ownMemoryMb) / 2, minCacheMb, 1 << 20) / 1024),
    // each is a thread with its stack
    [maxConnections]: String(clamp(memoryMb / 4, 100, 20_000)),
    // how far a change stream or a member that was away may be behind; counts when the data is made
    [oplogSize]: String(clamp(volumeMb / 20, 50, 51_200)),
    // https://source.wiredtiger.com/develop/group__wt.html: segments by volume, none of them made in advance
    [engineConfig]: `log=(file_max=${clamp(volumeMb / 64, 16, 100)}MB,prealloc=false)`,
    // each sort and each group may take so much before it goes on on disk; the engine's usual 100 MB four times over is more than a small flavor has
    'setParameter.internalQueryMaxBlockingSortMemoryUsageBytes': workMemory,
    'setParameter.internalDocumentSourceGroupMaxMemoryBytes': workMemory,
    'setParameter.tcmallocMaxTotalThreadCacheBytes': String(clamp(memoryMb / 16, 16, 1024) * 1024 ** 2),
  };
}
