/** Roles that log in, as users. */
import type { GrantSpec, UserRef, UserSpec } from '../../../spi/control.ts';
import { type GuestContext, GuestFault, type UserInfo } from '../../../spi/guest.ts';
import { isSystemRole, roleNameProblem, roleReferenceProblem } from '../names.ts';
import { passwordProblem } from '../password.ts';
import { findRole, keyspaceNames, listRoles, type RoleRow } from './catalogue.ts';
import { literal, parseDataResource, resourceClause } from './cql.ts';
import { ask, askEach, untilForgotten } from './management.ts';
import { forgetWork, isOwnWork, recordWork } from './own-work.ts';
import { allPermissions, grantStatements, judgeKeyspace, permissionsOf, revokeStatements, shownGrants } from './permissions.ts';
import { isRootEnabled, rootRoleGrants } from './root.ts';
import { endSessionsOf } from './sessions.ts';

export async function list(ctx: GuestContext): Promise<UserInfo[]> {
  const [roles, permissions] = [await listRoles(ctx), await allPermissions(ctx)];
  return roles.filter((role) => role.canLogIn && !isSystemRole(role.name))
    .map(({ name }) => ({ name, grants: shownGrants(permissions.filter((one) => one.role === name)) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function create(ctx: GuestContext, user: UserSpec): Promise<void> {
  judgeNewName(user.name);
  judgePassword(user.password);
  const statements = grantStatements(user.name, user.grants, await keyspaceNames(ctx));
  await makeRole(ctx, user.name, passwordClause(user.password));
  await askEach(ctx, statements);
  await untilForgotten(ctx);
}

const passwordClause = (password: string): string => `PASSWORD = ${literal(password)} AND `;
/** Root may have made one without a password, who cannot log in yet. */
const hashClause = (hash: string | null): string => (hash === null ? '' : `HASHED PASSWORD = ${literal(hash)} AND `);

/** A call that was cut off finds its own work, and does the rest. */
async function makeRole(ctx: GuestContext, name: string, password: string): Promise<void> {
  const isOwn = await isOwnWork(ctx, 'role', name);
  if (await findRole(ctx, name)) {
    if (!isOwn) throw new GuestFault('EXISTS', `the user "${name}" exists`);
  } else {
    await endSessionsOf(ctx, name);
    await recordWork(ctx, 'role', name);
    // The server goes on with a statement whose sender has left.
    await ask(ctx, `CREATE ROLE ${isOwn ? 'IF NOT EXISTS ' : ''}${literal(name)} WITH ${password}LOGIN = true AND SUPERUSER = false`);
  }
  if (await isRootEnabled(ctx)) await askEach(ctx, rootRoleGrants(name));
}

export async function update(ctx: GuestContext, user: UserRef, change: { name?: string | undefined; password?: string | undefined }): Promise<void> {
  judgeName(user.name);
  const target = change.name ?? user.name;
  if (target !== user.name) judgeNewName(target);
  if (change.password !== undefined) judgePassword(change.password);
  const before = await findRole(ctx, user.name);
  if (target === user.name) await rekey(ctx, need(before, user.name), change.password);
  else await rename(ctx, before, user.name, target, change.password);
  await untilForgotten(ctx);
}

async function rekey(ctx: GuestContext, role: RoleRow, password: string | undefined): Promise<void> {
  if (password !== undefined) await ask(ctx, `ALTER ROLE ${literal(role.name)} WITH PASSWORD = ${literal(password)}`);
}

/** There is no rename: the new one is made with all the old one has, then the old one goes. A call that was cut off finds its own work. */
async function rename(ctx: GuestContext, before: RoleRow | undefined, name: string, target: string, password: string | undefined): Promise<void> {
  if (!before && (await isOwnWork(ctx, 'role', target)) && (await findRole(ctx, target))) return;
  const { hash, memberOf } = need(before, name);
  await makeRole(ctx, target, password === undefined ? hashClause(hash) : passwordClause(password));
  const made = await findRole(ctx, target);
  const permissions = await permissionsOf(ctx, name);
  await askEach(ctx, [
    ...permissions.flatMap(({ resource, words }) => {
      const found = parseDataResource(resource);
      return found ? [`GRANT ${words.join(', ')} ON ${resourceClause(found)} TO ${literal(target)}`] : [];
    }),
    ...memberOf.filter((group) => !made?.memberOf.includes(group)).map((group) => `GRANT ${literal(group)} TO ${literal(target)}`),
    `DROP ROLE IF EXISTS ${literal(name)}`,
  ]);
  await forgetWork(ctx, 'role', name);
}

export async function remove(ctx: GuestContext, user: UserRef): Promise<void> {
  judgeName(user.name);
  need(await findRole(ctx, user.name), user.name);
  await ask(ctx, `DROP ROLE IF EXISTS ${literal(user.name)}`);
  await forgetWork(ctx, 'role', user.name);
  await untilForgotten(ctx);
}

export async function grant(ctx: GuestContext, user: UserRef, grants: GrantSpec[]): Promise<void> {
  judgeName(user.name);
  need(await findRole(ctx, user.name), user.name);
  await askEach(ctx, grantStatements(user.name, grants, await keyspaceNames(ctx)));
  await untilForgotten(ctx);
}

export async function revoke(ctx: GuestContext, user: UserRef, databases: (string | null)[]): Promise<void> {
  judgeName(user.name);
  need(await findRole(ctx, user.name), user.name);
  const permissions = await permissionsOf(ctx, user.name);
  await askEach(ctx, databases.flatMap((database) => revokeStatements(user.name, permissions, judgeKeyspace(database))));
  await untilForgotten(ctx);
}

function need(role: RoleRow | undefined, name: string): RoleRow {
  if (!role?.canLogIn) throw new GuestFault('MISSING', `there is no user "${name}"`);
  return role;
}

const judgeName = (name: string): void => refuse(roleReferenceProblem(name));
const judgeNewName = (name: string): void => refuse(roleNameProblem(name));
function refuse(problem: string | null): void {
  if (problem !== null) throw new GuestFault('REFUSED', `the user's name ${problem}`);
}

function judgePassword(password: string): void {
  const problem = passwordProblem(password);
  if (problem !== null) throw new GuestFault('REFUSED', `the password ${problem}`);
}
