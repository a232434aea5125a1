/** Start and stop. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endsWithin, silentEnd } from '../../../spi/engine-end.ts';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { writeFiles } from './configure.ts';
import { isInitialised } from './initialise.ts';
import { lastWordsOf, logLines } from './last-words.ts';
import { isManagementRefused, openManagement } from './management.ts';
import { portOf, serverArguments } from './owned.ts';
import { forgetProbe } from './probe.ts';
import { program, remainingMs } from './tool.ts';
import { checkFolder, workFolder } from './upgrade/places.ts';

const firstPollMs = 10;
const maxPollMs = 200;
/** PostgreSQL itself kills what is left of an immediate shutdown after 5 s. */
const immediateMs = 8_000;

export async function start(ctx: GuestContext): Promise<void> {
  if (!isInitialised(ctx)) throw new GuestFault('FAILED_TO_START', `there is no database cluster in ${ctx.paths.data}: initialise first`);
  if (ctx.engine.pid() === null) {
    await clearLeftovers(ctx);
    await writeFiles(ctx);
    for (const path of [ctx.tls.certificate, ctx.tls.key, ctx.tls.ca]) await ctx.engine.own(path, 0o600);
    await ctx.engine.start({ command: program(ctx, 'postgres'), args: serverArguments(ctx), env: { LC_ALL: 'C.UTF-8', TZ: 'UTC' }, cwd: ctx.paths.data, logFile: 'postgresql.log' });
  }
  await untilAnswering(ctx);
}

/**
 * Processes and lock files of a crash, and what an upgrade left that failed: linked files would keep the blocks of data that are gone. The server's own check of an old lock file may meet a stranger that has the number
 * by now, or a zombie; here all of ours are gone.
 */
export async function clearLeftovers(ctx: GuestContext): Promise<void> {
  await ctx.engine.killLeftovers();
  const path = join(ctx.paths.data, 'postmaster.pid');
  const pid = Number((await readFile(path, 'utf8').catch(() => '')).split('\n')[0]);
  const title = pid > 0 ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : '';
  if (title.includes(ctx.paths.data)) throw new GuestFault('FAILED_TO_START', `process ${pid} already serves ${ctx.paths.data}`);
  const socket = join(ctx.paths.run, `.s.PGSQL.${portOf(ctx)}`);
  for (const stale of [path, socket, `${socket}.lock`]) await rm(stale, { force: true });
  // It costs room, and keeps no server from starting.
  for (const folder of [checkFolder(ctx), workFolder(ctx)]) await rm(folder, { recursive: true, force: true }).catch((error: Error) => ctx.log.warn({ folder, reason: error.message }, 'what an upgrade left could not be removed'));
}

async function untilAnswering(ctx: GuestContext): Promise<void> {
  let waitMs = firstPollMs;
  for (;;) {
    ctx.signal.throwIfAborted();
    if (ctx.engine.pid() === null) throw new GuestFault('FAILED_TO_START', `the server ended while it started: ${(await lastWords(ctx)) || silentEnd(await ctx.engine.exited(ctx.signal))}`);
    try {
      await (await openManagement(ctx, 'read')).end();
      return;
    } catch (error) {
      if (isManagementRefused(error)) throw new GuestFault('FAILED_TO_START', `the server runs, but refuses the management role (${(error as Error).message}): repair it`, { cause: error });
      if (Date.now() + waitMs > ctx.deadline.getTime()) throw new GuestFault('FAILED_TO_START', `the server did not answer in time (${(error as Error).message}): ${(await lastWords(ctx)) || 'it said nothing'}`, { cause: error });
    }
    await delay(waitMs, undefined, { signal: ctx.signal });
    waitMs = Math.min(maxPollMs, waitMs * 1.5);
  }
}

const lastWords = async (ctx: GuestContext): Promise<string> => lastWordsOf(await ctx.engine.logTail(logLines));

/** SIGINT ends sessions and writes a checkpoint; SIGQUIT leaves the checkpoint to the next start's recovery. */
export async function stop(ctx: GuestContext, mode: 'orderly' | 'immediate'): Promise<void> {
  forgetProbe(ctx.instanceId);
  if (ctx.engine.pid() !== null) {
    const halfMs = Math.floor(remainingMs(ctx) / 2);
    const waitMs = mode === 'orderly' ? halfMs : Math.min(halfMs, immediateMs);
    await ctx.engine.signal(mode === 'orderly' ? 'SIGINT' : 'SIGQUIT');
    // A stopped (SIGSTOP) or wedged server does not hear; committed data is in the write-ahead log.
    if (!(await endsWithin(ctx, waitMs))) {
      await ctx.engine.signal('SIGKILL');
      await ctx.engine.exited(ctx.signal);
    }
  }
  await ctx.engine.killLeftovers();
}
