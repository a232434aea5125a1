import { randomBytes } from 'node:crypto';
import { lstat, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fitsSocketPath, longestEngineSocket } from '../../kernel/home.ts';
import type { AgentBoot } from '../../kernel/guest-record.ts';
import { ensureFolder } from '../files.ts';
import type { GuestRecord } from '../records/guest-record.ts';
import type { ComputeContext } from './context.ts';

export function guestPaths(root: string, shortRun: string | null): AgentBoot['paths'] {
  const run = shortRun ?? join(root, 'run');
  return { root, agent: join(root, 'agent'), volume: join(root, 'volume'), config: join(root, 'config'), tls: join(root, 'tls'), run, logs: join(root, 'logs') };
}

/** A folder beside the home when sockets in `instances/<id>/run` would have too long a path. */
export function decideShortRun(root: string, isRoot: boolean): string | null {
  if (fitsSocketPath(join(root, 'run', longestEngineSocket))) return null;
  return join(isRoot ? '/run' : tmpdir(), `coffer-${randomBytes(8).toString('hex')}`);
}

/** How long a file system may take that was not left in order. */
const attachMs = 60_000;

/** The volume is where its data are looked for, before anything of the guest starts. */
export async function ensureVolumeFolder(context: ComputeContext, record: GuestRecord): Promise<void> {
  const root = context.records.folder(record.instanceId);
  await ensureFolder(root, isRoot() ? 0o711 : 0o700, null);
  await context.volumes.of(record).attach(record.instanceId, AbortSignal.timeout(attachMs));
  await ensureFolder(guestPaths(root, null).volume, 0o700, context.users.owners(record).engine);
}

/** Idempotent: also brings back what a reboot has swept away (a run folder in /run). */
export async function ensureGuestFolders(context: ComputeContext, record: GuestRecord): Promise<AgentBoot['paths']> {
  await ensureVolumeFolder(context, record);
  const paths = guestPaths(context.records.folder(record.instanceId), record.shortRun);
  const { agent, engine } = context.users.owners(record);
  await ensureFolder(paths.agent, 0o700, agent);
  for (const folder of [paths.config, paths.tls, paths.logs]) await ensureFolder(folder, 0o700, engine);
  if (record.shortRun) await refuseForeign(record.shortRun, [process.getuid?.() ?? 0, engine?.uid]);
  await ensureFolder(paths.run, 0o700, engine);
  return paths;
}

/** /tmp is everybody's: a folder that somebody else made there first is not ours to use. */
async function refuseForeign(folder: string, owners: readonly (number | undefined)[]): Promise<void> {
  const found = await lstat(folder).catch(() => undefined);
  if (found && (!found.isDirectory() || !owners.includes(found.uid))) throw new Error(`${folder} belongs to somebody else: remove it`);
}

/** Credentials, configuration and sockets; data and logs stay. */
export async function removeAllButDataAndLogs(context: ComputeContext, record: GuestRecord): Promise<void> {
  const paths = guestPaths(context.records.folder(record.instanceId), record.shortRun);
  for (const folder of [paths.agent, paths.config, paths.tls, paths.run]) await rm(folder, { recursive: true, force: true });
}

export const isRoot = (): boolean => process.getuid?.() === 0;
