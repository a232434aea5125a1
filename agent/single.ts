/** One agent per instance: a second one ends at once instead of meddling. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bootId, isAlive, startTimeOf } from './supervisor/proc.ts';

export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

const attempts = 3;

export async function claimInstance(agentFolder: string): Promise<void> {
  const path = join(agentFolder, 'agent.pid');
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await putClaim(path)) return;
    const [pid, startTime, boot] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ');
    if (pid && startTime && boot === bootId() && Number(pid) !== process.pid && isAlive(Number(pid), startTime)) throw new AlreadyRunning(`Process ${pid} is this instance's agent already`);
    await rm(path, { force: true });
  }
  throw new AlreadyRunning('Another agent of this instance is starting');
}

/** False when somebody's claim is there. */
async function putClaim(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${process.pid} ${startTimeOf(process.pid) ?? ''} ${bootId()}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // A full disk must not keep a database down: compute starts one at a time anyway.
    if (code === 'ENOSPC' || code === 'EDQUOT') return true;
    throw error;
  }
}
