import { describe, expect, it } from 'vitest';
import { memoryFindings } from '../../../strategies/datastores/redis/guest/resize.ts';
import { sizeRedis } from '../../../strategies/datastores/redis/sizing.ts';

const mib = 1024 ** 2;
const nano = { vcpus: 0.25, memoryMb: 256 };
const sizing = sizeRedis({ track: '8', flavor: nano, volumeGb: 1 });
/** maxmemory of the smaller flavor is 129.6 MB */
const found = (usedMb: number, { residentMb = usedMb, uncountedMb = 0, parameters = {} }: { residentMb?: number; uncountedMb?: number; parameters?: Record<string, string> } = {}) =>
  memoryFindings({ usedBytes: usedMb * mib, uncountedBytes: uncountedMb * mib, residentBytes: residentMb * mib }, { flavor: nano, sizing, parameters }).map(({ severity, subject, message }) => `${severity} ${subject}: ${message}`);

describe('data in memory and a smaller flavor', () => {
  it('fit up to maxmemory, buffers that do not count aside', () => {
    expect(found(129)).toEqual([]);
    expect(found(135, { uncountedMb: 10 })).toEqual([]);
  });
  it('do not fit beyond it; the numbers are told', () => {
    expect(found(131)).toEqual(['ERROR used_memory: 131 MB are in use, and of 256 MB maxmemory would be 130 MB: delete data, let them expire, or choose a larger flavor']);
  });
  it('are evicted where somebody asked for that', () => {
    expect(found(131, { parameters: { 'maxmemory-policy': 'allkeys-lru' } })).toEqual([expect.stringMatching(/^WARNING used_memory: .*the rest is evicted$/)]);
  });
  it('are judged by the group\'s own maxmemory', () => {
    expect(found(131, { parameters: { maxmemory: String(150 * mib) } })).toEqual([]);
    expect(found(101, { parameters: { maxmemory: String(100 * mib) } })).toEqual([expect.stringContaining('maxmemory would be 100 MB')]);
  });
  it('with so much of it that a snapshot may be too much are told of', () => {
    expect(found(190, { parameters: { maxmemory: String(200 * mib) } })).toEqual([expect.stringMatching(/^WARNING used_memory: while a snapshot .* 285 MB may be needed, and the flavor has 256 MB/)]);
  });
  it('that left a process which holds more than the flavor has need a restart first', () => {
    expect(found(20, { residentMb: 300 })).toEqual([expect.stringMatching(/^ERROR used_memory_rss: the process holds 300 MB for 20 MB of data, and the flavor has 256 MB: restart/)]);
  });
  it('that are larger than the flavor no restart makes smaller', () => {
    expect(found(300, { residentMb: 310, parameters: { 'maxmemory-policy': 'allkeys-lru' } })).toEqual([expect.stringMatching(/^ERROR used_memory_rss: the process holds 310 MB for 300 MB of data, and the flavor has 256 MB: delete data/)]);
  });
});
