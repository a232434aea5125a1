/**
 * Which operation made what, so that its repeat after a crash knows its own work. Kept in Coffer's own database, which no
 * tenant can see: the engines have no comments on all that is made.
 */
import { ownDatabase } from '../names.ts';
import { identifier, literal } from '../text.ts';
import type { Sql } from './dialect.ts';

const table = `${identifier(ownDatabase)}.\`marks\``;

/** One line each: also read by a server at its start. */
export const marksStatements: readonly string[] = [
  `create database if not exists ${identifier(ownDatabase)} character set utf8mb4`,
  `create table if not exists ${table} (kind varchar(16) character set ascii not null, name varbinary(768) not null, operation varchar(128) character set ascii not null, primary key (kind, name)) engine=InnoDB`,
];

export type MarkKind = 'database' | 'user';

export const mark = (sql: Sql, kind: MarkKind, name: string, operationId: string): Promise<void> =>
  sql.run([`replace into ${table} (kind, name, operation) values (${literal(kind)}, ${literal(name)}, ${literal(operationId)})`]);

export async function isMarkedBy(sql: Sql, kind: MarkKind, name: string, operationId: string): Promise<boolean> {
  const rows = await sql.rows(`select operation from ${table} where kind = ${literal(kind)} and name = ${literal(name)}`);
  return rows[0]?.['operation'] === operationId;
}

export const unmark = (sql: Sql, kind: MarkKind, name: string): Promise<void> => sql.run([`delete from ${table} where kind = ${literal(kind)} and name = ${literal(name)}`]);
