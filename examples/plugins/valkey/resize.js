/** Whether the data fit another flavor: all of them live in memory. */
import { info } from './management.js';

const mib = 1024 ** 2;
const mb = (/** @type {number} */ bytes) => `${Math.ceil(bytes / mib)} MB`;

/** @type {NonNullable<import('@coffer/plugin-sdk').GuestHalf['resize']>} */
export const resize = {
  async check(ctx, { flavor, sizing, parameters }) {
    const told = await info(ctx, 'memory');
    const bytes = (/** @type {string} */ name) => Number(told.get(name) ?? 0);
    const [data, held] = [bytes('used_memory') - bytes('mem_not_counted_for_evict'), bytes('used_memory_rss')];
    const maxmemory = Number(parameters['maxmemory'] ?? sizing['maxmemory']);
    const evicts = (parameters['maxmemory-policy'] ?? sizing['maxmemory-policy']) !== 'noeviction';
    if (data > maxmemory && !evicts) return [{ severity: 'ERROR', subject: 'used_memory', message: `${mb(data)} are in use, and of ${flavor.memoryMb} MB maxmemory would be ${mb(maxmemory)}: delete data or choose a larger flavor` }];
    if (held > flavor.memoryMb * mib) return [{ severity: 'ERROR', subject: 'used_memory_rss', message: `the process holds ${mb(held)}, and the flavor has ${flavor.memoryMb} MB: restart the instance, which gives memory back, and resize it then` }];
    return [];
  },
};
