/** Roles and keyspaces take no remark: which operation makes one is on record beside them, before it is made. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestContext } from '../../../spi/guest.ts';
import { readText, writeOwned } from './files.ts';

type Kind = 'keyspace' | 'role';
/** Names of keyspaces are names of files; those of roles may hold anything. */
const recordOf = ({ paths }: Pick<GuestContext, 'paths'>, kind: Kind, name: string): string =>
  join(paths.config, kind === 'keyspace' ? `made-${name}` : `made-role-${Buffer.from(name).toString('base64url')}`);

export const isOwnWork = async (ctx: GuestContext, kind: Kind, name: string): Promise<boolean> => (await readText(recordOf(ctx, kind, name))) === ctx.operationId;
export const recordWork = async (ctx: GuestContext, kind: Kind, name: string): Promise<void> => void (await writeOwned(ctx, recordOf(ctx, kind, name), ctx.operationId));
export const forgetWork = (ctx: GuestContext, kind: Kind, name: string): Promise<void> => rm(recordOf(ctx, kind, name), { force: true });
