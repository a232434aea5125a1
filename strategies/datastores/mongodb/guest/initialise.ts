/** Data from nothing: made aside by a server without a network, and renamed when the accounts are in it. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { type Connection, type ConnectionOptions, createConnection } from '../connection.ts';
import { adminDatabase } from '../names.ts';
import { makeAccounts } from './accounts.ts';
import { firstStartSettings, renderConfig } from './config-file.ts';
import { writeOwned } from './files.ts';
import { tellErrors } from './log.ts';
import { adminOver, asFault, remainingMs } from './management.ts';

const pollMs = 10;
/** A connection breaks a moment before its server's end is known. */
const endMs = 500;
export const program = (ctx: GuestContext): string => join(ctx.paths.bin, 'mongod');
/** The engine's own file, there as soon as it once ran on the folder; the folder has its name when that ended well. */
export const isInitialised = (ctx: Pick<GuestContext, 'paths'>): boolean => existsSync(join(ctx.paths.data, 'WiredTiger'));

/**
 * Names of this attempt alone: a server that an earlier one had just spawned when it died may be seen too late to be killed.
 * It finds nothing of what it was told to work on.
 */
interface Attempt { data: string; config: string; socket: string }

export async function initialise(ctx: GuestContext): Promise<void> {
  if (isInitialised(ctx)) return;
  const attempt = await begin(ctx);
  ctx.progress(0.1, 'creating the data files');
  const ended = new AbortController();
  const server = ctx.engine.run({ command: program(ctx), args: ['--config', attempt.config], env: { LC_ALL: 'C' }, cwd: attempt.data, timeoutMs: remainingMs(ctx) }).finally(() => ended.abort());
  // Heard below; until then it must not count as one that nobody listens to.
  server.catch(() => undefined);
  const failure = await makeFirstAccounts(ctx, attempt.socket, ended.signal).then(() => null, (error: unknown) => error);
  if (failure !== null && !(await endsSoon(ended.signal))) {
    await ctx.engine.killLeftovers();
    await server.catch(() => undefined);
    throw asFault(failure);
  }
  const result = await server;
  if (result.exitCode !== 0) throw new GuestFault('FAILED', `the first start ended with code ${result.exitCode}: ${tellErrors(result.stdout)}`, { cause: failure });
  if (failure !== null) throw asFault(failure);
  await rm(attempt.config);
  await rename(attempt.data, ctx.paths.data);
  await syncFolder(dirname(ctx.paths.data));
  ctx.progress(1, 'the data files are ready');
}

const endsSoon = (ended: AbortSignal): Promise<boolean> => delay(endMs, false, { signal: ended }).catch(() => true);

async function begin(ctx: GuestContext): Promise<Attempt> {
  await ctx.engine.killLeftovers();
  const { data, config, run } = ctx.paths;
  const leftovers = [...(await siblings(dirname(data), `${basename(data)}.building`)), ...(await siblings(config, 'first-start')), ...(await siblings(run, 'first-')), data];
  for (const path of leftovers) await rm(path, { recursive: true, force: true });
  const id = randomBytes(4).toString('hex');
  const attempt = { data: `${data}.building-${id}`, config: join(config, `first-start-${id}.conf`), socket: join(run, `first-${id}.sock`) };
  await mkdir(attempt.data, { mode: 0o700 });
  await ctx.engine.own(attempt.data, 0o700);
  await writeOwned(ctx, attempt.config, renderConfig(firstStartSettings(ctx, { dataFolder: attempt.data, socket: attempt.socket })));
  return attempt;
}

const siblings = async (folder: string, prefix: string): Promise<string[]> => (await readdir(folder)).filter((name) => name.startsWith(prefix)).map((name) => join(folder, name));

async function makeFirstAccounts(ctx: GuestContext, socket: string, ended: AbortSignal): Promise<void> {
  const connection = await untilListening(ctx, socket, ended);
  try {
    ctx.progress(0.6, 'making the management account');
    await makeAccounts(ctx, adminOver(connection, () => remainingMs(ctx)));
    // An orderly end; the connection goes with it.
    await connection.command(adminDatabase, { shutdown: 1 }, remainingMs(ctx)).catch(() => undefined);
  } finally {
    connection.close();
  }
}

export async function untilListening(ctx: GuestContext, path: string, ended: AbortSignal, options?: ConnectionOptions): Promise<Connection> {
  for (;;) {
    ctx.signal.throwIfAborted();
    ended.throwIfAborted();
    const found = await new Promise<Connection | null>((resolve) => {
      const socket = connect(path, () => { socket.off('error', onError); resolve(createConnection(socket, options)); });
      const onError = (): void => resolve(null);
      socket.once('error', onError);
    });
    if (found) return found;
    await delay(pollMs);
  }
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
