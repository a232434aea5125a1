import { mkdtemp, rm, chmod, mkdir, readdir } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { homePaths } from '../../../kernel/home.ts';
import { newId } from '../../../kernel/ids.ts';
import { silentLog } from '../../../kernel/log.ts';
import { loadSettings, type Settings } from '../../../kernel/settings.ts';
import { type Compute, type ComputeOptions, startCompute } from '../../../compute/start-compute.ts';
import { killAll } from '../../../compute/processes/end.ts';
import { allPids, identityOf, type ProcessIdentity, wordsOf } from '../../../compute/processes/proc.ts';
import { createProcessCompute } from '../../../strategies/compute/process/index.ts';
import type { CallOptions, ComputeStrategy, GuestSpec } from '../../../strategies/spi/compute.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
import { enginesFolder } from '../installation.ts';
import type { EngineBuild, EngineStore } from '../../../strategies/spi/engine-source.ts';

export const isRoot = process.getuid?.() === 0;
export const stubAgent = join(import.meta.dirname, 'stub-agent.mjs');

export interface OpenOptions { agent?: string; runtime?: string; packagesOf?: ComputeOptions['packagesOf'] }
export interface TestCompute {
  settings: Settings;
  client: ComputeStrategy;
  folder(instanceId: string): string;
  /** The compute role ends, as with Ctrl-C; guests stay. */
  close(): Promise<void>;
  /** …and begins again on the same home. */
  reopen(options?: OpenOptions): Promise<void>;
  dispose(): Promise<void>;
}

/** Every file gets user ids of its own, so that tests of several developers on one machine do not meet. */
const uidBase = 200_000_000 + (process.pid % 20_000) * 65_536;

export async function startTestCompute(variables: Record<string, string> = {}, options: OpenOptions = {}): Promise<TestCompute> {
  const outer = await mkdtemp('/tmp/coffer-test-compute-');
  await chmod(outer, 0o755);
  const loaded = loadSettings({ COFFER_HOME: join(outer, 'home'), COFFER_UID_BASE: String(uidBase), COFFER_DISK_RESERVE_GB: '0', ...variables }, { uid: process.getuid?.() ?? 0, userHome: outer, machineName: 'test' });
  if ('problems' in loaded) throw new Error(loaded.problems.map((problem) => problem.message).join('; '));
  const { settings } = loaded;
  const paths = homePaths(settings.home);
  for (const folder of [paths.home, paths.run, paths.instances]) await mkdir(folder, { recursive: true, mode: 0o711 });
  let compute: Compute;
  const open = async (more: OpenOptions = {}): Promise<void> => {
    const { agent = stubAgent, runtime = join(outer, 'runtime'), packagesOf = () => [] } = { ...options, ...more };
    compute = await startCompute({
      settings, log: silentLog, runtime: { hash: 'test', folder: runtime, node: process.execPath, agent },
      engineStore: stubEngines, engineSources: (datastore) => (datastore === 'redis' ? [{ kind: 'host', binaries: [], searchPaths: [], versionCommand: { binary: 'x', args: [], pattern: '' } }] : []), packagesOf, caller: null,
    });
  };
  const client = createProcessCompute({ socketPath: paths.computeSocket });
  const close = (): Promise<void> => compute.close();
  await open();
  return {
    settings, client, folder: (id) => join(paths.instances, id), close, reopen: open,
    async dispose() {
      for (const name of await readdir(paths.instances).catch(() => [])) {
        if (name.startsWith('inst_')) await client.destroy(name, claim({ fence: { generation: 99, epoch: 0, attempt: 0 } })).catch(() => {});
      }
      await close().catch(() => {});
      client.close();
      await killAll(() => processesBelow(outer));
      await rm(paths.run, { recursive: true, force: true });
      await rm(outer, { recursive: true, force: true });
    },
  };
}

/** By the folder in their command line, environment or place: what a failed test leaves. */
async function processesBelow(outer: string): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const pid of allPids()) {
    if (pid === process.pid) continue;
    const words = [...(await wordsOf(pid, 'cmdline')), cwdOf(pid)];
    const identity = words.some((word) => word.includes(outer)) ? identityOf(pid) : undefined;
    if (identity) found.push(identity);
  }
  return found;
}
function cwdOf(pid: number): string {
  try { return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').find((word) => word.startsWith('PWD=')) ?? ''; } catch { return ''; }
}

const build: EngineBuild = { id: 'redis-8.0.2-00000000', datastore: 'redis', track: '8', version: '8.0.2', prefix: '/usr', binDir: '/usr/bin', closureHash: '', source: 'host', packages: [], installedAt: '2026-01-01T00:00:00Z' };
/** What a guest may be brought to. */
export const nextBuild: EngineBuild = { ...build, id: 'redis-8.0.3-00000000', version: '8.0.3' };
const stubEngines: EngineStore = {
  list: async () => [build, nextBuild], find: async () => build, offered: async () => [nextBuild], get: async (id) => [build, nextBuild].find((one) => one.id === id), restore: async () => { throw new Error('nothing was kept'); },
  ensure: async (request) => {
    const { progress, signal, track } = request;
    if (request.datastore === 'xfsprogs') return createEngineStore({ root: enginesFolder, log: silentLog }).ensure(request);
    for (let part = 1; part <= 4; part++) progress?.(part / 4, `part ${part}`);
    if (track === 'never') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    return build;
  },
};

export const newInstance = (): string => newId('Instance');
let counter = 0;
/** A later claim than every one before it. */
export const claim = (change: Partial<CallOptions> = {}): CallOptions =>
  ({ signal: AbortSignal.timeout(60_000), fence: { generation: 1, epoch: ++counter, attempt: 1 }, operationId: `op_${counter}`, ...change });

export const specOf = (instanceId: string, change: Partial<GuestSpec> = {}): GuestSpec => ({
  instanceId, datastore: 'redis', track: '8', buildId: build.id, flavor: { vcpus: 1, memoryMb: 256 }, volumeGb: 1, ports: { client: 24_001, agent: 24_002 },
  bind: '127.0.0.1', advertise: '127.0.0.1', ...change,
  enrolment: { token: 'secret-token', trustDomain: 'test', identityCa: 'PEM', enrolAddress: '127.0.0.1:1', conductorAddress: '127.0.0.1:2', ...change.enrolment },
});
