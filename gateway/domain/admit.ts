/**
 * Which host a create is accepted for. What hosts have promised is added up at most once a second, because that takes
 * the longer the more instances there are; what this process accepts in between is added by hand. It is a first look
 * only: the `reserve` step promises, one create at a time. So it may be a moment old, but never when it refuses.
 */
import type { Store } from '../store/tx.ts';
import { chooseHost, type Demand, type HostLoad, overheadOf, type Reserve } from './admission.ts';
import { readHostLoads } from './host-load.ts';

const trustedForMs = 1_000;
const gib = 1024 ** 3;

export type Admit = (demand: Demand) => Promise<HostLoad['host']>;

export function createAdmit(deps: { store: Store; enginePorts: { from: number; to: number }; reserve: Reserve }): Admit {
  let known: { loads: HostLoad[]; readAtMs: number } | null = null;
  let reading: Promise<HostLoad[]> | null = null;

  const read = (): Promise<HostLoad[]> => (reading ??= (async () => {
    const readAtMs = performance.now();
    try {
      const loads = await readHostLoads(deps.store, deps.enginePorts);
      known = { loads, readAtMs };
      return loads;
    } finally {
      reading = null;
    }
  })());

  return async (demand) => {
    const recent = known && performance.now() - known.readAtMs < trustedForMs ? known.loads : null;
    let chosen: HostLoad;
    try {
      chosen = chooseHost(recent ?? (await read()), demand, deps.reserve);
    } catch (refusal) {
      if (!recent) throw refusal;
      chosen = chooseHost(await read(), demand, deps.reserve);
    }
    const memoryMb = demand.memoryMb + overheadOf(chosen, demand);
    chosen.promisedMemoryMb += memoryMb;
    chosen.pendingMemoryMb += memoryMb;
    chosen.unusedVolumeBytes += demand.volumeGb * gib;
    chosen.portsLeft -= demand.ports;
    return chosen.host;
  };
}
