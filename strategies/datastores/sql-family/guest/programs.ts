/**
 * Views, routines, triggers and events that run with the rights of management, or of an account of the server's own, outside
 * of where the server keeps its own. Coffer makes none, and nobody but a superuser can.
 */
import { managementHost, managementName } from '../names.ts';
import { identifier, literal } from '../text.ts';
import type { Dialect, Sql } from './dialect.ts';

const sources = [
  ['routines', 'lower(routine_type)', 'routine'], ['triggers', "'trigger'", 'trigger'], ['events', "'event'", 'event'], ['views', "'view'", 'table'],
] as const;

export async function dropForgedPrograms(sql: Sql, { names }: Dialect): Promise<void> {
  const definer = (name: string): string => literal(`${name}@${managementHost}`);
  const forged = (database: string): string =>
    `(definer = ${definer(managementName)} or definer in (${names.systemAccounts.map(definer).join(', ')}) and ${database} not in (${names.systemDatabases.map(literal).join(', ')}))`;
  const rows = await sql.rows(sources.map(([table, kind, prefix]) =>
    `select ${kind} as kind, ${prefix}_schema as place, ${prefix}_name as name from information_schema.${table} where ${forged(`${prefix}_schema`)}`).join(' union all '));
  await sql.run(rows.map((row) => `drop ${row['kind'] ?? ''} if exists ${identifier(row['place'] ?? '')}.${identifier(row['name'] ?? '')}`));
}
