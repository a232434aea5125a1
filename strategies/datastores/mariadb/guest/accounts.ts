/**
 * Management and root. MariaDB has no account that others with the right to make users could not change, and a user made
 * by hand could be given anything; so root administers data and sessions' view, and users are made through Coffer only.
 */
import { createHash } from 'node:crypto';
import { isImpostor, isOwnAccount, managementHost, managementName, ownDatabase } from '../../sql-family/names.ts';
import { type Account, account, identifier, literal } from '../../sql-family/text.ts';
import type { Sql } from '../../sql-family/guest/dialect.ts';
import { SqlError } from '../../sql-family/wire/packets.ts';
import { names, privilegesOfTrack } from '../rules.ts';

const management = account({ name: managementName, host: managementHost });

/** The hash the server keeps; the clear password reaches neither a statement nor a log of the server. */
export function storedPassword(password: string): string {
  const sha1 = (data: Buffer): Buffer => createHash('sha1').update(data).digest();
  return `*${sha1(sha1(Buffer.from(password, 'utf8'))).toString('hex').toUpperCase()}`;
}
export const identifiedBy = (password: string): string => `identified via mysql_native_password using ${literal(storedPassword(password))}`;

/**
 * SUPER: without it no setting of the storage engine could be changed while it runs. No FILE, no SHUTDOWN, nothing of
 * replication: management is no way to the host.
 */
const managementPowers = ['CREATE USER', 'PROCESS', 'SHOW DATABASES', 'RELOAD', 'SUPER', 'CONNECTION ADMIN', 'READ_ONLY ADMIN', 'BINLOG ADMIN'] as const;
const rootPowers = ['PROCESS', 'SHOW DATABASES'] as const;
const dataPrivileges = (track: string): string[] => Object.keys(privilegesOfTrack(track));

/** One line each: also read by the server before it lets anybody in. */
export const managementStatements = (secret: string, track: string): string[] => [
  `create or replace user ${management} ${identifiedBy(secret)} require none with max_queries_per_hour 0 max_updates_per_hour 0 max_connections_per_hour 0 max_user_connections 0 account unlock password expire never`,
  `grant ${[...dataPrivileges(track), ...managementPowers].join(', ')} on *.* to ${management} with grant option`,
];

export async function managementProblem(sql: Sql, secret: string): Promise<string | null> {
  const where = `User = ${literal(managementName)} and Host = ${literal(managementHost)}`;
  const [row] = await sql.rows(`select json_value(Priv, '$.plugin') as plugin, json_value(Priv, '$.authentication_string') as hash, json_value(Priv, '$.account_locked') as locked, json_exists(Priv, '$.auth_or') as others from mysql.global_priv where ${where}`);
  if (!row) return 'the management account is gone';
  if (row['plugin'] !== 'mysql_native_password' || row['hash'] !== storedPassword(secret)) return 'the management account has another password';
  if (row['locked'] === '1' || row['locked'] === 'true') return 'the management account is locked';
  if (row['others'] === '1') return 'the management account can be logged in to by other means';
  const [rights] = await sql.rows(`select concat(Select_priv, Create_priv, Drop_priv, Create_user_priv, Grant_priv, Process_priv, Reload_priv, Super_priv) as rights from mysql.user where ${where}`);
  return rights?.['rights'] === 'YYYYYYYY' ? null : 'the management account lacks privileges';
}

/**
 * A right on `%` is one on every database, later ones too; the most exact name counts alone, so a harmless right on a
 * system database by its name is what is left there. Without GRANT OPTION: who may pass on rights on `%` may do so on a
 * pattern that matches the system's own.
 */
export function rootGrants(root: Account, track: string): string[] {
  const subject = account(root);
  return [
    ...['mysql', ownDatabase].map((database) => `grant SHOW VIEW on ${identifier(database)}.* to ${subject}`),
    `grant SELECT, EXECUTE on ${identifier('sys')}.* to ${subject}`,
    `grant SELECT on ${identifier('performance_schema')}.* to ${subject}`,
    `grant ${rootPowers.join(', ')} on *.* to ${subject}`,
    `grant ${dataPrivileges(track).join(', ')} on ${identifier('%')}.* to ${subject}`,
  ];
}

/** A role has no host; with an empty one its name would be taken for an account's at `%`. */
export const grantee = (subject: Account): string => (subject.host === '' ? literal(subject.name) : account(subject));
/** What everybody has is kept as a role's. */
const isPublic = ({ name, host }: Account): boolean => host === '' && name === 'PUBLIC';

export const everybodyQuery = 'select User as name, Host as host, is_role as role from mysql.user';

/** Rights on the whole server include the system's own tables: no tenant has any but those that only look. */
export async function closingStatements(sql: Sql): Promise<string[]> {
  const statements: string[] = [];
  for (const row of await sql.rows(everybodyQuery)) {
    const found = { name: row['name'] ?? '', host: row['host'] ?? '' };
    if (isOwnAccount(found, names)) continue;
    const grants = await grantsOf(sql, found);
    // Written into the tables by hand, or at a host to be looked up: no statement reaches it.
    if (grants === null || (found.host === '' && row['role'] === 'N')) statements.push(...deletions(found));
    else if (isImpostor(found, names) && !isPublic(found)) statements.push(`drop ${found.host === '' ? 'role' : 'user'} ${grantee(found)}`);
    else statements.push(...excessOf(grants).map((words) => `revoke ${words} on *.* from ${grantee(found)}`));
  }
  return statements;
}

const accountTables = ['global_priv', 'db', 'tables_priv', 'columns_priv', 'procs_priv'];
const deletions = ({ name, host }: Account): string[] =>
  [...accountTables.map((table) => `delete from mysql.${table} where User = ${literal(name)} and Host = ${literal(host)}`), 'flush privileges'];

/** ER_NONEXISTING_GRANT */
const unknownAccount = 1141;

async function grantsOf(sql: Sql, subject: Account): Promise<string[] | null> {
  try {
    return (await sql.rows(`show grants for ${grantee(subject)}`)).flatMap((line) => Object.values(line)).map((line) => line ?? '');
  } catch (error) {
    if (error instanceof SqlError && error.number === unknownAccount) return null;
    throw error;
  }
}

const allowed = new Set<string>(['USAGE', ...rootPowers]);

function excessOf(grants: readonly string[]): string[] {
  const powers = grants.flatMap((line) => /^GRANT (.*) ON \*\.\* TO /.exec(line)?.[1]?.split(', ') ?? []).filter((word) => !allowed.has(word));
  return [...(powers.length > 0 ? [powers.join(', ')] : []), ...(grants.some((line) => / ON \*\.\* TO .* WITH GRANT OPTION$/.test(line)) ? ['grant option'] : [])];
}
