/**
 * The copy of the data that an upgrade goes back to: beside the data on the volume, made and moved as the engine's own
 * user. Its name tells whose it is: one of another operation is of no use any more, for the engine has run since.
 */
import { existsSync } from 'node:fs';
import { readdir, rename, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type GuestContext, GuestFault } from '../../strategies/spi/guest.ts';
import { diskUsage } from '../housekeeping/volume-usage.ts';
import { syncFolder } from '../state/atomic-file.ts';

/** What an upgrade will meet on the volume. `reflink`: a copy takes neither time nor room there. */
export interface UpgradeRoom { dataBytes: number; freeBytes: number; reflink: boolean }

const prefix = 'kept.';
const volumeOf = (ctx: GuestContext): string => dirname(ctx.paths.data);
const keptOf = (ctx: GuestContext): string => join(volumeOf(ctx), `${prefix}${ctx.operationId}`);

export async function lookAtRoom(ctx: GuestContext): Promise<UpgradeRoom> {
  const [dataBytes, { bavail, bsize }, reflink] = [await diskUsage(ctx.paths.data), await statfs(volumeOf(ctx)), await canReflink(ctx)];
  if (dataBytes === null) throw new GuestFault('RETRYABLE', 'the size of the data could not be measured');
  return { dataBytes, freeBytes: bavail * bsize, reflink };
}

const noRoom = new Set(['ENOSPC', 'EDQUOT']);

async function canReflink(ctx: GuestContext): Promise<boolean> {
  const [from, to] = [join(volumeOf(ctx), 'reflink-from'), join(volumeOf(ctx), 'reflink-to')];
  try {
    await writeFile(from, 'x', { mode: 0o600 });
    await ctx.engine.own(from, 0o600);
    return (await asEngine(ctx, 'cp', ['--reflink=always', from, to])).exitCode === 0;
  } catch (error) {
    // What cannot take one letter is told as what it is: full.
    if (!noRoom.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  } finally {
    await remove(ctx, [from, to]);
  }
}

/** Whole and durable when it is there. */
export async function keepData(ctx: GuestContext): Promise<void> {
  const others = await leftovers(ctx);
  await remove(ctx, others.map((name) => join(volumeOf(ctx), name)));
  if (isKept(ctx)) return;
  const room = await lookAtRoom(ctx);
  const problem = roomProblem(room);
  if (problem !== null) throw new GuestFault('REFUSED', problem);
  ctx.progress(0.1, `copying ${inMb(room.dataBytes)} MB`);
  await copyWhole(ctx, ctx.paths.data, keptOf(ctx));
}

/** The data are as they were kept; the copy stays. */
export async function putBackCopy(ctx: GuestContext): Promise<void> {
  if (!isKept(ctx)) throw new GuestFault('FAILED', 'the copy of the data is gone');
  await remove(ctx, [ctx.paths.data]);
  await copyWhole(ctx, keptOf(ctx), ctx.paths.data);
}

/** Whether there is something to put back. */
export const isKept = (ctx: GuestContext): boolean => existsSync(keptOf(ctx));

/** By renaming. */
export async function putBack(ctx: GuestContext): Promise<void> {
  const [kept, aside] = [keptOf(ctx), `${ctx.paths.data}.discarded`];
  if (isKept(ctx)) {
    // Of an earlier call that died between the two.
    if (existsSync(ctx.paths.data)) {
      await remove(ctx, [aside]);
      await rename(ctx.paths.data, aside);
    }
    await rename(kept, ctx.paths.data);
    await syncFolder(volumeOf(ctx));
  }
  await remove(ctx, [aside, `${kept}.new`, `${ctx.paths.data}.copy`]);
}

/** From the first rename on it is nothing to go back to. */
export async function dropKept(ctx: GuestContext): Promise<void> {
  const dropped = `${keptOf(ctx)}.new`;
  if (isKept(ctx)) {
    await remove(ctx, [dropped]);
    await rename(keptOf(ctx), dropped);
    await syncFolder(volumeOf(ctx));
  }
  await remove(ctx, [dropped, ...(await leftovers(ctx)).map((name) => join(volumeOf(ctx), name))]);
}

/** Copies of other operations, and what is half of one of this. */
async function leftovers(ctx: GuestContext): Promise<string[]> {
  return (await readdir(volumeOf(ctx))).filter((name) => name.startsWith(prefix) && name !== basename(keptOf(ctx)));
}

/** Never by links: what is copied is changed in place. */
async function copyWhole(ctx: GuestContext, from: string, to: string): Promise<void> {
  const draft = to === ctx.paths.data ? `${to}.copy` : `${to}.new`;
  await remove(ctx, [draft]);
  await must(ctx, 'cp', ['-a', '--reflink=auto', '--', from, draft]);
  await must(ctx, 'sync', ['-f', volumeOf(ctx)]);
  await rename(draft, to);
  await syncFolder(volumeOf(ctx));
}

async function remove(ctx: GuestContext, paths: readonly string[]): Promise<void> {
  const present = paths.filter((path) => existsSync(path));
  if (present.length > 0) await must(ctx, 'rm', ['-rf', '--', ...present]);
}

async function must(ctx: GuestContext, command: string, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await asEngine(ctx, command, args);
  if (exitCode !== 0) throw new GuestFault('FAILED', `${command} of the data ended with code ${exitCode}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}

const asEngine = (ctx: GuestContext, command: string, args: readonly string[]): ReturnType<GuestContext['engine']['run']> =>
  ctx.engine.run({ command, args, cwd: '/', timeoutMs: Math.max(1_000, ctx.deadline.getTime() - Date.now()) });

/** Beyond the copy: what the engines themselves write meanwhile. */
export const spareBytes = 64 << 20;
const inMb = (bytes: number): number => Math.ceil(bytes / 1024 ** 2);

/** Null when it suffices. The same before anything stops as when the copy is made. */
export function roomProblem({ dataBytes, freeBytes, reflink }: UpgradeRoom): string | null {
  if (freeBytes >= (reflink ? 0 : dataBytes) + spareBytes) return null;
  if (reflink) return `The disk has ${inMb(freeBytes)} MB left, and an upgrade needs ${inMb(spareBytes)} MB. Make room on the disk first, or enlarge the volume`;
  return `The data take ${inMb(dataBytes)} MB and the disk has ${inMb(freeBytes)} MB left: a copy of them, and ${inMb(spareBytes)} MB for the upgrade itself, do not fit beside them. Make room on the disk first`;
}
