/**
 * Management access made anew while the server runs: as a member among members, proven by the key file, which lies outside
 * of what anybody can change from inside. https://www.mongodb.com/docs/manual/core/security-internal-authentication/
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import type { Connection } from '../connection.ts';
import { makeAccounts } from './accounts.ts';
import { memberKey } from './files.ts';
import { asFault, dropKept, isManagementRefused, openUnproven, withAdmin } from './management.ts';
import { becomePrimary } from './replica-set.ts';
import { launch, untilPrimary } from './run-state.ts';

const pollMs = 50;
const loginTimeoutMs = 5_000;

export async function repair(ctx: GuestContext): Promise<void> {
  await launch(ctx);
  for (;;) {
    ctx.signal.throwIfAborted();
    if (ctx.engine.pid() === null) await untilPrimary(ctx);
    const isDone = await attempt(ctx).catch((error: unknown) => {
      const fault = asFault(error);
      if (!(fault instanceof GuestFault) || fault.code !== 'RETRYABLE') throw fault;
      return false;
    });
    if (isDone) break;
    await delay(pollMs, undefined, { signal: ctx.signal });
  }
  dropKept(ctx.instanceId);
  await untilPrimary(ctx);
}

async function attempt(ctx: GuestContext): Promise<boolean> {
  const connection = await asMember(ctx);
  return withAdmin(ctx, connection, async (admin) => {
    if (!(await becomePrimary(ctx, admin))) return false;
    await makeAccounts(ctx, admin);
    return true;
  });
}

async function asMember(ctx: GuestContext): Promise<Connection> {
  const connection = await openUnproven(ctx);
  try {
    await connection.login('local', '__system', await memberKey(ctx), loginTimeoutMs);
    return connection;
  } catch (error) {
    connection.close();
    if (isManagementRefused(error)) throw new GuestFault('FAILED', 'the server runs with another key file than the one in its folder: stop and start it, then repair again', { cause: error });
    throw error;
  }
}
