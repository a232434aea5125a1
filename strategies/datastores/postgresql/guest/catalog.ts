/** What the server says about databases and roles. Always asked anew: nothing of it is remembered outside the server. */
import { GuestFault } from '../../../spi/guest.ts';
import { isSystemDatabase, isSystemRole, managementRole, rootRole } from '../names.ts';
import type { PrivilegeKind } from '../privileges.ts';
import { type GroupKind, markerRole, parseGroupName } from './group-names.ts';
import type { Sql } from './management.ts';
import { literal } from './sql.ts';

export interface DatabaseRow {
  oid: number; name: string; owner: string;
  /** what its groups are named by; null when the owner is no group of ours (a database made with SQL by root) */
  suffix: string | null;
  acceptsConnections: boolean;
  /** who made it, for us */
  comment: string | null;
  characterSet: string; collation: string; provider: string;
}

const isMarked = (role: string): string => `exists (select from pg_auth_members m join pg_roles k on k.oid = m.roleid where m.member = ${role}.oid and k.rolname = ${literal(markerRole)})`;

export async function listDatabases(sql: Sql): Promise<DatabaseRow[]> {
  // The column's name changed from 15 to 17; a row turned into JSON has whichever there is.
  const rows = await sql.rows<Omit<DatabaseRow, 'suffix'> & { isGroup: boolean }>(`
    select d.oid::int8::float8 as oid, d.datname as name, r.rolname as owner, ${isMarked('r')} as "isGroup", d.datallowconn as "acceptsConnections",
      shobj_description(d.oid, 'pg_database') as comment, pg_encoding_to_char(d.encoding) as "characterSet", d.datlocprovider::text as provider,
      coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', d.datcollate) as collation
    from pg_database d join pg_roles r on r.oid = d.datdba order by d.datname`);
  return rows.filter((row) => !isSystemDatabase(row.name)).map(({ isGroup, ...row }) => {
    const group = isGroup ? parseGroupName(row.owner) : null;
    return { ...row, suffix: group?.kind === 'owner' ? group.suffix : null };
  });
}

export async function findDatabase(sql: Sql, name: string): Promise<DatabaseRow | undefined> {
  return (await listDatabases(sql)).find((database) => database.name === name);
}

export async function needDatabase(sql: Sql, name: string): Promise<DatabaseRow> {
  const found = await findDatabase(sql, name);
  if (!found) throw new GuestFault('MISSING', `database "${name}" does not exist`);
  return found;
}

export interface RoleRow { oid: number; name: string; canLogIn: boolean; comment: string | null }
const roleColumns = `r.oid::int8::float8 as oid, r.rolname as name, r.rolcanlogin as "canLogIn", shobj_description(r.oid, 'pg_authid') as comment`;

export async function findRole(sql: Sql, name: string): Promise<RoleRow | undefined> {
  return (await sql.rows<RoleRow>(`select ${roleColumns} from pg_roles r where r.rolname = ${literal(name)}`))[0];
}

/** Those who log in and are neither Coffer's, the server's, nor root. */
export async function listUsers(sql: Sql): Promise<RoleRow[]> {
  const rows = await sql.rows<RoleRow>(`select ${roleColumns} from pg_roles r where r.rolcanlogin and r.rolname <> ${literal(managementRole)} order by r.rolname`);
  return rows.filter((row) => !isSystemRole(row.name));
}

export const findRoot = (sql: Sql): Promise<RoleRow | undefined> => findRole(sql, rootRole);

export interface GroupRow { name: string; kind: GroupKind; suffix: string; members: string[] }

/** Every group of ours with the names of its direct members. */
export async function listGroups(sql: Sql): Promise<GroupRow[]> {
  const rows = await sql.rows<{ name: string; members: string[] | null }>(`
    select r.rolname as name, (select json_agg(u.rolname) from pg_auth_members m join pg_roles u on u.oid = m.member where m.roleid = r.oid) as members
    from pg_roles r where not r.rolcanlogin and ${isMarked('r')}`);
  return rows.flatMap(({ name, members }) => {
    const group = parseGroupName(name);
    return group ? [{ name, ...group, members: members ?? [] }] : [];
  });
}

export interface Held { database: string; application: boolean; kinds: PrivilegeKind[] }

/** Which rights the members of groups have, by the database the groups belong to. */
export function rightsOf(user: string, databases: readonly DatabaseRow[], groups: readonly GroupRow[]): Held[] {
  return databases.flatMap((database) => {
    const held = groups.filter((group) => group.suffix === database.suffix && group.members.includes(user)).map((group) => group.kind);
    return held.length === 0 ? [] : [{ database: database.name, application: held.includes('owner'), kinds: held.filter((kind) => kind !== 'owner') }];
  });
}
