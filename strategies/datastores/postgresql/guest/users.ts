import type { GrantSpec, UserRef, UserSpec } from '../../../spi/control.ts';
import { type GuestContext, GuestFault, type UserInfo } from '../../../spi/guest.ts';
import { databaseNameProblem, roleNameProblem, rootRole } from '../names.ts';
import { passwordProblem } from '../password.ts';
import { applicationSet, parsePrivileges, privilegeProblem } from '../privileges.ts';
import { findRole, findRoot, type Held, listDatabases, listGroups, listUsers, needDatabase, rightsOf, type RoleRow } from './catalog.ts';
import { madeBy } from './databases.ts';
import { groupName } from './group-names.ts';
import { adopt, membership, prepareGrant } from './groups.ts';
import { type Sql, withManagement } from './management.ts';
import { dropOrphans, dropRole, endSessions, handOverIn, ownsAnythingIn } from './roles.ts';
import { scramVerifier } from './scram.ts';
import { identifier, literal } from './sql.ts';

const refuse = (what: string, problem: string | null): void => {
  if (problem !== null) throw new GuestFault('REFUSED', `${what} ${problem}`);
};
const judgeUser = (user: UserRef): void => refuse('the user\'s name', roleNameProblem(user.name));
const judgePassword = (password: string | undefined): void => { if (password !== undefined) refuse('the password', passwordProblem(password)); };

export async function list(ctx: GuestContext): Promise<UserInfo[]> {
  return withManagement(ctx, { purpose: 'read' }, async (sql) => {
    const [databases, groups] = [await listDatabases(sql), await listGroups(sql)];
    return (await listUsers(sql)).map(({ name }) => ({ name, grants: rightsOf(name, databases, groups).map(tellGrant) }));
  });
}
const tellGrant = ({ database, application, kinds }: Held): GrantSpec => ({ database, privileges: application ? [applicationSet] : kinds });

export async function create(ctx: GuestContext, user: UserSpec): Promise<void> {
  judgeUser(user);
  judgePassword(user.password);
  await withManagement(ctx, { purpose: 'op' }, async (sql) => {
    const existing = await findRole(sql, user.name);
    const isOurs = existing?.comment === madeBy(ctx.operationId);
    if (existing && !isOurs) throw new GuestFault('EXISTS', `user "${user.name}" exists already`);
    const role = identifier(user.name);
    const grants = await grantStatements(ctx, sql, user.name, user.grants);
    const root = await findRoot(sql);
    await sql.atomically([
      `${existing ? 'alter' : 'create'} role ${role} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls inherit password ${literal(await scramVerifier(user.password))}`,
      `comment on role ${role} is ${literal(madeBy(ctx.operationId))}`,
      ...grants,
      // Root reaches what a user made as itself rather than as the database's owner.
      ...(root ? [`grant ${role} to ${identifier(rootRole)}${membership(ctx.track, { inherit: true, set: true })}`] : []),
    ]);
  });
}

export async function update(ctx: GuestContext, user: UserRef, change: { name?: string | undefined; host?: string | undefined; password?: string | undefined }): Promise<void> {
  judgeUser(user);
  if (change.name !== undefined) judgeUser({ name: change.name });
  judgePassword(change.password);
  await withManagement(ctx, { purpose: 'op' }, async (sql) => {
    const role = await roleToUpdate(ctx, sql, user.name, change.name);
    const name = change.name ?? user.name;
    await sql.atomically([
      ...(role.name === name ? [] : [`alter role ${identifier(role.name)} rename to ${identifier(name)}`]),
      ...(change.password === undefined ? [] : [`alter role ${identifier(name)} password ${literal(await scramVerifier(change.password))}`]),
      `comment on role ${identifier(name)} is ${literal(madeBy(ctx.operationId))}`,
    ]);
    await endSessions(sql, role.oid);
  });
}

/** Under its new name when an earlier call of the same operation came that far. */
async function roleToUpdate(ctx: GuestContext, sql: Sql, before: string, after: string | undefined): Promise<RoleRow> {
  const role = await findRole(sql, before);
  const renamed = after === undefined || after === before ? undefined : await findRole(sql, after);
  if (renamed && !role && renamed.comment === madeBy(ctx.operationId)) return renamed;
  if (renamed) throw new GuestFault('EXISTS', `user "${after}" exists already`);
  return needUser(role, before);
}

function needUser(role: RoleRow | undefined, name: string): RoleRow {
  if (!role?.canLogIn) throw new GuestFault('MISSING', `user "${name}" does not exist`);
  return role;
}

export async function remove(ctx: GuestContext, user: UserRef): Promise<void> {
  judgeUser(user);
  await withManagement(ctx, { purpose: 'op' }, async (sql) => {
    // One that an earlier call left without its login is still to go.
    if (!(await findRole(sql, user.name))) throw new GuestFault('MISSING', `user "${user.name}" does not exist`);
    await dropRole(ctx, sql, user.name);
  });
}

export async function grant(ctx: GuestContext, user: UserRef, grants: GrantSpec[]): Promise<void> {
  judgeUser(user);
  await withManagement(ctx, { purpose: 'op' }, async (sql) => {
    needUser(await findRole(sql, user.name), user.name);
    await sql.atomically(await grantStatements(ctx, sql, user.name, grants));
  });
}

async function grantStatements(ctx: GuestContext, sql: Sql, user: string, grants: readonly GrantSpec[]): Promise<string[]> {
  const statements: string[] = [];
  const hasStrangers = (await listDatabases(sql)).some((database) => database.suffix === null);
  for (const { database, privileges } of grants) {
    if (database === null) throw new GuestFault('REFUSED', 'a grant must name a database');
    refuse('the database\'s name', databaseNameProblem(database));
    for (const word of privileges) refuse('a grant:', privilegeProblem(word));
    statements.push(...(await prepareGrant(ctx, sql, user, database, parsePrivileges(privileges))));
  }
  // Root may have taken a database from its group, whose members still share what is in it.
  if (hasStrangers) await dropOrphans(ctx, sql);
  return statements;
}

export async function revoke(ctx: GuestContext, user: UserRef, databases: (string | null)[]): Promise<void> {
  judgeUser(user);
  const named = databases.filter((name) => name !== null);
  if (named.length < databases.length) throw new GuestFault('REFUSED', 'a revocation must name a database');
  for (const name of named) refuse('the database\'s name', databaseNameProblem(name));
  await withManagement(ctx, { purpose: 'op' }, async (sql) => {
    const role = needUser(await findRole(sql, user.name), user.name);
    const known = (await listDatabases(sql)).map((database) => database.name);
    for (const name of named) if (known.includes(name)) await revokeOne(ctx, sql, role, name);
    const missing = named.filter((name) => !known.includes(name));
    if (missing.length > 0) throw new GuestFault('MISSING', missing.map((name) => `database "${name}" does not exist`).join('; '));
  });
}

async function revokeOne(ctx: GuestContext, sql: Sql, role: RoleRow, databaseName: string): Promise<void> {
  const database = await adopt(ctx, sql, await needDatabase(sql, databaseName));
  const groups = (await listGroups(sql)).filter((group) => group.suffix === database.suffix && group.members.includes(role.name));
  await sql.atomically([
    ...groups.map((group) => `revoke ${identifier(group.name)} from ${identifier(role.name)}`),
    `alter role ${identifier(role.name)} in database ${identifier(database.name)} reset all`,
    `revoke all on database ${identifier(database.name)} from ${identifier(role.name)}`,
  ]);
  await endSessions(sql, role.oid, database.name);
  if (await ownsAnythingIn(sql, role.oid, database.oid)) await handOverIn(ctx, sql, database, role.name, groupName('owner', database.suffix));
}
