/** Start and stop. */
import { mkdir, rm, statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { endsWithin } from '../../../spi/engine-end.ts';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { TurnedAwayError } from './connection.ts';
import { writeConfiguration, writeSecrets } from './files.ts';
import { isInitialised } from './initialise.ts';
import { connectLimit, forgetConnection, managementConnection } from './management.ts';
import { rememberStarted } from './parameters.ts';
import { configFiles, dataFolders, earlierStartedFile, java, portClosedFile } from './places.ts';
import { roomProblem } from './room.ts';
import { CqlError, errorCodes } from './wire.ts';

const pollMs = 50;
const logLines = 40;
const endingMs = 1_000;
/** A drained node has nothing to read again at its next start; one that is killed reads its commit log. */
const immediateMs = 5_000;

export async function start(ctx: GuestContext): Promise<void> {
  if (!isInitialised(ctx)) throw new GuestFault('FAILED_TO_START', `there is no data in ${ctx.paths.data}: initialise first`);
  const found = ctx.engine.pid();
  if (found === null) await launch(ctx);
  await untilAnswering(ctx, found !== null);
}

async function launch(ctx: GuestContext): Promise<void> {
  await ctx.engine.killLeftovers();
  const { bavail, bsize } = await statfs(ctx.paths.data);
  const problem = roomProblem(bavail * bsize);
  if (problem !== null) throw new GuestFault('FAILED_TO_START', problem);
  await prepare(ctx);
  await ctx.engine.start({ command: java(ctx), args: [`@${configFiles(ctx).java}`, 'org.apache.cassandra.service.CassandraDaemon'], env: { LC_ALL: 'C.UTF-8', TZ: 'UTC' }, cwd: ctx.paths.data, logFile: 'cassandra.log' });
}

async function prepare(ctx: GuestContext): Promise<void> {
  const { scratch } = dataFolders(ctx.paths.data);
  // Libraries unpacked by a process that was killed.
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { mode: 0o700 });
  await ctx.engine.own(scratch, 0o700);
  await writeSecrets(ctx);
  await writeConfiguration(ctx);
  for (const path of [portClosedFile(ctx), earlierStartedFile(ctx)]) await rm(path, { force: true });
  await rememberStarted(ctx);
}

async function untilAnswering(ctx: GuestContext, wasFound: boolean): Promise<void> {
  let isLast = !wasFound;
  let fullSince: number | null = null;
  for (;;) {
    ctx.signal.throwIfAborted();
    if (ctx.engine.pid() === null) {
      if (isLast) throw new GuestFault('FAILED_TO_START', `the server ended while it started: ${await lastWords(ctx)}`);
      // It was found ending: a stop was cut off.
      isLast = true;
      await launch(ctx);
    }
    try {
      await managementConnection(ctx, 'commands', connectLimit(ctx));
      return;
    } catch (error) {
      if (error instanceof CqlError && error.code === errorCodes.badCredentials) throw new GuestFault('FAILED_TO_START', 'the server runs, but refuses the management role: repair it', { cause: error });
      // One that was found with all its places taken answers; one that is ending turns clients away for a moment only.
      fullSince = error instanceof TurnedAwayError && !isLast ? (fullSince ?? Date.now()) : null;
      if (fullSince !== null && Date.now() - fullSince > endingMs) return;
      if (Date.now() + pollMs > ctx.deadline.getTime()) throw new GuestFault('FAILED_TO_START', `the server did not answer in time (${(error as Error).message}): ${await lastWords(ctx)}`, { cause: error });
    }
    await delay(pollMs, undefined, { signal: ctx.signal });
  }
}

const lastWords = async (ctx: GuestContext): Promise<string> => wordsIn(await ctx.engine.logTail(logLines));

/** What it says of its configuration, without where in its code it says so; else its latest errors. */
export function wordsIn(log: readonly string[]): string {
  const refusals = log.flatMap((line) => /\.ConfigurationException: (.*)/.exec(line)?.[1] ?? []);
  return (refusals.at(-1) ?? log.filter((line) => /ERROR|FATAL|Exception|Error:/.test(line)).slice(-4).join(' | ')).slice(0, 900) || 'its log has no reason';
}

/** On SIGTERM the server drains: it turns clients away, writes its tables out and ends. */
export async function stop(ctx: GuestContext, mode: 'orderly' | 'immediate'): Promise<void> {
  forgetConnection(ctx.instanceId);
  if (ctx.engine.pid() !== null) {
    const halfMs = Math.max(1_000, Math.floor((ctx.deadline.getTime() - Date.now()) / 2));
    await ctx.engine.signal('SIGTERM');
    // One that is stopped (SIGSTOP) or wedged does not hear; what was acknowledged is in the commit log.
    if (!(await endsWithin(ctx, mode === 'orderly' ? halfMs : Math.min(halfMs, immediateMs)))) {
      await ctx.engine.signal('SIGKILL');
      await ctx.engine.exited(ctx.signal);
    }
  }
  await ctx.engine.killLeftovers();
}
