/** Start and stop. */
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { endsWithin, hasEnded } from '../../../spi/engine-end.ts';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { adminDatabase } from '../names.ts';
import { makeRoles } from './accounts.ts';
import { files } from './config-file.ts';
import { memberKey, removeFormer, writeCertificate, writeConfig } from './files.ts';
import { isInitialised, program } from './initialise.ts';
import { tellErrors } from './log.ts';
import { type Admin, dropKept, isManagementRefused, remainingMs, withManagement } from './management.ts';
import { asMember } from './member.ts';
import { becomePrimary } from './replica-set.ts';

const firstPollMs = 10;
const maxPollMs = 200;
const logLines = 200;
/** Of a stop that must not take long: many times what the journal is behind. */
const immediateMs = 5_000;

/** Made by an earlier release, the roles may lack what this one needs: also where the server went on without the agent. */
export async function start(ctx: GuestContext): Promise<void> {
  await launch(ctx);
  await untilReady(ctx, makeRoles);
}

/** The process runs; it may not answer yet. */
export async function launch(ctx: GuestContext): Promise<void> {
  if (!isInitialised(ctx)) throw new GuestFault('FAILED_TO_START', `there are no data files in ${ctx.paths.data}: initialise first`);
  if (!hasEnded(ctx.engine.pid())) return;
  // One that has just died may not have been missed yet.
  await ctx.engine.exited(ctx.signal);
  // A start that was cut off before its pid was on record left a server that holds port and data.
  await ctx.engine.killLeftovers();
  for (const path of [files(ctx).socket, files(ctx).told]) await rm(path, { force: true });
  await writeConfig(ctx);
  await memberKey(ctx);
  await removeFormer(ctx);
  await writeCertificate(ctx);
  await ctx.engine.start({ command: program(ctx), args: ['--config', files(ctx).server], env: { LC_ALL: 'C' }, cwd: ctx.paths.data, logFile: 'mongod.log' });
}

/**
 * Answering is not enough: a member that was just started takes no writes before it has elected itself. What makes it one,
 * and `prepare`, are done as a member among members; the management account is asked last, and must be good for its work.
 */
export async function untilReady(ctx: GuestContext, prepare: (admin: Admin) => Promise<void>): Promise<void> {
  let waitMs = firstPollMs;
  for (;;) {
    ctx.signal.throwIfAborted();
    await expectRunning(ctx);
    try {
      if (await asMember(ctx, (admin) => prepared(ctx, admin, prepare))) return await proveManagement(ctx);
    } catch (error) {
      const { cause, message } = error as Error;
      if (isManagementRefused(cause)) throw error;
      if (Date.now() + waitMs > ctx.deadline.getTime()) throw new GuestFault('FAILED_TO_START', `the server did not take writes in time (${message}): ${await lastWords(ctx)}`, { cause: error });
    }
    await delay(waitMs, undefined, { signal: ctx.signal });
    waitMs = Math.min(maxPollMs, waitMs * 1.3);
  }
}

async function prepared(ctx: GuestContext, admin: Admin, prepare: (admin: Admin) => Promise<void>): Promise<boolean> {
  if (!(await becomePrimary(ctx, admin))) return false;
  await prepare(admin);
  return true;
}

/** By something that its role alone allows. */
const proveManagement = (ctx: GuestContext): Promise<void> => withManagement(ctx, (admin) => admin.run(adminDatabase, { replSetGetConfig: 1 })).then(() => undefined, (error: Error) => {
  const { cause } = error;
  throw isManagementRefused(cause) ? new GuestFault('FAILED_TO_START', 'the server runs, but refuses the management account: repair it', { cause }) : error;
});

async function expectRunning(ctx: GuestContext): Promise<void> {
  if (ctx.engine.pid() === null) throw new GuestFault('FAILED_TO_START', `the server ended while it started: ${await lastWords(ctx)}`);
}

const lastWords = async (ctx: GuestContext): Promise<string> => tellErrors((await ctx.engine.logTail(logLines)).join('\n'));

/**
 * SIGTERM ends operations, writes the journal and a checkpoint. After a SIGKILL the journal has what was acknowledged by then
 * but for the last 100 ms of writes whose client did not ask for the journal: so it is never the first word.
 */
export async function stop(ctx: GuestContext, mode: 'orderly' | 'immediate'): Promise<void> {
  dropKept(ctx.instanceId);
  if (ctx.engine.pid() !== null) {
    const halfMs = Math.floor(remainingMs(ctx) / 2);
    await ctx.engine.signal('SIGTERM');
    // A stopped (SIGSTOP) or wedged server does not hear.
    if (!(await endsWithin(ctx, mode === 'orderly' ? halfMs : Math.min(halfMs, immediateMs)))) {
      await ctx.engine.signal('SIGKILL');
      await ctx.engine.exited(ctx.signal);
    }
  }
  await ctx.engine.killLeftovers();
}
