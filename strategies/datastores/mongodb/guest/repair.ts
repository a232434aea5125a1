/** Management access made anew while the server runs; data and users are not touched. */
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { makeAccounts } from './accounts.ts';
import { asFault, dropKept } from './management.ts';
import { asMember } from './member.ts';
import { becomePrimary } from './replica-set.ts';
import { expectRunning, launch, untilPrimary } from './run-state.ts';

const pollMs = 50;

export async function repair(ctx: GuestContext): Promise<void> {
  await launch(ctx);
  while (!(await attempt(ctx))) {
    ctx.signal.throwIfAborted();
    await expectRunning(ctx);
    await delay(pollMs, undefined, { signal: ctx.signal });
  }
  dropKept(ctx.instanceId);
  await untilPrimary(ctx);
}

/** False while the server is not ready for it. */
const attempt = (ctx: GuestContext): Promise<boolean> => asMember(ctx, async (admin) => {
  if (!(await becomePrimary(ctx, admin))) return false;
  await makeAccounts(ctx, admin);
  return true;
}).catch((error: unknown) => {
  const fault = asFault(error);
  if (fault instanceof GuestFault && fault.code === 'RETRYABLE') return false;
  throw fault;
});
