/** Whether a host can take another instance: pure, over the host's own figures and what was promised on it. */
import { CofferError } from '../../kernel/errors.ts';
import type { HostFacts, VolumeTypeFacts } from '../../strategies/spi/compute.ts';

export interface HostLoad {
  host: { id: string; name: string; region: string; zone: string; seenAgeMs: number };
  facts: HostFacts;
  /** promised to instances that exist (failed ones hold nothing); the larger of two flavors during a resize */
  promisedMemoryMb: number;
  /** what an instance takes besides its flavor; part of the two sums as well */
  guestOverheadMb: number;
  /** promised and not yet visible in memoryAvailableMb: to instances that do not run yet, and what a resize adds */
  pendingMemoryMb: number;
  /** volume sizes promised beyond what is used already */
  unusedVolumeBytes: number;
  portsLeft: number;
}
export interface Demand { memoryMb: number; volumeGb: number; /** `directory` when left out */ volumeType?: string; ports: number; zone: string | null }
export interface Reserve { memoryMb: number; diskBytes: number }

export const hostSilentAfterMs = 30_000;
const gib = 1024 ** 3;

/** Asked with a demand of nothing: whether what is promised fits. */
export const overheadOf = (load: HostLoad, demand: Demand): number => (demand.memoryMb > 0 ? load.guestOverheadMb : 0);

/** `overheadMb`: of a guest that is not there yet. */
export function memoryRefusalOf(load: HostLoad, neededMb: number, reserve: Reserve, overheadMb = 0): CofferError | null {
  const free = Math.min(
    load.facts.memoryTotalMb - reserve.memoryMb - load.promisedMemoryMb,
    load.facts.memoryAvailableMb - reserve.memoryMb - load.pendingMemoryMb,
  ) - overheadMb;
  if (free >= neededMb) return null;
  return new CofferError('ADMISSION.NO_MEMORY', `host ${load.host.name} has ${Math.max(0, Math.floor(free))} MB of memory to give, ${neededMb} MB are needed`);
}

/** Why not, or null when it fits. */
export function refusalOf(load: HostLoad, demand: Demand, reserve: Reserve): CofferError | null {
  const refusal = memoryRefusalOf(load, demand.memoryMb, reserve, overheadOf(load, demand)) ?? diskRefusalOf(load, demand.volumeGb, reserve);
  if (refusal) return refusal;
  if (load.portsLeft < demand.ports) return new CofferError('ADMISSION.NO_PORT', `host ${load.host.name} has ${load.portsLeft} free engine ports, ${demand.ports} are needed`);
  return null;
}

/** For a volume alone; asked with nothing, whether what is promised fits. */
export function diskRefusalOf(load: HostLoad, volumeGb: number, reserve: Reserve): CofferError | null {
  const disk = load.facts.diskFreeBytes - reserve.diskBytes - load.unusedVolumeBytes;
  if (disk >= volumeGb * gib) return null;
  return new CofferError('ADMISSION.NO_DISK', `host ${load.host.name} has ${Math.max(0, disk / gib).toFixed(1)} GB of disk to give, ${volumeGb} GB are needed`);
}

/** A host of an earlier release has folders alone. */
const volumeTypesOf = ({ facts }: HostLoad): VolumeTypeFacts[] => (facts.volumeTypes?.length ? facts.volumeTypes : [{ name: 'directory', problem: null }]);
const problemWith = (load: HostLoad, type: string): string | null => {
  const found = volumeTypesOf(load).find(({ name }) => name === type);
  return found ? found.problem : 'it is of a release that does not know them';
};

/** The host with most memory left among those that fit; the refusal of the best candidate otherwise. */
export function chooseHost(loads: readonly HostLoad[], demand: Demand, reserve: Reserve): HostLoad {
  const inZone = demand.zone === null ? loads : loads.filter((l) => l.host.zone === demand.zone);
  const alive = inZone.filter((l) => l.host.seenAgeMs <= hostSilentAfterMs);
  if (alive.length === 0) {
    throw new CofferError('ADMISSION.NO_HOST', demand.zone === null || inZone.length > 0 ? 'no host with a live compute role is known' : `no host is in zone ${demand.zone}`);
  }
  const able = alive.filter((load) => problemWith(load, demand.volumeType ?? 'directory') === null);
  if (able.length === 0) {
    throw new CofferError('ADMISSION.NO_HOST', `no host has volumes of type ${demand.volumeType}: ${[...new Set(alive.map((load) => problemWith(load, demand.volumeType!)))].join('; ')}`, { remedy: 'Choose another of `volumeTypes`, or leave the type out.' });
  }
  const ranked = able.map((load) => ({ load, refusal: refusalOf(load, demand, reserve), left: load.facts.memoryTotalMb - load.promisedMemoryMb })).sort((a, b) => b.left - a.left);
  const fitting = ranked.find((r) => r.refusal === null);
  if (fitting) return fitting.load;
  throw ranked[0]!.refusal!;
}
