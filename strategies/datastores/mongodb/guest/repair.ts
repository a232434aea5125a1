/** Management access made anew while the server runs; data and users are not touched. */
import type { GuestContext } from '../../../spi/guest.ts';
import { makeAccounts } from './accounts.ts';
import { dropKept } from './management.ts';
import { launch, untilReady } from './run-state.ts';

export async function repair(ctx: GuestContext): Promise<void> {
  await launch(ctx);
  await untilReady(ctx, (admin) => makeAccounts(ctx, admin));
  dropKept(ctx.instanceId);
}
