import { cpus, totalmem } from 'node:os';
import { readFile } from 'node:fs/promises';
import { CofferError } from '../kernel/errors.ts';
import { typeOfId } from '../kernel/ids.ts';
import type { CallOptions, ComputeStrategy, HostFacts } from '../strategies/spi/compute.ts';
import { agentMemoryMb } from './cgroup/limiter.ts';
import { diskSpace } from './disk.ts';
import { changeGuest, createGuest, createVolume, type Deed, destroyGuest, growVolume, inspect, reenrol, stopGuest } from './guest/actions.ts';
import type { ComputeContext } from './guest/context.ts';
import type { Keeper } from './guest/keeper.ts';
import { admitAttempt, refuseDestroyed, refuseOlder } from './records/fence.ts';

/** The contract, served where the guests are. Fences are proved here, in the guest's lane, before anything happens. */
export function createLocalCompute(context: ComputeContext, keeper: Keeper): ComputeStrategy {
  const { records, lanes } = context;

  async function act<T>(instanceId: string, options: CallOptions, purpose: 'make' | 'end', deed: (deed: Deed) => Promise<T>): Promise<T> {
    requireInstanceId(instanceId);
    const claim = { fence: options.fence, operationId: options.operationId };
    return lanes.run(instanceId, claim, options.signal, async (signal) => {
      const known = records.get(instanceId);
      refuseOlder(claim, known, instanceId);
      if (purpose === 'make') refuseDestroyed(claim, records.tombstone(instanceId), instanceId);
      else refuseOlder(claim, records.tombstone(instanceId), instanceId);
      if (known) {
        const admitted = { ...known, ...claim, attempts: admitAttempt(claim, known, instanceId) };
        // A removal goes on also on a full disk: the memory of this process then keeps the fence.
        await records.put(admitted).catch((error: unknown) => { if (purpose === 'make') throw error; records.putVolatile(admitted); });
      }
      return deed({ ...claim, instanceId, signal });
    });
  }

  return {
    facts: () => hostFacts(context),
    async listBuilds() {
      const [builds, offered] = await Promise.all([context.engineStore.list(), context.engineStore.offered()]);
      const ids = new Set(offered.map(({ id }) => id));
      return builds.map((build) => ({ ...build, offered: ids.has(build.id) }));
    },
    ensureEngine({ datastore, track, refresh = false }, { signal, progress }) {
      const sources = context.engineSources(datastore, track);
      if (sources.length === 0) throw new CofferError('RESOURCE.NOT_FOUND', `no plugin of this host knows ${datastore} ${track}`);
      return context.engineStore.ensure({ datastore, track, sources, refresh, signal, ...(progress ? { progress } : {}) });
    },
    createVolume: ({ instanceId, sizeGb, type = '' }, options) => act(instanceId, options, 'make', (deed) => createVolume(context, deed, sizeGb, type)),
    growVolume: ({ instanceId, sizeGb }, options) => act(instanceId, options, 'make', (deed) => growVolume(context, keeper, deed, sizeGb)),
    createGuest: (spec, options) => act(spec.instanceId, options, 'make', (deed) => createGuest(context, keeper, deed, spec)),
    changeGuest: (instanceId, change, options) => act(instanceId, options, 'make', (deed) => changeGuest(context, keeper, deed, change)),
    async inspect(instanceId) {
      requireInstanceId(instanceId);
      return inspect(context, instanceId);
    },
    reenrol: (instanceId, enrolment, options) => act(instanceId, options, 'make', (deed) => reenrol(context, keeper, deed, enrolment)),
    stopGuest: (instanceId, options) => act(instanceId, options, 'end', (deed) => stopGuest(context, deed)),
    destroy: (instanceId, options) => act(instanceId, options, 'end', (deed) => destroyGuest(context, deed)),
  };
}

/** Ids become parts of paths, and this may be root. */
function requireInstanceId(instanceId: string): void {
  if (typeOfId(instanceId) !== 'Instance') throw new CofferError('INPUT.INVALID', 'that is not the id of an instance');
}

const mebibyte = 1024 ** 2;
async function hostFacts({ settings, paths, users, limiter, runtime, volumes }: ComputeContext): Promise<HostFacts> {
  const [disk, memory] = await Promise.all([diskSpace(paths.home), readFile('/proc/meminfo', 'utf8')]);
  return {
    name: settings.hostName, region: settings.region, zone: settings.zone,
    memoryTotalMb: Math.floor(totalmem() / mebibyte),
    memoryAvailableMb: Math.floor(Number(/^MemAvailable:\s+(\d+)/m.exec(memory)?.[1] ?? 0) / 1024),
    diskTotalBytes: disk.totalBytes, diskFreeBytes: disk.freeBytes, vcpus: cpus().length,
    isolation: users.isolation, limitsEnforced: limiter.problem === null, runtimeHash: runtime.hash, guestOverheadMb: agentMemoryMb, volumeTypes: await volumes.facts(),
  };
}
