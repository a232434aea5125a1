/**
 * A replica set of one: change streams, transactions and more members later need nothing new. The member's address is the
 * one applications are told, because drivers go where the set's configuration points.
 */
import type { Document } from 'bson';
import type { GuestContext } from '../../../spi/guest.ts';
import { adminDatabase, replicaSetName } from '../names.ts';
import { portOf } from './config-file.ts';
import { type Admin, codes, isCode } from './management.ts';

interface SetConfig extends Document { version: number; members: (Document & { _id: number; host: string })[] }

export const memberAddress = (ctx: Pick<GuestContext, 'network'>): string => {
  const { advertise } = ctx.network;
  return `${advertise.includes(':') ? `[${advertise}]` : advertise}:${portOf(ctx)}`;
};

export const firstConfig = (host: string): SetConfig => ({ _id: replicaSetName, version: 1, members: [{ _id: 0, host }] });

/** Null when it is right. With more members the address of one is no matter for this one alone. */
export function movedConfig(found: SetConfig, host: string): SetConfig | null {
  const [only, ...others] = found.members;
  if (!only || others.length > 0 || only.host === host) return null;
  return { ...found, version: found.version + 1, members: [{ ...only, host }] };
}

/** True as soon as the member takes writes. */
export async function becomePrimary(ctx: Pick<GuestContext, 'network'>, admin: Admin): Promise<boolean> {
  const hello = await admin.run(adminDatabase, { hello: 1 });
  if (hello['isWritablePrimary'] === true) {
    await move(ctx, admin);
    return true;
  }
  // Neither a set nor a member of it: there is no configuration yet, or its address is somebody else's now.
  if (hello['setName'] === undefined) await initiateOrMove(ctx, admin);
  return false;
}

async function initiateOrMove(ctx: Pick<GuestContext, 'network'>, admin: Admin): Promise<void> {
  try {
    await move(ctx, admin);
  } catch (error) {
    if (!isCode(error, codes.notYetInitialized)) throw error;
    await admin.run(adminDatabase, { replSetInitiate: firstConfig(memberAddress(ctx)) });
  }
}

async function move(ctx: Pick<GuestContext, 'network'>, admin: Admin): Promise<void> {
  const { config } = await admin.run(adminDatabase, { replSetGetConfig: 1 });
  const moved = movedConfig(config as SetConfig, memberAddress(ctx));
  // A member that is in no set any more cannot ask the others: there are none.
  if (moved) await admin.run(adminDatabase, { replSetReconfig: moved, force: true });
}
