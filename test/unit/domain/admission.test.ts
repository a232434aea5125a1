import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseHost, type Demand, type HostLoad, hostSilentAfterMs, memoryRefusalOf, refusalOf, type Reserve } from '../../../gateway/domain/admission.ts';
import type { VolumeTypeFacts } from '../../../strategies/spi/compute.ts';

const gib = 1024 ** 3;
const none: Reserve = { memoryMb: 0, diskBytes: 0 };
interface Change { name?: string; zone?: string; seenAgeMs?: number; totalMb?: number; availableMb?: number; diskFreeGb?: number; promisedMb?: number; overheadMb?: number; pendingMb?: number; unusedGb?: number; ports?: number; volumeTypes?: VolumeTypeFacts[] }
const load = (c: Change = {}): HostLoad => ({
  host: { id: c.name ?? 'h', name: c.name ?? 'h', region: 'r', zone: c.zone ?? 'a', seenAgeMs: c.seenAgeMs ?? 0 },
  facts: {
    name: c.name ?? 'h', region: 'r', zone: c.zone ?? 'a', memoryTotalMb: c.totalMb ?? 8_192, memoryAvailableMb: c.availableMb ?? c.totalMb ?? 8_192, diskTotalBytes: 1_000 * gib,
    diskFreeBytes: (c.diskFreeGb ?? 100) * gib, vcpus: 2, isolation: 'users', limitsEnforced: true, runtimeHash: 'x', guestOverheadMb: c.overheadMb ?? 0, ...(c.volumeTypes ? { volumeTypes: c.volumeTypes } : {}),
  },
  promisedMemoryMb: c.promisedMb ?? 0, guestOverheadMb: c.overheadMb ?? 0, pendingMemoryMb: c.pendingMb ?? 0, unusedVolumeBytes: (c.unusedGb ?? 0) * gib, portsLeft: c.ports ?? 10,
});
const demand = (d: Partial<Demand> = {}): Demand => ({ memoryMb: 1_024, volumeGb: 10, ports: 1, zone: null, ...d });
const refused = (l: HostLoad, d: Demand = demand(), reserve: Reserve = none): string | null => refusalOf(l, d, reserve)?.message ?? null;

describe('a host takes an instance', () => {
  it('to its last megabyte, gigabyte and port', () => {
    expect(refused(load({ totalMb: 1_024, diskFreeGb: 10, ports: 1 }))).toBeNull();
    expect(refused(load({ totalMb: 1_023 }))).toBe('host h has 1023 MB of memory to give, 1024 MB are needed');
    expect(refused(load({ diskFreeGb: 9.5 }))).toBe('host h has 9.5 GB of disk to give, 10 GB are needed');
    expect(refused(load({ ports: 0 }))).toBe('host h has 0 free engine ports, 1 are needed');
  });
  it('not out of what was promised to others, used or not', () => {
    expect(refused(load({ totalMb: 8_192, availableMb: 8_000, promisedMb: 7_500 }))).toContain('692 MB');
    expect(refused(load({ diskFreeGb: 100, unusedGb: 95 }))).toContain('5.0 GB');
  });
  it('not out of what others use that were promised nothing', () => expect(refused(load({ totalMb: 8_192, availableMb: 1_000 }))).toContain('1000 MB'));
  it('not out of memory that accepted instances will take as soon as they run', () => expect(refused(load({ totalMb: 8_192, availableMb: 2_048, promisedMb: 2_048, pendingMb: 2_048 }))).toContain('0 MB'));
  it('and counts what runs once: it is promised, and no longer available', () => expect(refused(load({ totalMb: 2_048, availableMb: 1_024, promisedMb: 1_024 }))).toBeNull());
  it('with the memory of its agent, and none of it asked for again once it is promised', () => {
    expect(refused(load({ totalMb: 1_094, overheadMb: 70 }))).toBeNull();
    expect(refused(load({ totalMb: 1_093, overheadMb: 70 }))).toBe('host h has 1023 MB of memory to give, 1024 MB are needed');
    expect(refused(load({ totalMb: 1_094, promisedMb: 1_094, overheadMb: 70 }), demand({ memoryMb: 0, volumeGb: 0, ports: 0 }))).toBeNull();
  });
  it('for a guest that is there only what it is to have more, whatever the disk', () => {
    const more = (c: Change): string | null => memoryRefusalOf(load(c), 512, { memoryMb: 100, diskBytes: 0 })?.message ?? null;
    expect(more({ totalMb: 1_636, promisedMb: 1_024, overheadMb: 70, diskFreeGb: 1, unusedGb: 9 })).toBeNull();
    expect(more({ totalMb: 1_635, promisedMb: 1_024 })).toBe('host h has 511 MB of memory to give, 512 MB are needed');
  });
  it('never out of the reserve', () => {
    expect(refused(load({ totalMb: 1_536 }), demand(), { memoryMb: 513, diskBytes: 0 })).toContain('1023 MB');
    expect(refused(load({ diskFreeGb: 11 }), demand(), { memoryMb: 0, diskBytes: 2 * gib })).toContain('9.0 GB');
  });
});

describe('the choice of a host', () => {
  const pick = (loads: HostLoad[], d = demand()): string => { try { return chooseHost(loads, d, none).host.name; } catch (error) { return (error as { code: string }).code; } };
  it('is the one with most memory left among those that fit', () => {
    expect(pick([load({ name: 'small', totalMb: 4_096 }), load({ name: 'big', totalMb: 16_384 }), load({ name: 'full', totalMb: 65_536, ports: 0 })])).toBe('big');
  });
  it('is in the zone that was asked for', () => {
    expect(pick([load({ name: 'a1' }), load({ name: 'b1', zone: 'b', totalMb: 2_048 })], demand({ zone: 'b' }))).toBe('b1');
    expect(() => chooseHost([load()], demand({ zone: 'nowhere' }), none)).toThrow('no host is in zone nowhere');
  });
  it('is none that has not been heard', () => {
    expect(pick([load({ seenAgeMs: hostSilentAfterMs + 1 })])).toBe('ADMISSION.NO_HOST');
    expect(pick([])).toBe('ADMISSION.NO_HOST');
  });
  it('is one that has volumes of that type, else the reason why none has', () => {
    const folders: VolumeTypeFacts = { name: 'directory', problem: null };
    const able = load({ name: 'able', totalMb: 2_048, volumeTypes: [folders, { name: 'loop', problem: null }] });
    const unable = load({ name: 'unable', totalMb: 65_536, volumeTypes: [folders, { name: 'loop', problem: 'the kernel has no XFS' }] });
    expect(pick([unable, load({ totalMb: 65_536 }), able], demand({ volumeType: 'loop' }))).toBe('able');
    expect(pick([unable, able], demand({ volumeType: 'directory' }))).toBe('unable');
    expect(pick([load({ name: 'earlier' })], demand())).toBe('earlier');
    expect(() => chooseHost([unable, load()], demand({ volumeType: 'loop' }), none)).toThrow('no host has volumes of type loop: the kernel has no XFS; it is of a release that does not know them');
  });
  it('tells why the best one does not fit', () => expect(() => chooseHost([load({ name: 'tiny', totalMb: 256 }), load({ name: 'better', totalMb: 512 })], demand(), none)).toThrow('host better has 512 MB'));

  it('never goes beyond what a host can give, however many ask in turn', () => {
    const amount = fc.integer({ min: 0, max: 4_096 });
    fc.assert(fc.property(fc.array(fc.record({ memoryMb: amount, volumeGb: fc.integer({ min: 1, max: 50 }) }), { maxLength: 40 }), amount, amount, (asked, totalMb, reserveMb) => {
      const reserve = { memoryMb: reserveMb, diskBytes: 5 * gib };
      let [promisedMb, unusedGb, ports] = [0, 0, 8];
      for (const one of asked) {
        if (refusalOf(load({ totalMb, promisedMb, pendingMb: promisedMb, unusedGb, ports }), demand(one), reserve)) continue;
        [promisedMb, unusedGb, ports] = [promisedMb + one.memoryMb, unusedGb + one.volumeGb, ports - 1];
      }
      return promisedMb <= Math.max(0, totalMb - reserveMb) && unusedGb <= 95 && ports >= 0;
    }));
  });
});
