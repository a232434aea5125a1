/** Data from nothing: made aside by a server without a network, and renamed when the accounts are in it. */
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { type Connection, createConnection } from '../connection.ts';
import { adminDatabase } from '../names.ts';
import { makeAccounts } from './accounts.ts';
import { files, firstStartSettings, renderConfig } from './config-file.ts';
import { writeOwned } from './files.ts';
import { adminOver } from './management.ts';

const pollMs = 10;
export const program = (ctx: GuestContext): string => join(ctx.paths.bin, 'mongod');
/** The engine's own file, there as soon as it once ran on the folder; the folder has its name when that ended well. */
export const isInitialised = (ctx: Pick<GuestContext, 'paths'>): boolean => existsSync(join(ctx.paths.data, 'WiredTiger'));
export const remainingMs = (ctx: GuestContext): number => Math.max(1_000, ctx.deadline.getTime() - Date.now());

export async function initialise(ctx: GuestContext): Promise<void> {
  if (isInitialised(ctx)) return;
  // Of an earlier call that died: its server may still be writing.
  await ctx.engine.killLeftovers();
  const building = `${ctx.paths.data}.building`;
  for (const folder of [building, ctx.paths.data]) await rm(folder, { recursive: true, force: true });
  await mkdir(building, { mode: 0o700 });
  await ctx.engine.own(building, 0o700);
  await writeOwned(ctx, files(ctx).first, renderConfig(firstStartSettings(ctx, building)));
  ctx.progress(0.1, 'creating the data files');
  const ended = new AbortController();
  const server = ctx.engine.run({ command: program(ctx), args: ['--config', files(ctx).first], env: { LC_ALL: 'C' }, cwd: building, timeoutMs: remainingMs(ctx) }).finally(() => ended.abort());
  await makeFirstAccounts(ctx, ended.signal).catch((error: unknown) => { if (!ended.signal.aborted) throw error; });
  const result = await server;
  if (result.exitCode !== 0) throw new GuestFault('FAILED', `the first start ended with code ${result.exitCode}: ${tellErrors(result.stdout)}`);
  await rm(files(ctx).first);
  await rename(building, ctx.paths.data);
  await syncFolder(dirname(ctx.paths.data));
  ctx.progress(1, 'the data files are ready');
}

async function makeFirstAccounts(ctx: GuestContext, ended: AbortSignal): Promise<void> {
  const connection = await untilListening(ctx, ended);
  ctx.progress(0.6, 'making the management account');
  await makeAccounts(ctx, adminOver(connection, () => remainingMs(ctx)));
  // An orderly end; the connection goes with it.
  await connection.command(adminDatabase, { shutdown: 1 }, remainingMs(ctx)).catch(() => undefined);
  connection.close();
}

async function untilListening(ctx: GuestContext, ended: AbortSignal): Promise<Connection> {
  for (;;) {
    ctx.signal.throwIfAborted();
    ended.throwIfAborted();
    const found = await new Promise<Connection | null>((resolve) => {
      const socket = connect(files(ctx).socket, () => { socket.off('error', onError); resolve(createConnection(socket)); });
      const onError = (): void => resolve(null);
      socket.once('error', onError);
    });
    if (found) return found;
    await delay(pollMs);
  }
}

/** Lines of the log are JSON; those that are warnings and worse say what is wrong. */
export const tellErrors = (log: string): string => log.split('\n').filter((line) => /"s":"[EF]"/.test(line)).slice(-3).map((line) => /"msg":"([^"]*)".*?(?:"error":"?([^"}]*))?/.exec(line)?.slice(1).filter(Boolean).join(': ') ?? line).join('; ').slice(0, 600);

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
