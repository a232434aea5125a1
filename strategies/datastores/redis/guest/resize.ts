/** Whether the data fit another flavor: all of them live in memory, and nothing is evicted unless somebody asked for that. */
import type { Finding, GuestContext, NextSize } from '../../../spi/guest.ts';
import { ask } from './management.ts';

const mib = 1024 ** 2;
/** Of the pages, copied while a snapshot or the append-only file is written: the usual planning figure. */
const copiedShare = 0.5;
const mb = (bytes: number): string => `${Math.ceil(bytes / mib)} MB`;

export interface MemoryUse { usedBytes: number; /** of the used, not counted against maxmemory: buffers of replicas and of the log */ uncountedBytes: number; residentBytes: number }
type Judged = Pick<NextSize, 'flavor' | 'sizing' | 'parameters'>;

/** Pure. */
export function memoryFindings({ usedBytes, uncountedBytes, residentBytes }: MemoryUse, { flavor, sizing, parameters }: Judged): Finding[] {
  const maxmemory = Number(parameters['maxmemory'] ?? sizing['maxmemory'] ?? 0);
  const flavorBytes = flavor.memoryMb * mib;
  const dataBytes = usedBytes - uncountedBytes;
  const evicts = (parameters['maxmemory-policy'] ?? sizing['maxmemory-policy'] ?? 'noeviction') !== 'noeviction';
  if (dataBytes > maxmemory && !evicts) {
    return [{ severity: 'ERROR', subject: 'used_memory', message: `${mb(dataBytes)} are in use, and of ${flavor.memoryMb} MB maxmemory would be ${mb(maxmemory)}: delete data, let them expire, or choose a larger flavor` }];
  }
  if (residentBytes > flavorBytes) {
    return [{ severity: 'ERROR', subject: 'used_memory_rss', message: `the process holds ${mb(residentBytes)} for ${mb(usedBytes)} of data, and the flavor has ${flavor.memoryMb} MB: ${usedBytes > flavorBytes ? 'delete data, let them expire, or choose a larger flavor' : 'restart the instance, which gives memory back, and resize it then'}` }];
  }
  const found: Finding[] = [];
  if (dataBytes > maxmemory) found.push({ severity: 'WARNING', subject: 'used_memory', message: `${mb(dataBytes)} are in use, and of ${flavor.memoryMb} MB maxmemory would be ${mb(maxmemory)}: the rest is evicted` });
  const peakBytes = Math.min(dataBytes, maxmemory) * (1 + copiedShare);
  if (peakBytes > flavorBytes) found.push({ severity: 'WARNING', subject: 'used_memory', message: `while a snapshot is written under heavy writes ${mb(peakBytes)} may be needed, and the flavor has ${flavor.memoryMb} MB: the engine may be ended then` });
  return found;
}

export async function check(ctx: GuestContext, to: NextSize): Promise<Finding[]> {
  const told = String(await ask(ctx, 'INFO', 'memory'));
  const bytes = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(told)?.[1] ?? 0);
  return memoryFindings({ usedBytes: bytes('used_memory'), uncountedBytes: bytes('mem_not_counted_for_evict'), residentBytes: bytes('used_memory_rss') }, to);
}
