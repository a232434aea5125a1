/**
 * The way in as a member among members, proven by the key file, which lies outside of what anybody can change from inside:
 * for what the management account has no right to, and for when it is lost.
 * https://www.mongodb.com/docs/manual/core/security-internal-authentication/
 */
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import type { Connection } from '../connection.ts';
import { memberKey } from './files.ts';
import { type Admin, asFault, isManagementRefused, openAs, withAdmin } from './management.ts';

export const asMember = async <T>(ctx: GuestContext, use: (admin: Admin) => Promise<T>): Promise<T> => withAdmin(ctx, await open(ctx), use);

async function open(ctx: GuestContext): Promise<Connection> {
  ctx.signal.throwIfAborted();
  return openAs(ctx, { database: 'local', user: '__system', password: await memberKey(ctx) }).catch((error: unknown) => {
    throw isManagementRefused(error) ? new GuestFault('FAILED', 'the server runs with another key file than the one in its folder: stop and start it first', { cause: error }) : asFault(error);
  });
}
