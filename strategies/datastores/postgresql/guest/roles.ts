/** Ends what a role may do, hands over what it owns, and drops it. */
import { setTimeout as delay } from 'node:timers/promises';
import { GuestFault } from '../../../spi/guest.ts';
import { type DatabaseRow, findRole, listDatabases, listGroups } from './catalog.ts';
import { groupName } from './group-names.ts';
import { adopt, inTenantDatabase } from './groups.ts';
import type { ManagementContext, Sql } from './management.ts';
import { identifier, literal } from './sql.ts';

const sessionTimeoutMs = 10_000;
const pollMs = 10;
const handOverAttempts = 3;

/** Sessions of a role (in one database, or everywhere) are gone when this returns. */
export async function endSessions(sql: Sql, role: number, database?: string): Promise<void> {
  const where = `usesysid = ${role}${database === undefined ? '' : ` and datname = ${literal(database)}`}`;
  const deadline = Date.now() + sessionTimeoutMs;
  while ((await sql.rows(`select pg_terminate_backend(pid) from pg_stat_activity where ${where}`)).length > 0) {
    if (Date.now() > deadline) throw new GuestFault('RETRYABLE', 'sessions of the user do not end; try again shortly');
    await delay(pollMs);
  }
}

/** Idempotent: a role that is half gone is brought to its end. Access ends first, whatever is in the way of the rest. */
export async function dropRole(ctx: ManagementContext, sql: Sql, name: string): Promise<void> {
  const role = await findRole(sql, name);
  if (!role) return;
  const groups = (await listGroups(sql)).filter((group) => group.members.includes(name));
  await sql.atomically([`alter role ${identifier(name)} nologin password null`, ...groups.map((group) => `revoke ${identifier(group.name)} from ${identifier(name)}`)]);
  await endSessions(sql, role.oid);
  for (let left = handOverAttempts; ; left--) {
    await handOver(ctx, sql, name, role.oid);
    try {
      await sql.rows(`drop role ${identifier(name)}`);
      break;
    } catch (error) {
      // dependent_objects_still_exist: a function that runs with the role's rights may have made something meanwhile.
      if ((error as { code?: string }).code !== '2BP01' || left === 1) throw error;
    }
  }
  // A log-in that was half way when the role was closed.
  await endSessions(sql, role.oid);
}

async function handOver(ctx: ManagementContext, sql: Sql, name: string, oid: number): Promise<void> {
  const databases = await listDatabases(sql);
  // REASSIGN OWNED would give every database the role owns to one and the same heir.
  for (const database of databases.filter((one) => one.owner === name)) await adopt(ctx, sql, database);
  const touched = await databasesWith(sql, oid);
  for (const database of (await listDatabases(sql)).filter((one) => touched.includes(one.oid))) {
    const heir = await adopt(ctx, sql, database);
    if (groupName('owner', heir.suffix) !== name) await handOverIn(ctx, sql, database, name, groupName('owner', heir.suffix));
  }
  // Here nobody can own anything but large objects.
  await sql.rows(`drop owned by ${identifier(name)}`);
}

/** Databases in which the role owns, or was granted, anything. */
const databasesWith = async (sql: Sql, oid: number): Promise<number[]> =>
  (await sql.rows<{ dbid: number }>(`select distinct dbid::int8::float8 as dbid from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = ${oid} and dbid <> 0`)).map((row) => row.dbid);

/** Everything the role owns in one database becomes the heir's; what it was granted there is taken. */
export const handOverIn = (ctx: ManagementContext, sql: Sql, database: DatabaseRow, name: string, heir: string): Promise<void> =>
  inTenantDatabase(ctx, sql, database, (inside) => inside.atomically([`reassign owned by ${identifier(name)} to ${identifier(heir)}`, `drop owned by ${identifier(name)}`]));

export async function ownsAnythingIn(sql: Sql, oid: number, database: number): Promise<boolean> {
  return (await databasesWith(sql, oid)).includes(database);
}

/** Groups whose database is gone, or was given another owner: what they own goes to the group that owns the database now. */
export async function dropOrphans(ctx: ManagementContext, sql: Sql): Promise<void> {
  const suffixes = new Set((await listDatabases(sql)).map((database) => database.suffix));
  for (const group of await listGroups(sql)) {
    if (!suffixes.has(group.suffix)) await dropRole(ctx, sql, group.name);
  }
}
