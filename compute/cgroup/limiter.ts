import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { waitUntil } from '../processes/wait.ts';
import { type CgroupLayout, controllers, decideLayouts } from './layout.ts';

export interface Limits { memoryMb: number; vcpus: number }
/** Memory, processor and process limits of guests, where the machine permits them. */
export interface Limiter {
  /** null: limits are enforced; else why not */
  readonly problem: string | null;
  /** Makes or adjusts the guest's group. */
  ensure(instanceId: string, limits: Limits): Promise<void>;
  join(instanceId: string, pid: number): Promise<void>;
  pids(instanceId: string): Promise<number[]>;
  remove(instanceId: string): Promise<void>;
}

/** What an agent takes, whatever it looks after. */
export const agentMemoryMb = 70;
/** It lives in the group of its engine and must not take from what the flavor promises, nor at its busiest. */
const agentAllowanceMb = 160;
const processLimit = 4096;
const cpuPeriodUs = 100_000;
const removeTimeoutMs = 2_000;

/** What is written, by file, for a version of control groups. Pure. */
export function limitFiles(version: 1 | 2, limits: Limits): { controller: 'memory' | 'cpu' | 'pids'; file: string; value: string }[] {
  const bytes = String((limits.memoryMb + agentAllowanceMb) * 1024 * 1024);
  const quotaUs = Math.max(1_000, Math.round(limits.vcpus * cpuPeriodUs));
  return version === 1
    ? [
        { controller: 'memory', file: 'memory.limit_in_bytes', value: bytes },
        { controller: 'cpu', file: 'cpu.cfs_period_us', value: String(cpuPeriodUs) },
        { controller: 'cpu', file: 'cpu.cfs_quota_us', value: String(quotaUs) },
        { controller: 'pids', file: 'pids.max', value: String(processLimit) },
      ]
    : [
        { controller: 'memory', file: 'memory.max', value: bytes },
        { controller: 'cpu', file: 'cpu.max', value: `${quotaUs} ${cpuPeriodUs}` },
        { controller: 'pids', file: 'pids.max', value: String(processLimit) },
      ];
}

export async function createLimiter(isRoot: boolean): Promise<Limiter> {
  const [mounts, own] = await Promise.all(['/proc/self/mounts', '/proc/self/cgroup'].map((path) => readFile(path, 'utf8').catch(() => '')));
  let problem = 'this machine offers no control groups to this user';
  for (const layout of decideLayouts(mounts ?? '', own ?? '', isRoot)) {
    const failure = await prove(layout);
    if (failure === null) return limiterOf(layout);
    problem = `control groups cannot be used: ${failure}`;
  }
  return { problem, ensure: async () => {}, join: async () => {}, pids: async () => [], remove: async () => {} };
}

/** A limit that was never tried is not enforced: makes a group, sets limits, removes it. */
async function prove(layout: CgroupLayout): Promise<string | null> {
  const limiter = limiterOf(layout);
  const name = `probe-${process.pid}`;
  try {
    await limiter.ensure(name, { memoryMb: 64, vcpus: 1 });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await limiter.remove(name).catch(() => {});
  }
}

/** Version 2: a group hands its controllers down only when told to. The parent goes with the last guest, so it may be a new one. */
async function handDown(parent: string): Promise<void> {
  await mkdir(parent, { recursive: true });
  const all = controllers.map((controller) => `+${controller}`).join(' ');
  for (const folder of [dirname(parent), parent]) await writeFile(`${folder}/cgroup.subtree_control`, all);
}

/** Exported for tests: a machine offers one version only. */
export function limiterOf(layout: CgroupLayout): Limiter {
  const folders = (id: string): string[] => [...new Set(controllers.map((controller) => `${layout.parents[controller]}/${id}`))];
  return {
    problem: null,
    async ensure(id, limits) {
      if (layout.version === 2) await handDown(layout.parents.memory);
      for (const folder of folders(id)) await mkdir(folder, { recursive: true });
      for (const { controller, file, value } of limitFiles(layout.version, limits)) await writeFile(`${layout.parents[controller]}/${id}/${file}`, value);
    },
    async join(id, pid) {
      for (const folder of folders(id)) await writeFile(`${folder}/cgroup.procs`, String(pid));
    },
    async pids(id) {
      const text = await readFile(`${layout.parents.pids}/${id}/cgroup.procs`, 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '').map(Number);
    },
    async remove(id) {
      // The kernel lets a group go only a moment after its last process.
      await waitUntil(async () => (await Promise.all(folders(id).map(removed))).every(Boolean), removeTimeoutMs);
      await Promise.all(Object.values(layout.parents).map((folder) => rmdir(folder).catch(() => {})));
    },
  };
}

async function removed(folder: string): Promise<boolean> {
  return rmdir(folder).then(() => true, (error: NodeJS.ErrnoException) => error.code === 'ENOENT');
}
