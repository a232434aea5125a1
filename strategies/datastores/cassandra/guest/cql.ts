/** Text that becomes part of a statement. https://cassandra.apache.org/doc/5.0/cassandra/developing/cql/definitions.html */

/** A keyspace or table, case kept. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** The other way: the server quotes in its descriptions what it has to. */
export const unquoted = (text: string): string => (text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
/** A text; roles are named by one, which keeps every character as it is. */
export const literal = (text: string): string => `'${text.replaceAll('\'', '\'\'')}'`;

/** A star for the table means all of them, which is another thing than the keyspace. */
export type DataResource = { keyspace: string; table: string | null };
/** `data/shop`, `data/shop/orders` and `data/shop/*`, as system_auth writes them; null for anything else. */
export function parseDataResource(text: string): DataResource | null {
  const [kind, keyspace, table, ...rest] = text.split('/');
  return kind === 'data' && keyspace !== undefined && rest.length === 0 ? { keyspace, table: table ?? null } : null;
}
export function resourceClause({ keyspace, table }: DataResource): string {
  if (table === null) return `KEYSPACE ${identifier(keyspace)}`;
  return table === '*' ? `ALL TABLES IN KEYSPACE ${identifier(keyspace)}` : `TABLE ${identifier(keyspace)}.${identifier(table)}`;
}
