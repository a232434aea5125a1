/** Data from nothing: built aside and renamed when it is complete, so that what is there is whole. */
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GuestContext } from '../../../spi/guest.ts';
import { maintenanceDatabase, managementRole } from '../names.ts';
import { createMarkerStatement } from './groups.ts';
import { majorOf } from './owned.ts';
import { scramVerifier } from './scram.ts';
import { identifier, literal } from './sql.ts';
import { runSingleUser, runTool } from './tool.ts';

export const isInitialised = (ctx: Pick<GuestContext, 'paths'>): boolean => existsSync(join(ctx.paths.data, 'PG_VERSION'));

export async function initialise(ctx: GuestContext): Promise<void> {
  if (isInitialised(ctx)) return;
  // Of an earlier call that died: its initdb may still be writing.
  await ctx.engine.killLeftovers();
  const building = `${ctx.paths.data}.building`;
  for (const folder of [building, ctx.paths.data]) await rm(folder, { recursive: true, force: true });
  await mkdir(building, { mode: 0o700 });
  await ctx.engine.own(building, 0o700);
  ctx.progress(0.1, 'creating the database cluster');
  await runTool(ctx, 'initdb', initdbArguments(ctx.track, building));
  ctx.progress(0.7, 'securing the management role');
  await runSingleUser(ctx, building, maintenanceDatabase, firstStatements(await scramVerifier(ctx.managementSecret)));
  await rename(building, ctx.paths.data);
  await syncFolder(dirname(ctx.paths.data));
  ctx.progress(1, 'the database cluster is ready');
}

/** The bootstrap superuser is the management role itself, and has no way in before its secret is set. */
export const initdbArguments = (track: string, folder: string): string[] => [
  '-D', folder, '-U', managementRole, '--auth-local=reject', '--auth-host=reject', '--data-checksums', '--encoding=UTF8', '--locale=C.UTF-8', '--no-instructions',
  ...(majorOf(track) >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
];

const firstStatements = (verifier: string): string[] => [
  `alter role ${identifier(managementRole)} password ${literal(verifier)}`,
  ...[maintenanceDatabase, 'template1'].map((database) => `revoke all on database ${identifier(database)} from public`),
  createMarkerStatement,
];

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
