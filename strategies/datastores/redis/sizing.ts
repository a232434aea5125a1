import type { SizingInput } from '../../spi/control.ts';

const mib = 1024 ** 2;

/**
 * maxmemory leaves room for the process itself, client buffers, and copy-on-write pages while a snapshot or an AOF
 * rewrite runs (up to every page under heavy writes; half is the usual planning figure).
 */
export function sizeRedis({ flavor, volumeGb }: SizingInput): Record<string, string> {
  const bytes = flavor.memoryMb * mib;
  const maxmemory = Math.floor((bytes - 40 * mib) * 0.6);
  return {
    maxmemory: String(maxmemory),
    'maxmemory-policy': 'noeviction',
    'maxmemory-clients': String(Math.max(16 * mib, Math.floor(bytes * 0.1))),
    maxclients: String(Math.min(10_000, Math.max(200, Math.floor(flavor.memoryMb)))),
    'repl-backlog-size': String(Math.max(mib, Math.floor(bytes * 0.01))),
    'auto-aof-rewrite-min-size': String(Math.min(64 * mib, Math.max(8 * mib, volumeGb * mib))),
    // one thread below a whole processor; more would only contend
    'io-threads': flavor.vcpus >= 4 ? '2' : '1',
  };
}
