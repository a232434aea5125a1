/**
 * The tenant's root. Not a superuser: superusers alter each other, management included, and read the hashes of all. It
 * has every right on every keyspace of the tenant's, and may make keyspaces and roles, which are its own then.
 */
import type { GuestContext } from '../../../spi/guest.ts';
import { isSystemKeyspace, isSystemRole, rootRole } from '../names.ts';
import { privilegeKinds } from '../privileges.ts';
import { findRole, keyspaceNames, listRoles } from './catalogue.ts';
import { identifier, literal } from './cql.ts';
import { ask, askEach, untilForgotten } from './management.ts';
import { endSessionsOf } from './sessions.ts';

const root = literal(rootRole);

export const isRootEnabled = async (ctx: GuestContext): Promise<boolean> => (await findRole(ctx, rootRole))?.canLogIn ?? false;
/** With AUTHORIZE: inside what is the tenant's, root may give rights. */
export const rootKeyspaceGrants = (keyspace: string): string[] => [`GRANT ${[...privilegeKinds, 'AUTHORIZE'].join(', ')} ON KEYSPACE ${identifier(keyspace)} TO ${root}`];
export const rootRoleGrants = (role: string): string[] => [`GRANT ALTER, DROP, AUTHORIZE, DESCRIBE ON ROLE ${literal(role)} TO ${root}`];

export async function enable(ctx: GuestContext, password: string): Promise<{ name: string }> {
  if (!(await findRole(ctx, rootRole))) {
    await endSessionsOf(ctx, rootRole);
    // Its rights first: who logs in finds them.
    await ask(ctx, `CREATE ROLE IF NOT EXISTS ${root} WITH SUPERUSER = false AND LOGIN = false`);
  }
  const keyspaces = (await keyspaceNames(ctx)).filter((name) => !isSystemKeyspace(name));
  const roles = (await listRoles(ctx)).filter((role) => !isSystemRole(role.name));
  await askEach(ctx, [
    `GRANT CREATE ON ALL KEYSPACES TO ${root}`, `GRANT CREATE ON ALL ROLES TO ${root}`,
    ...keyspaces.flatMap(rootKeyspaceGrants), ...roles.flatMap((role) => rootRoleGrants(role.name)),
    `ALTER ROLE ${root} WITH PASSWORD = ${literal(password)} AND LOGIN = true`,
  ]);
  await untilForgotten(ctx);
  return { name: rootRole };
}

export async function disable(ctx: GuestContext): Promise<void> {
  if (await findRole(ctx, rootRole)) await ask(ctx, `DROP ROLE IF EXISTS ${root}`);
  await untilForgotten(ctx);
}
