/** Start and stop. */
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { makeRoles } from './accounts.ts';
import { files } from './config-file.ts';
import { memberKey, writeCertificate, writeConfig } from './files.ts';
import { isInitialised, program } from './initialise.ts';
import { tellErrors } from './log.ts';
import { dropKept, isManagementRefused, remainingMs, withManagement } from './management.ts';
import { asMember } from './member.ts';
import { hasEnded } from './process.ts';
import { becomePrimary } from './replica-set.ts';

const firstPollMs = 10;
const maxPollMs = 200;
const logLines = 200;

export async function start(ctx: GuestContext): Promise<void> {
  const isFresh = await launch(ctx);
  await untilPrimary(ctx);
  // Made by an earlier release, they may lack what this one needs.
  if (isFresh) await asMember(ctx, makeRoles);
}

/** The process runs; it may not answer yet. True when it did not run before. */
export async function launch(ctx: GuestContext): Promise<boolean> {
  if (!isInitialised(ctx)) throw new GuestFault('FAILED_TO_START', `there are no data files in ${ctx.paths.data}: initialise first`);
  if (!hasEnded(ctx.engine.pid())) return false;
  // One that has just died may not have been missed yet.
  await ctx.engine.exited(ctx.signal);
  // A start that was cut off before its pid was on record left a server that holds port and data.
  await ctx.engine.killLeftovers();
  await rm(files(ctx).socket, { force: true });
  await writeConfig(ctx);
  await writeCertificate(ctx);
  await memberKey(ctx);
  await ctx.engine.start({ command: program(ctx), args: ['--config', files(ctx).server], env: { LC_ALL: 'C' }, cwd: ctx.paths.data, logFile: 'mongod.log' });
  return true;
}

/** Answering is not enough: a member that was just started takes no writes before it has elected itself. */
export async function untilPrimary(ctx: GuestContext): Promise<void> {
  let waitMs = firstPollMs;
  for (;;) {
    ctx.signal.throwIfAborted();
    await expectRunning(ctx);
    try {
      if (await withManagement(ctx, (admin) => becomePrimary(ctx, admin))) return;
    } catch (error) {
      const { cause, message } = error as Error;
      if (isManagementRefused(cause)) throw new GuestFault('FAILED_TO_START', 'the server runs, but refuses the management account: repair it', { cause });
      if (Date.now() + waitMs > ctx.deadline.getTime()) throw new GuestFault('FAILED_TO_START', `the server did not take writes in time (${message}): ${await lastWords(ctx)}`, { cause: error });
    }
    await delay(waitMs, undefined, { signal: ctx.signal });
    waitMs = Math.min(maxPollMs, waitMs * 1.3);
  }
}

export async function expectRunning(ctx: GuestContext): Promise<void> {
  if (ctx.engine.pid() === null) throw new GuestFault('FAILED_TO_START', `the server ended while it started: ${await lastWords(ctx)}`);
}

const lastWords = async (ctx: GuestContext): Promise<string> => tellErrors((await ctx.engine.logTail(logLines)).join('\n'));

/** SIGTERM ends operations and writes a checkpoint; after a SIGKILL the journal has what was acknowledged. */
export async function stop(ctx: GuestContext, mode: 'orderly' | 'immediate'): Promise<void> {
  dropKept(ctx.instanceId);
  if (ctx.engine.pid() !== null) {
    const isGone = mode === 'orderly' && (await endsOrderly(ctx));
    if (!isGone) {
      await ctx.engine.signal('SIGKILL');
      await ctx.engine.exited(ctx.signal);
    }
  }
  await ctx.engine.killLeftovers();
}

/** A stopped (SIGSTOP) or wedged server does not hear. */
async function endsOrderly(ctx: GuestContext): Promise<boolean> {
  await ctx.engine.signal('SIGTERM');
  const late = AbortSignal.timeout(Math.floor(remainingMs(ctx) / 2));
  return ctx.engine.exited(AbortSignal.any([ctx.signal, late])).then(() => true, (error: unknown) => {
    if (late.aborted && !ctx.signal.aborted) return false;
    throw error;
  });
}
