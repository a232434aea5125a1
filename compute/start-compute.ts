import { homePaths } from '../kernel/home.ts';
import type { Log } from '../kernel/log.ts';
import type { Settings } from '../kernel/settings.ts';
import type { EngineSourceSpec, EngineStore } from '../strategies/spi/engine-source.ts';
import { createLimiter } from './cgroup/limiter.ts';
import { ensureFolder, type Owner } from './files.ts';
import type { ComputeContext, ComputeRuntime } from './guest/context.ts';
import { startDiskGuard } from './guest/disk-guard.ts';
import { isRoot } from './guest/folders.ts';
import { startKeeper } from './guest/keeper.ts';
import { createLanes } from './guest/lanes.ts';
import { requireNamespaces } from './guest/namespaces.ts';
import { type GuestUsers, separateUsers, sharedUser } from './guest/users.ts';
import { createVolumes } from './guest/volumes.ts';
import { createLocalCompute } from './local-compute.ts';
import { openRecordStore } from './records/record-store.ts';
import { serveCompute } from './rpc/server.ts';

export interface ComputeOptions {
  settings: Settings;
  log: Log;
  runtime: ComputeRuntime;
  engineStore: EngineStore;
  engineSources(datastore: string, track: string): readonly EngineSourceSpec[];
  packagesOf(datastore: string): readonly string[] | undefined;
  /** the user of the gateway: the only one that may call; null: our own */
  caller: Owner | null;
}
export interface Compute {
  /** guests of this host that should run */
  guestCount: number;
  /** why limits of memory and processors are not enforced; null when they are */
  limitsProblem: string | null;
  /** Every guest that should run was looked at and, if need be, started. */
  ready: Promise<void>;
  /** Guests run on. */
  close(): Promise<void>;
}

/** The compute role of this machine. Needs the folders of the home; everything else it makes. */
export async function startCompute(options: ComputeOptions): Promise<Compute> {
  const { settings, log } = options;
  const paths = homePaths(settings.home);
  await ensureFolder(paths.instances, isRoot() ? 0o711 : 0o700, null);
  const context: ComputeContext = {
    settings, paths, log, runtime: options.runtime, engineStore: options.engineStore, engineSources: options.engineSources, packagesOf: options.packagesOf,
    records: await openRecordStore(paths.instances, log, new Date()), limiter: await createLimiter(isRoot()),
    lanes: createLanes(), users: await decideUsers(settings, paths.instances), volumes: createVolumes(paths.instances, options.engineStore),
  };
  if (context.limiter.problem) log.info({ reason: context.limiter.problem }, 'limits of memory and processors are not enforced on this host');
  const keeper = startKeeper(context);
  const guard = startDiskGuard(context);
  const server = await serveCompute({ compute: createLocalCompute(context, keeper), socketPath: paths.computeSocket, caller: options.caller, ports: settings.enginePorts, log });
  return {
    guestCount: context.records.all().filter((record) => record.desired === 'running').length,
    limitsProblem: context.limiter.problem,
    ready: keeper.ready,
    async close() {
      guard.close();
      await Promise.all([server.close(), keeper.close()]);
    },
  };
}

/** Never quietly less than asked for: where users cannot be separated, the operator decides. */
export async function decideUsers(settings: Settings, instances: string): Promise<GuestUsers> {
  if (!isRoot() || settings.isolation === 'shared') {
    if (settings.isolation === 'users') throw new Error('COFFER_ISOLATION=users needs Coffer to be started by root');
    return sharedUser(settings, process.getuid?.() ?? 0);
  }
  await requireNamespaces(settings, 0);
  return separateUsers(settings, instances);
}
