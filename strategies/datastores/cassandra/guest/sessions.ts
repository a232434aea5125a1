import type { GuestContext } from '../../../spi/guest.ts';
import { ask } from './management.ts';
import { closePortForAMoment } from './port.ts';

/**
 * Before a role is made: the server judges an open session by the name it once logged in with, so one that outlived the
 * role of that name would have all that the new one has.
 */
export async function endSessionsOf(ctx: GuestContext, role: string): Promise<void> {
  const clients = await ask(ctx, 'SELECT username FROM system_views.clients');
  if (clients.some(({ username }) => username === role)) await closePortForAMoment(ctx);
}
