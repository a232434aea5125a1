/** Data from nothing: built aside and renamed when it is complete, so that what is there is whole. */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { GuestContext } from '../../../spi/guest.ts';
import type { Dialect } from './dialect.ts';
import { isInitialised, makeFolder } from './files.ts';

export async function initialise(ctx: GuestContext, dialect: Dialect): Promise<void> {
  if (isInitialised(ctx)) return;
  // Of an earlier call that died: its server may still be writing.
  await ctx.engine.killLeftovers();
  const building = `${ctx.paths.data}.building`;
  await rm(ctx.paths.data, { recursive: true, force: true });
  await makeFolder(ctx, building);
  ctx.progress(0.1, 'creating the system tables and the management account');
  await dialect.bootstrap(ctx, building);
  await rename(building, ctx.paths.data);
  await using folder = await open(dirname(ctx.paths.data), 'r');
  await folder.sync();
  ctx.progress(1, 'the data are ready');
}
