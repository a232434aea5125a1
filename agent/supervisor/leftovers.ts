/**
 * Processes of this instance that a crash left behind. With isolation every process of the engine's user is one, and one
 * call as that user ends them all: also those of an earlier user namespace, which the agent itself may not touch. With
 * one shared user they are told by the marker in their environment; engines overwrite that with a title, so a program of
 * the build that works inside the instance is one too (never with a terminal: that is a person), and whatever descends
 * from one of these.
 */
import { readFileSync } from 'node:fs';
import { type AgentBoot, engineMarker } from '../../kernel/guest-record.ts';
import { isGone } from '../../kernel/process-stat.ts';
import { listProcesses, type ProcessFacts, statOf } from './proc.ts';
import { runAs } from './run-as.ts';

const goneTimeoutMs = 5_000;
const pollMs = 20;

export function decideLeftovers(processes: readonly ProcessFacts[], subject: { instanceId: string; folders: readonly string[]; programs: string; uid: number; self: number }): number[] {
  const isMarked = (facts: ProcessFacts): boolean => facts.environment.split('\0').includes(`${engineMarker}=${subject.instanceId}`);
  const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
  const isInside = (facts: ProcessFacts): boolean =>
    facts.terminal === 0 && isBelow(facts.program, subject.programs) && subject.folders.some((folder) => isBelow(facts.workingFolder, folder));
  const candidates = processes.filter((facts) => facts.uid === subject.uid && facts.pid !== subject.self);
  const found = new Set(candidates.filter((facts) => isMarked(facts) || isInside(facts)).map((facts) => facts.pid));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const facts of candidates) if (found.has(facts.parent)) found.add(facts.pid);
  }
  return [...found];
}

export async function killLeftovers(boot: AgentBoot): Promise<void> {
  if (boot.engineUid !== null && isInUserNamespace()) {
    await runAs(boot, 'kill -9 -1');
    await untilGone((await listProcesses()).filter((facts) => facts.uid === boot.engineUid).map((facts) => facts.pid));
    return;
  }
  const folders = [boot.paths.volume, boot.paths.config, boot.paths.run, boot.paths.logs, boot.paths.tls];
  const uid = boot.engineUid ?? process.getuid?.() ?? -1;
  const pids = decideLeftovers(await listProcesses(), { instanceId: boot.instanceId, folders, programs: boot.build.bin, uid, self: process.pid });
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  await untilGone(pids);
}

/** Outside of one, the engine's number may be a user of the machine's with processes of its own. */
function isInUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
}

async function untilGone(pids: readonly number[]): Promise<void> {
  const deadline = Date.now() + goneTimeoutMs;
  while (pids.some((pid) => !isGone(statOf(pid)))) {
    if (Date.now() > deadline) throw new Error(`Processes ${pids.join(', ')} did not end within ${goneTimeoutMs} ms after SIGKILL`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
