/** What accounts may do where, as the tables of grants say it. */
import type { GrantSpec } from '../../../spi/control.ts';
import { isOwnAccount, ownDatabase } from '../names.ts';
import { heldWords } from '../privileges.ts';
import { type Account, account, identifier } from '../text.ts';
import type { Row } from '../wire/packets.ts';
import type { Dialect, Sql } from './dialect.ts';

const toAccount = (row: Row): Account => ({ name: row['name'] ?? '', host: row['host'] ?? '' });

export async function listAccounts(sql: Sql, dialect: Dialect): Promise<Account[]> {
  return (await sql.rows(dialect.accountsQuery)).map(toAccount);
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

/** Whose rights, where: everybody's, when left out. */
export interface Scope { subject?: Account; database: string }

/** Everything that was granted in the scope, on the database, its tables and routines, is taken: also what root gave. */
export async function revokeAll(sql: Sql, dialect: Dialect, { subject, database }: Scope): Promise<void> {
  const pattern = dialect.grantPattern(database);
  const isMeant = (holder: Account): boolean => subject === undefined || (holder.name === subject.name && holder.host === subject.host);
  await sql.run(await revocations(sql, dialect, {
    isMeant, isPattern: (granted) => granted === pattern, isDatabase: (granted) => granted === database,
    words: (row) => (subject === undefined ? dialect.heldInDatabase(row) : allWords),
  }));
}

/** Takes what only a superuser can have granted: rights on the system's tables and on Coffer's. */
export async function revokeSystem(sql: Sql, dialect: Dialect): Promise<void> {
  const databases = ['mysql', ownDatabase];
  const everybody = (await sql.rows(dialect.everybodyQuery)).map(toAccount).filter((found) => !isOwnAccount(found, dialect.names));
  const isMeant = (holder: Account): boolean => everybody.some(({ name, host }) => name === holder.name && host === holder.host);
  await sql.run(await revocations(sql, dialect, {
    isMeant, isPattern: (granted) => databases.some((database) => dialect.reaches(granted, database)), isDatabase: (granted) => databases.includes(granted), words: () => allWords,
  }));
}

const allWords = ['all privileges'];
interface Revoked {
  isMeant(holder: Account): boolean;
  isPattern(granted: string): boolean;
  isDatabase(granted: string): boolean;
  /** of a row of mysql.db */
  words(row: Row): readonly string[];
}

async function revocations(sql: Sql, dialect: Dialect, { isMeant, isPattern, isDatabase, words }: Revoked): Promise<string[]> {
  const statements: string[] = [];
  const take = (row: Row, target: string, isGrantable: boolean, taken: readonly string[] = allWords): void => {
    const holder = { name: row['User'] ?? '', host: row['Host'] ?? '' };
    if (!isMeant(holder)) return;
    const from = dialect.grantee(holder);
    if (taken.length > 0) statements.push(`revoke ${taken.join(', ')} on ${target} from ${from}`);
    if (isGrantable) statements.push(`revoke grant option on ${target} from ${from}`);
  };
  for (const row of await databaseRows(sql)) {
    if (isPattern(row['Db'] ?? '')) take(row, `${identifier(row['Db'] ?? '')}.*`, row['Grant_priv'] === 'Y', words(row));
  }
  for (const row of await sql.rows('select User, Host, Db, Table_name, Table_priv from mysql.tables_priv')) {
    if (isDatabase(row['Db'] ?? '')) take(row, `${identifier(row['Db'] ?? '')}.${identifier(row['Table_name'] ?? '')}`, (row['Table_priv'] ?? '').includes('Grant'));
  }
  for (const row of await sql.rows('select User, Host, Db, Routine_name, Routine_type, Proc_priv from mysql.procs_priv')) {
    if (isDatabase(row['Db'] ?? '')) take(row, `${row['Routine_type'] ?? ''} ${identifier(row['Db'] ?? '')}.${identifier(row['Routine_name'] ?? '')}`, (row['Proc_priv'] ?? '').includes('Grant'));
  }
  return statements;
}
