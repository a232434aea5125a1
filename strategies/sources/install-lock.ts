import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, readlink, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
const startTimeOf = (pid: number | 'self'): Promise<string | undefined> => readFile(`/proc/${pid}/stat`, 'utf8').then(parseStartTime, () => undefined);

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
  return { verdict: decideLock(holder, self, { startTime: holder && await startTimeOf(holder.pid), ageMs }), holder };
}

/** The path of the lock when it was taken, else whom to wait for. */
async function tryTake(directory: string, name: string, self: LockHolder): Promise<{ path: string } | { heldBy: number }> {
  const highest = (await generations(directory, name))[0];
  const seen = highest && await verdictOn(highest.path, self);
  if (seen?.verdict === 'held') return { heldBy: seen.holder?.pid ?? 0 };
  const draft = join(directory, `${name}@${self.nonce}.tmp`);
  const mine = { number: (highest?.number ?? 0) + 1, path: join(directory, `${name}@${(highest?.number ?? 0) + 1}.lock`) };
  await writeFile(draft, JSON.stringify(self), { mode: 0o644 });
  const isMade = await link(draft, mine.path).then(() => true, (error: NodeJS.ErrnoException) => { if (error.code === 'EEXIST') return false; throw error; })
    .finally(() => rm(draft, { force: true }));
  if (!isMade) return { heldBy: 0 };
  const all = await generations(directory, name);
  // A slow taker can create a generation that was used and removed meanwhile; then a higher one exists, always.
  if (all.some((g) => g.number > mine.number)) { await rm(mine.path, { force: true }); return { heldBy: 0 }; }
  await Promise.all(all.filter((g) => g.number < mine.number).map((g) => rm(g.path, { force: true })));
  return { path: mine.path };
}

/** Runs `work` alone among all processes that use the same directory and name. `onWait` is told once whom we wait for. */
export async function withLock<T>(options: { directory: string; name: string; signal: AbortSignal; onWait?(pid: number): void }, work: () => Promise<T>): Promise<T> {
  const self = await describeSelf();
  await mkdir(options.directory, { recursive: true, mode: 0o755 }).catch((error: unknown) => { throw fromFileError(error, options.directory); });
  let path: string | undefined;
  for (let isFirst = true; path === undefined;) {
    options.signal.throwIfAborted();
    const taken = await tryTake(options.directory, options.name, self).catch((error: unknown) => { throw fromFileError(error, options.directory); });
    if ('path' in taken) { path = taken.path; break; }
    if (taken.heldBy !== 0 && isFirst) { isFirst = false; options.onWait?.(taken.heldBy); }
    await sleep(pollMs, undefined, { signal: options.signal });
  }
  const held = path;
  const heartbeat = setInterval(() => { const now = new Date(); utimes(held, now, now).catch(() => {}); }, heartbeatMs);
  heartbeat.unref();
  try { return await work(); } finally {
    clearInterval(heartbeat);
    await truncate(held, 0).catch(() => {});
  }
}
