/** Management and root, and what neither a tenant nor root may have. */
import { managementHost, managementName, ownDatabase } from '../../sql-family/names.ts';
import { type Account, account, identifier, literal } from '../../sql-family/text.ts';
import type { Sql } from '../../sql-family/guest/dialect.ts';
import { isStoredPassword, storedPassword } from './sha-crypt.ts';

const management = account({ name: managementName, host: managementHost });

/** All that concerns data; grantable, or management could not pass it on. */
const dataPrivileges = [
  'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'REFERENCES', 'INDEX', 'ALTER', 'CREATE TEMPORARY TABLES', 'LOCK TABLES', 'EXECUTE',
  'CREATE VIEW', 'SHOW VIEW', 'CREATE ROUTINE', 'ALTER ROUTINE', 'EVENT', 'TRIGGER', 'CREATE USER', 'PROCESS', 'SHOW DATABASES',
] as const;
const rootDynamic = ['SHOW_ROUTINE'] as const;
/**
 * SYSTEM_USER: only its like may change, drop or kill it. CONNECTION_ADMIN: the one connection beyond the limit, and new
 * certificates. No FILE, no SHUTDOWN, no SUPER: management is no way to the host either.
 */
const managementDynamic = ['SYSTEM_USER', 'CONNECTION_ADMIN', 'SYSTEM_VARIABLES_ADMIN', 'ALLOW_NONEXISTENT_DEFINER', 'SET_ANY_DEFINER', 'XA_RECOVER_ADMIN', ...rootDynamic] as const;

export const identifiedBy = (password: string): string => `identified with caching_sha2_password as 0x${storedPassword(password).toString('hex')}`;

/** One line each: read by the server as it initialises, or before it lets anybody in. */
export const managementStatements = (secret: string): string[] => [
  `create user if not exists ${management} ${identifiedBy(secret)}`,
  `alter user ${management} ${identifiedBy(secret)} require none with max_queries_per_hour 0 max_updates_per_hour 0 max_connections_per_hour 0 max_user_connections 0 password expire never account unlock`,
  `grant ${dataPrivileges.join(', ')} on *.* to ${management} with grant option`,
  `grant ${managementDynamic.join(', ')} on *.* to ${management} with grant option`,
  `set default role none to ${management}`,
];

/** Proven once for what is stored: it costs 40 ms. */
let proven = '';

export async function managementProblem(sql: Sql, secret: string): Promise<string | null> {
  const [row] = await sql.rows(`select hex(authentication_string) as hash, account_locked as locked, concat(Select_priv, Create_priv, Drop_priv, Create_user_priv, Grant_priv, Process_priv) as rights from mysql.user where User = ${literal(managementName)} and Host = ${literal(managementHost)}`);
  if (!row) return 'the management account is gone';
  const key = `${row['hash'] ?? ''}/${secret}`;
  if (proven !== key && !isStoredPassword(Buffer.from(row['hash'] ?? '', 'hex'), secret)) return 'the management account has another password';
  proven = key;
  if (row['locked'] !== 'N') return 'the management account is locked';
  if (row['rights'] !== 'YYYYYY') return 'the management account lacks privileges';
  const held = new Set((await sql.rows(`select PRIV as name from mysql.global_grants where USER = ${literal(managementName)} and HOST = ${literal(managementHost)}`)).map((one) => one['name'] ?? ''));
  const missing = managementDynamic.filter((name) => !held.has(name));
  return missing.length > 0 ? `the management account lacks ${missing.join(', ')}` : null;
}

/** Root's rights reach every database but these: rights on all databases, less what is taken from them (partial revokes). */
export function rootGrants(root: Account): string[] {
  const subject = account(root);
  const closed = dataPrivileges.filter((name) => !['CREATE USER', 'PROCESS', 'SHOW DATABASES'].includes(name));
  const onlyRead = closed.filter((name) => !['SELECT', 'EXECUTE', 'SHOW VIEW'].includes(name));
  return [
    `grant ${dataPrivileges.join(', ')} on *.* to ${subject} with grant option`,
    `grant ${rootDynamic.join(', ')} on *.* to ${subject}`,
    ...['mysql', ownDatabase].map((database) => `revoke ${closed.join(', ')} on ${identifier(database)}.* from ${subject}`),
    `revoke ${onlyRead.join(', ')} on ${identifier('sys')}.* from ${subject}`,
    // Everything else is refused to everybody there.
    `revoke INSERT, UPDATE, DELETE, DROP, LOCK TABLES on ${identifier('performance_schema')}.* from ${subject}`,
  ];
}

/** Rights on the whole server that reach the host, management or other servers. */
const keptStatic: Readonly<Record<string, string>> = {
  FILE: 'File_priv', SHUTDOWN: 'Shutdown_priv', SUPER: 'Super_priv', RELOAD: 'Reload_priv', 'CREATE TABLESPACE': 'Create_tablespace_priv',
  'REPLICATION SLAVE': 'Repl_slave_priv', 'REPLICATION CLIENT': 'Repl_client_priv',
};

export async function closingStatements(sql: Sql): Promise<string[]> {
  const isTenants = "User not like 'mysql.%' and User <> 'coffer'";
  const users = await sql.rows(`select User, Host, ${Object.values(keptStatic).join(', ')} from mysql.user where ${isTenants}`);
  const dynamic = await sql.rows(`select USER as name, HOST as host, PRIV as privilege from mysql.global_grants where ${isTenants} and (USER, HOST) in (select User, Host from mysql.user) and PRIV not in (${rootDynamic.map(literal).join(', ')})`);
  const powers = users.flatMap((row) => {
    const held = Object.entries(keptStatic).filter(([, column]) => row[column] === 'Y').map(([name]) => name);
    return held.length === 0 ? [] : [`revoke ${held.join(', ')} on *.* from ${account({ name: row['User'] ?? '', host: row['Host'] ?? '' })}`];
  });
  return [...powers, ...dynamic.map((row) => `revoke ${row['privilege'] ?? ''} on *.* from ${account({ name: row['name'] ?? '', host: row['host'] ?? '' })}`)];
}
