import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { killAll, waitGone } from '../../compute/processes/end.ts';
import { allPids, identityOf, linkOf, type ProcessIdentity, signalProcess } from '../../compute/processes/proc.ts';

const fastShutdownMs = 20_000;

/**
 * A host that was killed may leave its store behind. It is asked to end in order; parts of one whose head is gone already
 * are killed, because the next start is refused while one of them holds the shared memory. So it is while a process has
 * the number in a lock file, of the data or of the socket: a zombie whose reaper is slow, or somebody else's after a reboot. With no
 * server left those files mean nothing. True when there was one.
 */
export async function endLeftoverStore(data: string, sockets: string): Promise<boolean> {
  const lock = join(data, 'postmaster.pid');
  const head = Number((await readFile(lock, 'utf8').catch(() => '')).split('\n')[0]);
  const find = (): Promise<ProcessIdentity[]> => processesIn(data);
  const found = await find();
  const postmaster = found.find((one) => one.pid === head);
  if (postmaster && signalProcess(postmaster, 'SIGINT')) await waitGone([postmaster], fastShutdownMs);
  const left = await killAll(find);
  if (left.length === 0) for (const file of [lock, ...(await socketLocks(sockets))]) await rm(file, { force: true });
  return found.length > 0;
}

const socketLocks = async (sockets: string): Promise<string[]> =>
  (await readdir(sockets).catch(() => [])).filter((name) => name.endsWith('.lock')).map((name) => join(sockets, name));

/** Every process of a PostgreSQL works in its data folder. */
async function processesIn(data: string): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const pid of allPids()) {
    if (linkOf(pid, 'cwd') !== data) continue;
    if (!/\/postgres( \(deleted\))?$/.test(linkOf(pid, 'exe'))) continue;
    const identity = identityOf(pid);
    if (identity) found.push(identity);
  }
  return found;
}
