import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, readlink, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDirectory } from './paths.ts';
import { fromFileError } from './source-error.ts';

/**
 * A lock between processes, made of files `<name>@<generation>.lock`; the one of the highest generation counts.
 * Taking it means creating the next generation, which link(2) lets exactly one process do; so a stale holder can be
 * replaced without the window in which two takers remove each other's file. Releasing empties the file (which works
 * on a full disk) and leaves it: a name is never used twice.
 */
export interface LockHolder { pid: number; startTime: string; bootId: string; pidNamespace: string; nonce: string }

/** A holder in another pid namespace or on another host cannot be looked up; it shows life by touching its file. */
const heartbeatMs = 5_000;
export const foreignStaleMs = 60_000;
const pollMs = 150;

export type LockVerdict = 'free' | 'held';
/** Whether the holder still works. `startTime` is what the system says now about its pid, undefined when there is none. */
export function decideLock(holder: LockHolder | undefined, self: LockHolder, observed: { startTime: string | undefined; ageMs: number }): LockVerdict {
  if (holder === undefined) return 'free';
  if (holder.bootId !== self.bootId || holder.pidNamespace !== self.pidNamespace) return observed.ageMs > foreignStaleMs ? 'free' : 'held';
  // The start time tells a holder from a stranger that was given its pid later.
  return observed.startTime === holder.startTime ? 'held' : 'free';
}

export function parseHolder(text: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(text) as LockHolder;
    return Number.isInteger(holder.pid) && typeof holder.nonce === 'string' ? holder : undefined;
  } catch { return undefined; }
}

/** Field 22 of /proc/<pid>/stat; the name in field 2 may hold spaces and parentheses. A zombie works no more. */
export function parseStartTime(statLine: string): string | undefined {
  const fields = statLine.slice(statLine.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
const startTimeOf = async (pid: number | 'self'): Promise<string | undefined> =>
  await readFile(`/proc/${pid}/stat`, 'utf8').then(parseStartTime, () => undefined);

/** What the system says of a holder's pid. A hidden /proc (hidepid) still tells that the process is there. */
async function observe(holder: LockHolder): Promise<string | undefined> {
  const startTime = await startTimeOf(holder.pid);
  if (startTime !== undefined) return startTime;
  try { process.kill(holder.pid, 0); } catch (error) { return (error as NodeJS.ErrnoException).code === 'EPERM' ? holder.startTime : undefined; }
  return undefined;
}

async function describeSelf(): Promise<LockHolder> {
  const [startTime, bootId, pidNamespace] = await Promise.all([
    startTimeOf('self'), readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''), readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return { pid: process.pid, startTime: startTime ?? '', bootId: bootId.trim(), pidNamespace, nonce: randomUUID() };
}

interface Generation { number: number; path: string }
async function generations(directory: string, name: string): Promise<Generation[]> {
  const found = (await readdir(directory)).flatMap((file) => {
    const match = file.startsWith(`${name}@`) ? /^@(\d+)\.lock$/.exec(file.slice(name.length)) : null;
    return match ? [{ number: Number(match[1]), path: join(directory, file) }] : [];
  });
  return found.toSorted((a, b) => b.number - a.number);
}

async function verdictOn(path: string, self: LockHolder): Promise<{ verdict: LockVerdict; holder: LockHolder | undefined }> {
  const [text, ageMs] = await Promise.all([readFile(path, 'utf8').catch(() => ''), stat(path).then((s) => Date.now() - s.mtimeMs, () => 0)]);
  const holder = parseHolder(text);
  return { verdict: decideLock(holder, self, { startTime: holder && await observe(holder), ageMs }), holder };
}

/** Creates the file with its content at once, or answers false when another process was first. */
async function createWhole(path: string, draft: string, content: string): Promise<boolean> {
  await writeFile(draft, content, { mode: 0o644 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally { await rm(draft, { force: true }); }
}

/** The path of the lock when it was taken, else by whom it is held as far as that is known. */
async function tryTake(directory: string, name: string, self: LockHolder): Promise<{ path: string } | { heldBy: number | undefined }> {
  const highest = (await generations(directory, name))[0];
  const seen = highest && await verdictOn(highest.path, self);
  if (seen?.verdict === 'held') return { heldBy: seen.holder?.pid };
  const next = (highest?.number ?? 0) + 1;
  const path = join(directory, `${name}@${next}.lock`);
  const isMade = await createWhole(path, join(directory, `${name}@${self.nonce}.tmp`), JSON.stringify(self));
  if (!isMade) return { heldBy: undefined };
  const all = await generations(directory, name);
  // A slow taker can create a generation that was used and removed meanwhile; then a higher one exists, always.
  if (all.some((g) => g.number > next)) { await rm(path, { force: true }); return { heldBy: undefined }; }
  await Promise.all(all.filter((g) => g.number < next).map((g) => rm(g.path, { force: true })));
  return { path };
}

export interface LockRequest {
  directory: string;
  /** without `@` */
  name: string;
  signal: AbortSignal;
  /** told once, by which process the lock is held */
  onWait?(pid: number): void;
}

async function take({ directory, name, signal, onWait }: LockRequest, self: LockHolder): Promise<string> {
  let isTold = false;
  for (;;) {
    signal.throwIfAborted();
    const taken = await tryTake(directory, name, self);
    if ('path' in taken) return taken.path;
    if (taken.heldBy !== undefined && !isTold) { isTold = true; onWait?.(taken.heldBy); }
    await sleep(pollMs, undefined, { signal });
  }
}

/** Runs `work` alone among all processes that use the same directory and name. */
export async function withLock<T>(request: LockRequest, work: () => Promise<T>): Promise<T> {
  const self = await describeSelf();
  const held = await makeDirectory(request.directory).catch(ignoreIfThere(request.directory))
    .then(() => take(request, self)).catch((error: unknown) => { throw fromFileError(error, request.directory); });
  const heartbeat = setInterval(() => { const now = new Date(); utimes(held, now, now).catch(() => {}); }, heartbeatMs);
  heartbeat.unref();
  try { return await work(); } finally {
    clearInterval(heartbeat);
    await truncate(held, 0).catch(() => {});
  }
}

/** A directory of somebody else whose mode cannot be set is good enough if it is there. */
const ignoreIfThere = (directory: string) => async (error: unknown): Promise<void> => { await stat(directory).catch(() => { throw error; }); };
