import type { DatabaseSpec } from '../../../spi/control.ts';
import { type DatabaseInfo, type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { collationProblem, resolveCollation } from '../collations.ts';
import { databaseNameProblem, isSystemDatabase } from '../names.ts';
import { identifier, literal } from '../text.ts';
import type { Dialect, Sql } from './dialect.ts';
import { revokeAll } from './grants.ts';
import { withManagement } from './management.ts';
import { isMarkedBy, mark, unmark } from './marks.ts';
import { endSessionsIn } from './sessions.ts';

const judgeName = (dialect: Dialect, name: string): void => {
  const problem = databaseNameProblem(name, dialect.names);
  if (problem !== null) throw new GuestFault('REFUSED', `the database's name ${problem}`);
};

export async function hasDatabase(sql: Sql, name: string): Promise<boolean> {
  return (await sql.rows(`select 1 from information_schema.schemata where schema_name = ${literal(name)} and binary schema_name = binary ${literal(name)}`)).length > 0;
}

export async function needDatabase(sql: Sql, dialect: Dialect, name: string): Promise<void> {
  judgeName(dialect, name);
  if (!(await hasDatabase(sql, name))) throw new GuestFault('MISSING', `database "${name}" does not exist`);
}

export const list = (ctx: GuestContext, dialect: Dialect): Promise<DatabaseInfo[]> => withManagement(ctx, dialect, 'read', async (sql) => {
  const rows = await sql.rows('select schema_name as name, default_character_set_name as characters, default_collation_name as collation from information_schema.schemata order by schema_name');
  const sizes = await sql.rows('select table_schema as name, cast(sum(coalesce(data_length, 0) + coalesce(index_length, 0)) as unsigned) as bytes from information_schema.tables group by table_schema');
  const sizeOf = new Map(sizes.map((row) => [row['name'], Number(row['bytes'] ?? 0)]));
  return rows.filter((row) => !isSystemDatabase(row['name'] ?? '', dialect.names)).map((row) => ({
    name: row['name'] ?? '', characterSet: row['characters'] ?? null, collation: row['collation'] ?? null, sizeBytes: sizeOf.get(row['name'] ?? '') ?? 0,
  }));
});

export async function create(ctx: GuestContext, dialect: Dialect, spec: DatabaseSpec): Promise<void> {
  judgeName(dialect, spec.name);
  const table = dialect.collations(ctx.track);
  const problem = collationProblem(spec, table);
  if (problem) throw new GuestFault('REFUSED', problem.message);
  const { characterSet, collation } = resolveCollation(spec, table);
  await withManagement(ctx, dialect, 'op', async (sql) => {
    if (await hasDatabase(sql, spec.name)) {
      if (await isMarkedBy(sql, 'database', spec.name, ctx.operationId)) return;
      throw new GuestFault('EXISTS', `database "${spec.name}" exists already`);
    }
    // What an earlier database of this name, dropped from inside, left granted must not open this one.
    await revokeAll(sql, dialect, { database: spec.name });
    await mark(sql, 'database', spec.name, ctx.operationId);
    await sql.run([`create database ${identifier(spec.name)} character set ${characterSet} collate ${collation}`]);
  });
}

export async function remove(ctx: GuestContext, dialect: Dialect, name: string): Promise<void> {
  judgeName(dialect, name);
  await withManagement(ctx, dialect, 'op', async (sql) => {
    const isThere = await hasDatabase(sql, name);
    await revokeAll(sql, dialect, { database: name });
    if (isThere) await sql.run([`drop database if exists ${identifier(name)}`]);
    await endSessionsIn(sql, name);
    await unmark(sql, 'database', name);
    if (!isThere) throw new GuestFault('MISSING', `database "${name}" does not exist`);
  });
}
