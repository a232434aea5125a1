import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { identityOf, isAlive, type ProcessIdentity } from '../compute/processes/proc.ts';

export interface HostRecord extends ProcessIdentity { port: number; home: string; startedAt: string }

/** The host that runs in this home, if one does. */
export async function runningHost(pidFile: string): Promise<HostRecord | null> {
  const record = await readRecord(pidFile);
  return record && isAlive(record) ? record : null;
}

const attempts = 10;

/** Ours when null is answered; else the host that has it. A record of a dead one is replaced. */
export async function claimPidFile(pidFile: string, port: number, home: string): Promise<HostRecord | null> {
  const own = identityOf(process.pid);
  if (!own) throw new Error('/proc is not mounted');
  const aside = `${pidFile}.${process.pid}`;
  await writeFile(aside, `${JSON.stringify({ ...own, port, home, startedAt: new Date().toISOString() } satisfies HostRecord)}\n`, { mode: 0o644 });
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      // Linking fails when the name exists: of two that start at once one wins.
      if (await link(aside, pidFile).then(() => true, () => false)) return null;
      const other = await readRecord(pidFile);
      if (other && other.pid === own.pid && other.startTicks === own.startTicks && other.bootId === own.bootId) return null;
      if (other && isAlive(other)) return other;
      await rm(pidFile, { force: true });
    }
    throw new Error(`${pidFile} cannot be claimed: remove it`);
  } finally {
    await rm(aside, { force: true });
  }
}

export async function releasePidFile(pidFile: string): Promise<void> {
  const record = await readRecord(pidFile);
  if (record?.pid === process.pid) await rm(pidFile, { force: true });
}

async function readRecord(pidFile: string): Promise<HostRecord | null> {
  try {
    return JSON.parse(await readFile(pidFile, 'utf8')) as HostRecord;
  } catch {
    return null;
  }
}
