/** One agent per instance: a second one ends at once instead of meddling. */
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bootId, isAlive, statOf } from './supervisor/proc.ts';

export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

const attempts = 3;

export async function claimInstance(agentFolder: string): Promise<void> {
  const path = join(agentFolder, 'agent.pid');
  const mine = `${process.pid} ${statOf(process.pid)?.startTime ?? ''} ${bootId()}\n`;
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      await using file = await open(path, 'wx', 0o600);
      await file.writeFile(mine);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const [pid, startTime, boot] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ');
    if (pid && startTime && boot === bootId() && Number(pid) !== process.pid && isAlive(Number(pid), startTime)) throw new AlreadyRunning(`Process ${pid} is this instance's agent already`);
    await rm(path, { force: true });
  }
  throw new AlreadyRunning('Another agent of this instance is starting');
}
