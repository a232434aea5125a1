/** Management and root, and what neither a tenant nor root may have. */
import { isImpostor, isOwnAccount, managementHost, managementName, ownDatabase } from '../../sql-family/names.ts';
import { heldColumns } from '../../sql-family/privileges.ts';
import { type Account, account, identifier, literal } from '../../sql-family/text.ts';
import type { Sql } from '../../sql-family/guest/dialect.ts';
import { names, privileges } from '../rules.ts';
import { isStoredPassword, storedPassword } from './sha-crypt.ts';

const management = account({ name: managementName, host: managementHost });

/** All that concerns data; grantable, or management could not pass it on. */
const dataPrivileges = [...Object.keys(privileges), 'CREATE USER', 'PROCESS', 'SHOW DATABASES'];
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

/** Nobody is left who could take management, or an account of the server's own, as a role. */
export const roleStatements: readonly string[] = [['role_edges', 'FROM'], ['default_roles', 'DEFAULT_ROLE']].map(([table, prefix]) =>
  `delete from mysql.${table ?? ''} where ${prefix ?? ''}_HOST = ${literal(managementHost)} and ${prefix ?? ''}_USER in (${[managementName, ...names.systemAccounts].map(literal).join(', ')})`);

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

/** Everything with data, in every database but the system's. */
export function rootGrants(root: Account): string[] {
  const subject = account(root);
  return [
    `grant ${dataPrivileges.join(', ')} on *.* to ${subject} with grant option`,
    `grant ${rootDynamic.join(', ')} on *.* to ${subject}`,
    ...limitStatements(root, Object.keys(privileges)),
  ];
}

const readingPrivileges = ['SELECT', 'EXECUTE', 'SHOW VIEW'];
/** Everything else is refused to everybody there. */
const refusedInPerformanceSchema = ['INSERT', 'UPDATE', 'DELETE', 'DROP', 'LOCK TABLES'];

/** Rights on all databases reach every one but these: there they are taken back (partial revokes). */
function limitStatements(subject: Account, held: readonly string[]): string[] {
  const taken: [database: string, words: readonly string[]][] = [
    ['mysql', held], [ownDatabase, held],
    ['sys', held.filter((word) => !readingPrivileges.includes(word))],
    ['performance_schema', held.filter((word) => refusedInPerformanceSchema.includes(word))],
  ];
  return taken.flatMap(([database, words]) => (words.length === 0 ? [] : [`revoke ${words.join(', ')} on ${identifier(database)}.* from ${account(subject)}`]));
}

/** Rights on the whole server that reach the host, management or other servers. */
const keptStatic: Readonly<Record<string, string>> = {
  FILE: 'File_priv', SHUTDOWN: 'Shutdown_priv', SUPER: 'Super_priv', RELOAD: 'Reload_priv', 'CREATE TABLESPACE': 'Create_tablespace_priv',
  'REPLICATION SLAVE': 'Repl_slave_priv', 'REPLICATION CLIENT': 'Repl_client_priv',
};

/** As information_schema tells the accounts the server goes by: quoted, nothing escaped. */
const isKnown = `concat("'", User, "'@'", Host, "'") in (select grantee from information_schema.user_privileges)`;
export const everybodyQuery = `select User as name, Host as host from mysql.user where ${isKnown}`;

export async function closingStatements(sql: Sql): Promise<string[]> {
  const columns = [...Object.values(privileges), ...Object.values(keptStatic)];
  const everybody = (await sql.rows(`select User as name, Host as host, ${columns.join(', ')} from mysql.user where ${isKnown}`))
    .map((row) => ({ row, name: row['name'] ?? '', host: row['host'] ?? '' })).filter((found) => !isOwnAccount(found, names));
  const impostors = everybody.filter((found) => isImpostor(found, names));
  const tenants = everybody.filter((found) => !impostors.includes(found));
  const dynamic = await sql.rows(`select USER as name, HOST as host, PRIV as privilege from mysql.global_grants where PRIV not in (${rootDynamic.map(literal).join(', ')})`);
  return [
    ...impostors.map((found) => `drop user ${account(found)}`),
    ...tenants.flatMap((found) => {
      const kept = heldColumns(found.row, keptStatic);
      const own = dynamic.filter((row) => row['name'] === found.name && row['host'] === found.host).map((row) => row['privilege'] ?? '');
      return [
        ...[...kept, ...own].map((word) => `revoke ${word} on *.* from ${account(found)}`),
        ...limitStatements(found, heldColumns(found.row, privileges)),
      ];
    }),
  ];
}
