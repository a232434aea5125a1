import { engineMarker } from '../../kernel/guest-record.ts';
import { isGone } from '../../kernel/process-stat.ts';
import { allPids, identityOf, linkOf, type ProcessIdentity, statOf, statusOf, wordsOf } from './proc.ts';

/** Set in the environment of every agent; what it starts inherits it. */
export const markerVariable = 'COFFER_INSTANCE';

export interface InstanceMarks {
  instanceId: string;
  /** users that are this instance's alone; empty where one user is shared */
  uids: readonly number[];
  /** `instances/<id>` */
  root: string;
  /** folders with the programs an instance may run: build and runtimes */
  programFolders: readonly string[];
  cgroupPids: readonly number[];
}
export interface ProcessTraits { uids: readonly number[]; environment: readonly string[]; words: readonly string[]; cwd: string; exe: string }

/**
 * Why a process is the instance's, or null. Engines overwrite their environment (process titles), so with a shared user
 * the place they work in tells them too; but only together with a program of ours: a person's shell that stands in
 * the folder must not be killed.
 */
export function decideOwnership(traits: ProcessTraits, marks: Omit<InstanceMarks, 'cgroupPids'>): 'uid' | 'marker' | 'place' | null {
  if (traits.uids.some((uid) => marks.uids.includes(uid))) return 'uid';
  if (traits.environment.includes(`${markerVariable}=${marks.instanceId}`)) return 'marker';
  const below = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
  const ours = marks.programFolders.some((folder) => below(traits.exe.replace(/ \(deleted\)$/, ''), folder));
  const inPlace = below(traits.cwd, marks.root) || traits.words.some((word) => word.includes(`${marks.root}/`));
  return ours && inPlace ? 'place' : null;
}

/**
 * Whether a process of the instance may be at work on its data. What an agent starts for itself, to count files, is not: it
 * runs as the agent, or where all are one user works in `/` without the engine's mark. What cannot be looked at is.
 */
export function decideAtWork({ uids, environment, cwd }: Pick<ProcessTraits, 'uids' | 'environment' | 'cwd'>, { instanceId, agentUid }: { instanceId: string; agentUid: number | null }): boolean {
  if (agentUid !== null) return uids.some((uid) => uid !== agentUid);
  return cwd !== '/' || environment.includes(`${engineMarker}=${instanceId}`);
}

export async function processesOfInstance(marks: InstanceMarks): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const pid of allPids()) {
    if (pid === process.pid) continue;
    if (!marks.cgroupPids.includes(pid) && !(await belongs(pid, marks))) continue;
    const identity = identityOf(pid);
    if (identity && !isGone(statOf(pid))) found.push(identity);
  }
  return found;
}

async function belongs(pid: number, marks: InstanceMarks): Promise<boolean> {
  const status = statusOf(pid);
  if (!status) return false;
  if (status.uids.some((uid) => marks.uids.includes(uid))) return true;
  const [cwd, exe] = [linkOf(pid, 'cwd'), linkOf(pid, 'exe')];
  // The kernel's own and zombies: they have neither environment nor words.
  if (exe === '') return false;
  const [environment, words] = await Promise.all([wordsOf(pid, 'environ'), wordsOf(pid, 'cmdline')]);
  return decideOwnership({ uids: status.uids, environment, words, cwd, exe }, marks) !== null;
}

export async function isAtWork(pid: number, marks: { instanceId: string; agentUid: number | null }): Promise<boolean> {
  const status = statusOf(pid);
  if (!status) return false;
  return decideAtWork({ uids: status.uids, environment: await wordsOf(pid, 'environ'), cwd: linkOf(pid, 'cwd') }, marks);
}
