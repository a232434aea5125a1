/** Makes the groups of a database, and puts users into them. */
import { managementRole, rootRole } from '../names.ts';
import type { PrivilegeKind } from '../privileges.ts';
import { type DatabaseRow, findRole, findRoot, listDatabases, listGroups, needDatabase } from './catalog.ts';
import { groupName, markerRole, suffixFor } from './group-names.ts';
import { type ManagementContext, type Sql, withManagement } from './management.ts';
import { majorOf } from './owned.ts';
import { identifier, literal } from './sql.ts';

const maxSuffixAttempts = 100;
export const createMarkerStatement = `create role ${identifier(markerRole)} nologin noinherit`;

/** From 16 on a membership says itself what it brings. */
export const membership = (track: string, options: { inherit: boolean; set: boolean }): string =>
  majorOf(track) >= 16 ? ` with inherit ${options.inherit}, set ${options.set}` : '';

const createGroup = (track: string, name: string): string[] => [
  `create role ${identifier(name)} nologin`,
  `grant ${identifier(markerRole)} to ${identifier(name)}${membership(track, { inherit: false, set: false })}`,
];

/** A suffix no other database uses. A group that a deletion left behind is not taken over with its members: it goes first. */
export async function makeOwner(track: string, sql: Sql, database: string, owners: readonly string[]): Promise<{ suffix: string; statements: string[] }> {
  const groups = new Set((await listGroups(sql)).map((group) => group.name));
  for (let attempt = 0; attempt < maxSuffixAttempts; attempt++) {
    const suffix = suffixFor(database, attempt);
    const name = groupName('owner', suffix);
    if (owners.includes(name)) continue;
    if (groups.has(name)) return { suffix, statements: [] };
    return { suffix, statements: [...(await makeWay(sql, name)), ...createGroup(track, name)] };
  }
  throw new Error(`no free owner role for database "${database}" after ${maxSuffixAttempts} attempts`);
}

/** Root may create roles (16 and later), also under a name that is needed here: it keeps its role, with another name. */
async function makeWay(sql: Sql, name: string): Promise<string[]> {
  const squatter = await findRole(sql, name);
  return squatter ? [`alter role ${identifier(name)} rename to ${identifier(`renamed_${squatter.oid}`)}`] : [];
}

/** The group for a privilege in a database, made at its first use: what is there is granted now, what comes later by default. */
async function ensurePrivilegeGroup(ctx: ManagementContext, sql: Sql, database: DatabaseRow & { suffix: string }, kind: PrivilegeKind): Promise<string> {
  const name = groupName(kind, database.suffix);
  if (!(await listGroups(sql)).some((group) => group.name === name)) await sql.atomically([...(await makeWay(sql, name)), ...createGroup(ctx.track, name)]);
  const right = kind === 'TEMPORARY' ? 'connect, temporary' : 'connect';
  await sql.atomically([`grant ${right} on database ${identifier(database.name)} to ${identifier(name)}`]);
  if (kind !== 'TEMPORARY' && kind !== 'CONNECT') {
    await inTenantDatabase(ctx, sql, database, async (inside) => inside.atomically(tableStatements(await listSchemas(inside), kind, groupName('owner', database.suffix), name)));
  }
  return name;
}

const listSchemas = async (sql: Sql): Promise<string[]> =>
  (await sql.rows<{ name: string }>("select nspname as name from pg_namespace where nspname not like 'pg\\_%' and nspname <> 'information_schema' order by nspname")).map((row) => row.name);

/** Sequences: reading them is part of a dump; taking from them is part of adding a row. */
const sequenceRight: Partial<Record<PrivilegeKind, string>> = { SELECT: 'select', INSERT: 'usage', UPDATE: 'usage' };

export function tableStatements(schemas: readonly string[], kind: PrivilegeKind, owner: string, group: string): string[] {
  const [to, word, sequences] = [`to ${identifier(group)}`, kind.toLowerCase(), sequenceRight[kind]];
  const later = `alter default privileges for role ${identifier(owner)} grant`;
  return [
    ...schemas.flatMap((schema) => [
      `grant usage on schema ${identifier(schema)} ${to}`,
      `grant ${word} on all tables in schema ${identifier(schema)} ${to}`,
      ...(sequences ? [`grant ${sequences} on all sequences in schema ${identifier(schema)} ${to}`] : []),
    ]),
    `${later} usage on schemas ${to}`, `${later} ${word} on tables ${to}`, ...(sequences ? [`${later} ${sequences} on sequences ${to}`] : []),
  ];
}

/**
 * A database that root made with SQL belongs to whoever root said and is open to everybody. It becomes like the others:
 * owned by a group, as is everything its former owner made in it; that one joins the group.
 */
export async function adopt(ctx: ManagementContext, sql: Sql, database: DatabaseRow): Promise<DatabaseRow & { suffix: string }> {
  if (database.suffix !== null) return { ...database, suffix: database.suffix };
  const all = await listDatabases(sql);
  const { suffix, statements } = await makeOwner(ctx.track, sql, database.name, all.map((one) => one.owner));
  const group = groupName('owner', suffix);
  await sql.atomically(statements);
  const [name, former] = [identifier(database.name), identifier(database.owner)];
  const shared = [
    `alter database ${name} owner to ${identifier(group)}`,
    `revoke all on database ${name} from public`,
    ...(await rootJoins(ctx.track, sql, database.name, group)),
  ];
  const handedOver = database.owner === managementRole ? [] : [
    ...joinOwner(ctx.track, { user: database.owner, database: database.name, group }),
    // This also takes every other database of the former owner, whose turn is another time.
    `reassign owned by ${former} to ${identifier(group)}`,
    ...all.filter((one) => one.owner === database.owner && one.name !== database.name).map((one) => `alter database ${identifier(one.name)} owner to ${former}`),
  ];
  await inTenantDatabase(ctx, sql, database, (inside) => inside.atomically([...shared, ...handedOver]));
  return { ...database, owner: group, suffix };
}

/** The owner may have closed it to everybody, management included. */
export async function inTenantDatabase<T>(ctx: ManagementContext, sql: Sql, database: DatabaseRow, use: (inside: Sql) => Promise<T>): Promise<T> {
  const open = (isOpen: boolean): Promise<unknown> => sql.rows(`alter database ${identifier(database.name)} allow_connections ${isOpen}`);
  if (!database.acceptsConnections) await open(true);
  try {
    return await withManagement(ctx, { purpose: 'op', database: database.name }, use);
  } finally {
    if (!database.acceptsConnections) await open(false);
  }
}

/**
 * Who joins the owner acts as the owner in that database from the first statement on, so that whatever is made belongs to
 * all of them. RESET ROLE and DISCARD ALL come back to it.
 * https://www.postgresql.org/docs/current/sql-set-role.html
 */
export const joinOwner = (track: string, { user, database, group }: { user: string; database: string; group: string }): string[] => [
  `grant ${identifier(group)} to ${identifier(user)}${membership(track, { inherit: true, set: true })}`,
  `alter role ${identifier(user)} in database ${identifier(database)} set role = ${literal(group)}`,
];

export const rootJoins = async (track: string, sql: Sql, database: string, group: string): Promise<string[]> =>
  ((await findRoot(sql)) ? joinOwner(track, { user: rootRole, database, group }) : []);

/** Statements that put a user into the groups for a grant; the groups exist when this returns. */
export async function prepareGrant(ctx: ManagementContext, sql: Sql, user: string, databaseName: string, wanted: 'application' | PrivilegeKind[]): Promise<string[]> {
  const database = await adopt(ctx, sql, await needDatabase(sql, databaseName));
  if (wanted === 'application') return joinOwner(ctx.track, { user, database: database.name, group: groupName('owner', database.suffix) });
  const statements: string[] = [];
  for (const kind of wanted) {
    const group = await ensurePrivilegeGroup(ctx, sql, database, kind);
    statements.push(`grant ${identifier(group)} to ${identifier(user)}${membership(ctx.track, { inherit: true, set: false })}`);
  }
  return statements;
}
