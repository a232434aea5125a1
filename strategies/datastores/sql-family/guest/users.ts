import type { GrantSpec, UserRef, UserSpec } from '../../../spi/control.ts';
import { type GuestContext, GuestFault, type UserInfo } from '../../../spi/guest.ts';
import { isSystemUser, knownHostProblem, passwordProblem, userHostProblem, userNameProblem } from '../names.ts';
import { grantedWords, privilegeProblem } from '../privileges.ts';
import { type Account, account, anyHost, tellAccount } from '../text.ts';
import { hasDatabase, needDatabase } from './databases.ts';
import type { Dialect, Sql } from './dialect.ts';
import { findAccount, grantStatement, heldGrants, listAccounts, revokeAll } from './grants.ts';
import { withManagement } from './management.ts';
import { isMarkedBy, mark, unmark } from './marks.ts';
import { endSessionsOf } from './sessions.ts';

const refuse = (what: string, problem: string | null): void => {
  if (problem !== null) throw new GuestFault('REFUSED', `${what} ${problem}`);
};
/** An account is a name and where it comes from; the same name at two hosts is two accounts. */
function toAccount(dialect: Dialect, user: UserRef): Account {
  const found = { name: user.name, host: user.host ?? anyHost };
  refuse('the user\'s name', userNameProblem(found.name, dialect.names));
  refuse('the user\'s host', knownHostProblem(found.host));
  return found;
}
function toNewAccount(dialect: Dialect, user: UserRef): Account {
  const made = toAccount(dialect, user);
  refuse('the user\'s host', userHostProblem(made.host, dialect.names));
  return made;
}
const judgePassword = (password: string | undefined): void => { if (password !== undefined) refuse('the password', passwordProblem(password)); };
const markName = ({ name, host }: Account): string => `${host} ${name}`;

export const list = (ctx: GuestContext, dialect: Dialect): Promise<UserInfo[]> => withManagement(ctx, dialect, 'read', async (sql) => {
  const grantsOf = await heldGrants(sql, dialect, ctx.track);
  return (await listAccounts(sql, dialect)).filter(({ name }) => !isSystemUser(name, dialect.names)).map(({ name, host }) => ({ name, host, grants: grantsOf({ name, host }) }));
});

export async function create(ctx: GuestContext, dialect: Dialect, user: UserSpec): Promise<void> {
  const subject = toNewAccount(dialect, user);
  judgePassword(user.password);
  judgeGrants(ctx, dialect, user.grants);
  await withManagement(ctx, dialect, 'op', async (sql) => {
    const existing = await findAccount(sql, dialect, subject);
    if (existing && !(await isMarkedBy(sql, 'user', markName(subject), ctx.operationId))) throw new GuestFault('EXISTS', `user ${tellAccount(subject)} exists already`);
    const grants = await grantStatements(sql, dialect, ctx.track, subject, user.grants);
    await mark(sql, 'user', markName(subject), ctx.operationId);
    await sql.run([`${existing ? 'alter' : 'create'} user ${account(subject)} ${await dialect.identifiedBy(user.password)}`, ...grants]);
  });
}

export async function update(ctx: GuestContext, dialect: Dialect, user: UserRef, change: { name?: string | undefined; host?: string | undefined; password?: string | undefined }): Promise<void> {
  const before = toAccount(dialect, user);
  const renamed = { name: change.name ?? before.name, host: change.host ?? before.host };
  const after = change.host === undefined ? toAccount(dialect, renamed) : toNewAccount(dialect, renamed);
  judgePassword(change.password);
  await withManagement(ctx, dialect, 'op', async (sql) => {
    const isMoved = await moveAccount(ctx, sql, dialect, before, after);
    if (change.password !== undefined) await sql.run([`alter user ${account(after)} ${await dialect.identifiedBy(change.password)}`]);
    await endSessionsOf(sql, before);
    if (isMoved) await endSessionsOf(sql, after);
  });
}

/** Under its new name already when an earlier call of the same operation came that far. */
async function moveAccount(ctx: GuestContext, sql: Sql, dialect: Dialect, before: Account, after: Account): Promise<boolean> {
  const source = await findAccount(sql, dialect, before);
  if (before.name === after.name && before.host === after.host) {
    if (!source) throw new GuestFault('MISSING', `user ${tellAccount(before)} does not exist`);
    return false;
  }
  const target = await findAccount(sql, dialect, after);
  if (target && !source && (await isMarkedBy(sql, 'user', markName(after), ctx.operationId))) return true;
  if (target) throw new GuestFault('EXISTS', `user ${tellAccount(after)} exists already`);
  if (!source) throw new GuestFault('MISSING', `user ${tellAccount(before)} does not exist`);
  await mark(sql, 'user', markName(after), ctx.operationId);
  await sql.run([`rename user ${account(before)} to ${account(after)}`]);
  await unmark(sql, 'user', markName(before));
  return true;
}

export async function remove(ctx: GuestContext, dialect: Dialect, user: UserRef): Promise<void> {
  const subject = toAccount(dialect, user);
  await withManagement(ctx, dialect, 'op', async (sql) => {
    const isThere = await findAccount(sql, dialect, subject);
    await dropAccount(sql, subject);
    await unmark(sql, 'user', markName(subject));
    if (!isThere) throw new GuestFault('MISSING', `user ${tellAccount(subject)} does not exist`);
  });
}

/** Nobody can log in any more, then those who did are ended. */
export async function dropAccount(sql: Sql, subject: Account): Promise<void> {
  await sql.run([`drop user if exists ${account(subject)}`]);
  await endSessionsOf(sql, subject);
}

export async function grant(ctx: GuestContext, dialect: Dialect, user: UserRef, grants: GrantSpec[]): Promise<void> {
  const subject = toAccount(dialect, user);
  judgeGrants(ctx, dialect, grants);
  await withManagement(ctx, dialect, 'op', async (sql) => {
    await needAccount(sql, dialect, subject);
    await sql.run(await grantStatements(sql, dialect, ctx.track, subject, grants));
  });
}

async function needAccount(sql: Sql, dialect: Dialect, subject: Account): Promise<void> {
  if (!(await findAccount(sql, dialect, subject))) throw new GuestFault('MISSING', `user ${tellAccount(subject)} does not exist`);
}

function judgeGrants(ctx: GuestContext, dialect: Dialect, grants: readonly GrantSpec[]): void {
  for (const { database, privileges } of grants) {
    if (database === null) throw new GuestFault('REFUSED', 'a grant must name a database');
    for (const word of privileges) refuse('a grant:', privilegeProblem(word, dialect.privileges(ctx.track)));
  }
}

/** The servers grant on databases that do not exist; then whoever makes one of that name would open it to strangers. */
async function grantStatements(sql: Sql, dialect: Dialect, track: string, subject: Account, grants: readonly GrantSpec[]): Promise<string[]> {
  const statements: string[] = [];
  for (const { database, privileges } of grants) {
    if (database === null) continue;
    await needDatabase(sql, dialect, database);
    statements.push(grantStatement(dialect, subject, database, grantedWords(privileges, dialect.privileges(track))));
  }
  return statements;
}

export async function revoke(ctx: GuestContext, dialect: Dialect, user: UserRef, databases: (string | null)[]): Promise<void> {
  const subject = toAccount(dialect, user);
  const named = databases.filter((database) => database !== null);
  if (named.length < databases.length) throw new GuestFault('REFUSED', 'a revocation must name a database');
  await withManagement(ctx, dialect, 'op', async (sql) => {
    await needAccount(sql, dialect, subject);
    const missing: string[] = [];
    for (const database of named) {
      await revokeAll(sql, dialect, { subject, database });
      if (!(await hasDatabase(sql, database))) missing.push(database);
    }
    // A session goes by what it read at its start, whichever database it is in by now.
    await endSessionsOf(sql, subject);
    if (missing.length > 0) throw new GuestFault('MISSING', missing.map((database) => `database "${database}" does not exist`).join('; '));
  });
}
