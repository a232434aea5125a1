import type { DatabaseSpec } from '../../../spi/control.ts';
import { type DatabaseInfo, type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { collationName, type DatabaseLocale, defaultCollation, parseLocale } from '../locale.ts';
import { databaseNameProblem } from '../names.ts';
import { type DatabaseRow, findDatabase, listDatabases } from './catalog.ts';
import { groupName } from './group-names.ts';
import { makeOwner, rootJoins } from './groups.ts';
import { type Sql, withManagement } from './management.ts';
import { majorOf } from './owned.ts';
import { dropOrphans } from './roles.ts';
import { identifier, literal } from './sql.ts';

/** On what an operation made, so that its repeat after a crash knows its own work. */
export const madeBy = (operationId: string): string => `Made by Coffer (${operationId})`;

const refuse = (problem: string | null): void => {
  if (problem !== null) throw new GuestFault('REFUSED', `the database's name ${problem}`);
};

export async function list(ctx: GuestContext): Promise<DatabaseInfo[]> {
  return withManagement(ctx, { purpose: 'read' }, async (sql) => {
    const sizes = await sql.rows<{ oid: number; size: number }>('select oid::int8::float8 as oid, pg_database_size(oid)::float8 as size from pg_database');
    const sizeOf = new Map(sizes.map((row) => [row.oid, row.size]));
    return (await listDatabases(sql)).filter((database) => !isUnfinished(database)).map((database) => ({
      name: database.name, characterSet: database.characterSet, collation: tellCollation(database), sizeBytes: sizeOf.get(database.oid) ?? null,
    }));
  });
}

function tellCollation({ provider, collation }: DatabaseRow): string {
  if (provider === 'i') return collationName({ provider: 'icu', locale: collation });
  return /^C\.UTF-?8$/i.test(collation) ? defaultCollation : collation;
}

/** Made, but not yet closed to the public and opened to its users: nobody has been in it. */
const isUnfinished = (database: DatabaseRow): boolean => !database.acceptsConnections && database.suffix !== null && database.comment === null;

export async function create(ctx: GuestContext, spec: DatabaseSpec): Promise<void> {
  refuse(databaseNameProblem(spec.name));
  const parsed = parseLocale(spec);
  if ('problem' in parsed) throw new GuestFault('REFUSED', parsed.problem.message);
  await withManagement(ctx, { purpose: 'op' }, async (sql) => {
    const existing = await findDatabase(sql, spec.name);
    if (existing && !isUnfinished(existing)) {
      if (existing.comment === madeBy(ctx.operationId)) return;
      throw new GuestFault('EXISTS', `database "${spec.name}" exists already`);
    }
    if (existing) await drop(sql, spec.name);
    await dropOrphans(ctx, sql);
    const owners = (await listDatabases(sql)).map((database) => database.owner);
    const { suffix, statements } = await makeOwner(ctx.track, sql, spec.name, owners);
    const owner = groupName('owner', suffix);
    await sql.atomically(statements);
    await sql.rows(`create database ${identifier(spec.name)} owner ${identifier(owner)} template template0 allow_connections false ${localeClause(ctx.track, parsed.locale)}`);
    await sql.atomically([
      `revoke all on database ${identifier(spec.name)} from public`,
      ...(await rootJoins(ctx.track, sql, spec.name, owner)),
      `comment on database ${identifier(spec.name)} is ${literal(madeBy(ctx.operationId))}`,
      `alter database ${identifier(spec.name)} allow_connections true`,
    ]);
  });
}

/** https://www.postgresql.org/docs/current/sql-createdatabase.html */
export function localeClause(track: string, { characterSet, collation }: DatabaseLocale): string {
  const encoding = `encoding ${literal(characterSet)}`;
  const libc = `locale ${literal(characterSet === 'UTF8' && collation.locale !== 'C' ? 'C.UTF-8' : 'C')}`;
  if (collation.provider === 'icu') return `${encoding} locale_provider icu icu_locale ${literal(collation.locale)} ${libc}`;
  // From 17 on the server carries C and C.UTF-8 itself, whatever C library it runs on.
  return majorOf(track) >= 17 ? `${encoding} locale_provider builtin builtin_locale ${literal(collation.locale)} ${libc}` : `${encoding} locale_provider libc ${libc}`;
}

export async function remove(ctx: GuestContext, name: string): Promise<void> {
  refuse(databaseNameProblem(name));
  await withManagement(ctx, { purpose: 'op' }, async (sql) => {
    const existing = await findDatabase(sql, name);
    if (existing) await drop(sql, name);
    await dropOrphans(ctx, sql);
    if (!existing) throw new GuestFault('MISSING', `database "${name}" does not exist`);
  });
}

/**
 * Sessions in it are ended by the server. A template cannot be dropped, and its owner may have made it one. One that an
 * earlier call had half dropped is invalid: nothing else can be done with it.
 */
async function drop(sql: Sql, name: string): Promise<void> {
  const [template] = await sql.rows(`select from pg_database where datname = ${literal(name)} and datistemplate and datconnlimit <> -2`);
  if (template) await sql.rows(`alter database ${identifier(name)} is_template false`);
  await sql.rows(`drop database ${identifier(name)} with (force)`);
}
