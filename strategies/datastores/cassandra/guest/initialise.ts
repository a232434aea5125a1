/** Data from nothing: built aside and renamed when it is complete. The engine itself makes the rest at its first start. */
import { existsSync } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GuestContext } from '../../../spi/guest.ts';
import { dataFolders, markerFile, rolesFolder } from './places.ts';

export const isInitialised = (ctx: Pick<GuestContext, 'paths'>): boolean => existsSync(markerFile(ctx.paths.data));

export async function initialise(ctx: GuestContext): Promise<void> {
  if (isInitialised(ctx)) return;
  await ctx.engine.killLeftovers();
  const building = `${ctx.paths.data}.building`;
  for (const folder of [building, ctx.paths.data]) await rm(folder, { recursive: true, force: true });
  for (const folder of Object.values(dataFolders(building))) await mkdir(folder, { recursive: true, mode: 0o700 });
  // Needed once in a life, and not kept in the memory of every agent.
  const { writeManagementRole } = await import('./first-role.ts');
  await writeManagementRole(rolesFolder(building), ctx.managementSecret, Date.now());
  await writeFile(markerFile(building), '', { mode: 0o600 });
  await ownAll(ctx, building);
  await rename(building, ctx.paths.data);
  await syncFolder(dirname(ctx.paths.data));
  ctx.progress(1, 'the data folder is ready');
}

/** The engine's, and on the disk. */
export async function ownAll(ctx: Pick<GuestContext, 'engine'>, path: string): Promise<void> {
  const isFolder = (await lstat(path)).isDirectory();
  if (isFolder) for (const name of await readdir(path)) await ownAll(ctx, join(path, name));
  await syncFolder(path);
  await ctx.engine.own(path, isFolder ? 0o700 : 0o600);
}

async function syncFolder(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}
