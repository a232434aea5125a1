import { join } from 'node:path';
import type { Settings } from '../../kernel/settings.ts';
import type { Limiter } from '../cgroup/limiter.ts';
import { launch } from '../launch/launch.ts';
import { markerVariable, processesOfInstance } from '../processes/of-instance.ts';
import { allPids, identityOf, isAlive, type ProcessIdentity, wordsOf } from '../processes/proc.ts';
import type { GuestRecord } from '../records/guest-record.ts';
import { bootFile, writeBootFile } from './boot-files.ts';
import type { ComputeContext } from './context.ts';
import { ensureGuestFolders, guestPaths } from './folders.ts';

/** There is one agent for each database: a small young generation and one helper thread save 4 MB of 74. */
const frugal = ['--max-semi-space-size=1', '--v8-pool-size=1'];

/**
 * Starts the agent of a guest, or finds the one that runs. `onExit` is called when an agent we started ends (an adopted
 * one has no parent to be told: it is polled).
 */
export async function ensureAgent(context: ComputeContext, record: GuestRecord, onExit: () => void): Promise<GuestRecord> {
  if (isAlive(record.agent)) return record;
  requireSameIsolation(context, record);
  const found = await findAgent(record.instanceId, bootFile(guestPaths(context.records.folder(record.instanceId), null).agent));
  if (found) {
    const adopted = { ...record, agent: found };
    await put(context, adopted);
    return adopted;
  }
  const paths = await ensureGuestFolders(context, record);
  const own = context.packagesOf(record.spec?.datastore ?? '');
  const limited = { ...(await limitGuest(context, record)), ...(own ? { packages: own } : {}) };
  await writeBootFile(context, limited);
  let started: GuestRecord = limited;
  const { child } = await launch({
    command: context.runtime.node, args: [...frugal, context.runtime.agent, bootFile(paths.agent)], cwd: paths.root,
    env: agentEnvironment(record.instanceId, context.settings.logLevel, packagesToTell(limited, context.settings.plugins)), identity: context.users.identity(record),
    output: { file: join(paths.logs, 'agent.log') },
    prepare: async (agent) => {
      if (!started.limitsUnenforced) await context.limiter.join(record.instanceId, agent.pid);
      started = { ...limited, agent, runtime: context.runtime.folder, ...(limited.build ? { agentBuild: limited.build.id } : {}) };
      // On disk before it runs: whatever happens to us now, the next compute role finds it.
      await put(context, started);
    },
  });
  child.once('exit', onExit);
  return started;
}

/** Its files belong to users that this host would not run it as now. */
function requireSameIsolation(context: ComputeContext, record: GuestRecord): void {
  if (record.isolation === context.users.isolation) return;
  throw new Error(`${record.instanceId} was made with COFFER_ISOLATION=${record.isolation}, and this host runs with ${context.users.isolation}: start Coffer as before`);
}

/** A full disk must not keep a guest down; then the process itself is the record (`findAgent`). */
async function put(context: ComputeContext, record: GuestRecord): Promise<void> {
  await context.records.put(record).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') throw error;
    context.records.putVolatile(record);
  });
}

/** Makes what the flavor promises the limits of its processes, and says where they cannot be. */
export async function limitGuest(context: ComputeContext, record: GuestRecord): Promise<GuestRecord> {
  const flavor = record.spec?.flavor;
  let limitsUnenforced = context.limiter.problem;
  if (flavor && !limitsUnenforced) {
    await context.limiter.ensure(record.instanceId, flavor).catch((error: Error) => { limitsUnenforced = `control groups cannot be used: ${error.message}`; });
  }
  return { ...record, limitsUnenforced };
}

/**
 * What an agent imports: nobody else's code is to run in it, or to keep it from starting. The record knows its plugin also
 * when that did not load here this time. All there are where it does not, or names what was renamed or moved since.
 */
export function packagesToTell({ packages }: Pick<GuestRecord, 'packages'>, named: readonly string[]): readonly string[] {
  return packages?.every((one) => named.includes(one)) ? packages : named;
}

function agentEnvironment(instanceId: string, logLevel: Settings['logLevel'], packages: readonly string[]): Record<string, string> {
  const hooks = Object.entries(process.env).filter(([name]) => name.startsWith('COFFER_TEST_'));
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', TZ: 'UTC', HOME: '/', COFFER_LOG_LEVEL: logLevel, COFFER_PLUGINS: packages.join(','),
    ...Object.fromEntries(hooks) as Record<string, string>, [markerVariable]: instanceId,
  };
}

/** An agent that no record knows (the disk was full): what it starts inherits its environment, but not its arguments. */
async function findAgent(instanceId: string, boot: string): Promise<ProcessIdentity | undefined> {
  for (const pid of allPids()) {
    if (!(await wordsOf(pid, 'cmdline')).includes(boot) || !(await wordsOf(pid, 'environ')).includes(`${markerVariable}=${instanceId}`)) continue;
    const identity = identityOf(pid);
    if (identity && isAlive(identity)) return identity;
  }
  return undefined;
}

/** Where the processes of a guest are looked for. */
export interface SearchPlace { limiter: Limiter; instances: string; /** everything guests are started from */ programFolders: readonly string[] }
export const searchPlaceOf = ({ limiter, paths, runtime }: Pick<ComputeContext, 'limiter' | 'paths' | 'runtime'>): SearchPlace =>
  ({ limiter, instances: paths.instances, programFolders: [paths.runtime, paths.engines, runtime.folder] });

/** Agent, engine and whatever they started. */
export function guestProcesses(place: SearchPlace, instanceId: string, record: GuestRecord | undefined): () => Promise<ProcessIdentity[]> {
  const programFolders = [...place.programFolders, ...(record?.build ? [record.build.prefix, record.build.binDir] : [])];
  const uids = record?.uids ? [record.uids.agent, record.uids.engine] : [];
  return async () => processesOfInstance({ instanceId, uids, root: join(place.instances, instanceId), programFolders, cgroupPids: await place.limiter.pids(instanceId) });
}
