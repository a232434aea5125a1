/** Tables with system versioning, which the way to another track writes anew. */
import type { Sql } from '../../../sql-family/guest/dialect.ts';
import type { VersionedTable } from './findings.ts';

export const versionedTables = async (sql: Sql): Promise<VersionedTable[]> =>
  (await sql.rows("select TABLE_SCHEMA as place, TABLE_NAME as name, coalesce(DATA_LENGTH, 0) + coalesce(INDEX_LENGTH, 0) as bytes from information_schema.TABLES where TABLE_TYPE = 'SYSTEM VERSIONED' order by TABLE_SCHEMA, TABLE_NAME"))
    .map((row) => ({ database: row['place'] ?? '', name: row['name'] ?? '', bytes: Number(row['bytes'] ?? 0) }));
