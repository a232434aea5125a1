/** What accounts may do where, as the tables of grants say it. */
import type { GrantSpec } from '../../../spi/control.ts';
import { heldWords } from '../privileges.ts';
import { type Account, account, identifier, literal } from '../text.ts';
import type { Row } from '../wire/packets.ts';
import type { Dialect, Sql } from './dialect.ts';

export async function listAccounts(sql: Sql, dialect: Dialect): Promise<Account[]> {
  return (await sql.rows(dialect.accountsQuery)).map((row) => ({ name: row['name'] ?? '', host: row['host'] ?? '' }));
}

export async function findAccount(sql: Sql, dialect: Dialect, { name, host }: Account): Promise<Account | undefined> {
  return (await listAccounts(sql, dialect)).find((row) => row.name === name && row.host === host);
}

const databaseRows = (sql: Sql): Promise<Row[]> => sql.rows('select * from mysql.db order by User, Host, Db');

export async function heldGrants(sql: Sql, dialect: Dialect, track: string): Promise<(subject: Account) => GrantSpec[]> {
  const rows = await databaseRows(sql);
  const table = dialect.privileges(track);
  return ({ name, host }) => rows
    .filter((row) => row['User'] === name && row['Host'] === host)
    .map((row) => ({ database: dialect.databaseOfPattern(row['Db'] ?? ''), privileges: heldWords(row, table) }))
    .filter((grant) => grant.privileges.length > 0);
}

export const grantStatement = (dialect: Dialect, subject: Account, database: string, words: readonly string[]): string =>
  `grant ${words.join(', ')} on ${identifier(dialect.grantPattern(database))}.* to ${account(subject)}`;

/** Whose rights, where: everybody's, everywhere, when left out. */
export interface Scope { subject?: Account; database?: string }

/** Everything that was granted in the scope, on databases, tables and routines, is taken: also what root gave. */
export async function revokeAll(sql: Sql, dialect: Dialect, scope: Scope): Promise<void> {
  const isMeant = (row: Row): boolean => (scope.subject === undefined || (row['User'] === scope.subject.name && row['Host'] === scope.subject.host));
  const statements: string[] = [];
  const take = (row: Row, target: string, isGrantable: boolean): void => {
    const from = account({ name: row['User'] ?? '', host: row['Host'] ?? '' });
    statements.push(`revoke all privileges on ${target} from ${from}`, ...(isGrantable ? [`revoke grant option on ${target} from ${from}`] : []));
  };
  const inTable = scope.database === undefined ? '' : ` where Db = ${literal(scope.database)}`;
  for (const row of await databaseRows(sql)) {
    const isHere = scope.database === undefined || dialect.databaseOfPattern(row['Db'] ?? '') === scope.database;
    if (isHere && isMeant(row)) take(row, `${identifier(row['Db'] ?? '')}.*`, row['Grant_priv'] === 'Y');
  }
  for (const row of await sql.rows(`select User, Host, Db, Table_name, Table_priv from mysql.tables_priv${inTable}`)) {
    if (isMeant(row)) take(row, `${identifier(row['Db'] ?? '')}.${identifier(row['Table_name'] ?? '')}`, (row['Table_priv'] ?? '').includes('Grant'));
  }
  for (const row of await sql.rows(`select User, Host, Db, Routine_name, Routine_type, Proc_priv from mysql.procs_priv${inTable}`)) {
    if (isMeant(row)) take(row, `${row['Routine_type'] ?? ''} ${identifier(row['Db'] ?? '')}.${identifier(row['Routine_name'] ?? '')}`, (row['Proc_priv'] ?? '').includes('Grant'));
  }
  await sql.run(statements);
}
