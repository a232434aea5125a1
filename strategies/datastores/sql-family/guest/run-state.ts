/** Start and stop. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endsWithin, silentEnd } from '../../../spi/engine-end.ts';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import type { Dialect } from './dialect.ts';
import { clearRunFiles, isInitialised, keepStartedFile, makeFolder, serverFile, temporaryFolder, writeFiles } from './files.ts';
import { lastWordsOf, logLines } from './last-words.ts';
import { isFull, isManagementRefused, openManagement } from './management.ts';
import { forgetProbe } from './probe.ts';

const firstPollMs = 10;
const maxPollMs = 100;
/** Statements a server reads at its start; with hashes, without a password, and removed as soon as it has. */
export const startStatementsFile = (ctx: Pick<GuestContext, 'paths'>): string => join(ctx.paths.run, 'start.sql');

export async function start(ctx: GuestContext, dialect: Dialect, extraArguments: readonly string[] = []): Promise<void> {
  if (!isInitialised(ctx)) throw new GuestFault('FAILED_TO_START', `there are no data in ${ctx.paths.data}: initialise first`);
  if (ctx.engine.pid() === null) {
    // One of a start that was cut off before its pid was on record holds port and data.
    await ctx.engine.killLeftovers();
    await clearRunFiles(ctx);
    if (extraArguments.length === 0) await rm(startStatementsFile(ctx), { force: true });
    await makeFolder(ctx, temporaryFolder(ctx));
    await writeFiles(ctx, dialect);
    await keepStartedFile(ctx);
    for (const path of [ctx.tls.certificate, ctx.tls.key, ctx.tls.ca]) await ctx.engine.own(path, 0o600);
    await ctx.engine.start({
      command: dialect.program(ctx), args: [`--defaults-file=${serverFile(ctx)}`, ...dialect.serverArguments(ctx), ...extraArguments],
      env: dialect.environment, cwd: ctx.paths.data, logFile: dialect.logFile,
    });
  }
  await untilAnswering(ctx, dialect);
}

async function untilAnswering(ctx: GuestContext, dialect: Dialect): Promise<void> {
  const words = async (): Promise<string> => lastWordsOf(await ctx.engine.logTail(logLines));
  let waitMs = firstPollMs;
  for (;;) {
    ctx.signal.throwIfAborted();
    if (ctx.engine.pid() === null) throw new GuestFault('FAILED_TO_START', `the server ended while it started: ${(await words()) || silentEnd(await ctx.engine.exited(ctx.signal))}`);
    try {
      (await openManagement(ctx, dialect)).close();
      return;
    } catch (error) {
      if (isFull(error)) return;
      if (isManagementRefused(error)) throw new GuestFault('FAILED_TO_START', `the server runs, but refuses the management account (${(error as Error).message}): repair it`, { cause: error });
      if (Date.now() + waitMs > ctx.deadline.getTime()) throw new GuestFault('FAILED_TO_START', `the server did not answer in time (${(error as Error).message}): ${(await words()) || 'it said nothing'}`, { cause: error });
    }
    await delay(waitMs, undefined, { signal: ctx.signal });
    waitMs = Math.min(maxPollMs, waitMs * 1.5);
  }
}

/** SIGTERM ends sessions and flushes; after a SIGKILL the next start recovers from the logs, which every commit reached. */
export async function stop(ctx: GuestContext, mode: 'orderly' | 'immediate'): Promise<void> {
  forgetProbe(ctx.instanceId);
  if (ctx.engine.pid() !== null) {
    const waitMs = mode === 'orderly' ? Math.floor(Math.max(1_000, ctx.deadline.getTime() - Date.now()) / 2) : 0;
    if (mode === 'orderly') await ctx.engine.signal('SIGTERM');
    // A stopped (SIGSTOP) or wedged server does not hear.
    if (waitMs === 0 || !(await endsWithin(ctx, waitMs))) {
      await ctx.engine.signal('SIGKILL');
      await ctx.engine.exited(ctx.signal);
    }
  }
  await ctx.engine.killLeftovers();
}
