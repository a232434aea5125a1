/** Roles and keyspaces as the engine keeps them. */
import type { GuestContext } from '../../../spi/guest.ts';
import { unquoted } from './cql.ts';
import { ask } from './management.ts';

export interface RoleRow { name: string; canLogIn: boolean; hash: string | null; memberOf: string[] }

export const listRoles = async (ctx: GuestContext): Promise<RoleRow[]> => (await ask(ctx, 'SELECT role, can_login, salted_hash, member_of FROM system_auth.roles')).map(toRole);
export const findRole = async (ctx: GuestContext, name: string): Promise<RoleRow | undefined> => (await ask(ctx, 'SELECT role, can_login, salted_hash, member_of FROM system_auth.roles WHERE role = ?', [name])).map(toRole)[0];

const toRole = (row: Record<string, unknown>): RoleRow => ({ name: String(row['role']), canLogIn: row['can_login'] === true, hash: row['salted_hash'] as string | null, memberOf: (row['member_of'] as string[] | null) ?? [] });

/**
 * Those that the server goes by. After a kill in the middle of a change `system_schema` may tell of others: a start reads its files before the
 * commit log, which then brings it further than what the server has in mind.
 */
export const keyspaceNames = async (ctx: GuestContext): Promise<string[]> => (await ask(ctx, 'DESCRIBE KEYSPACES')).map((row) => unquoted(String(row['name'])));
