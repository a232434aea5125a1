/**
 * Another build may bring another ICU or C library, which sorts differently: what was sorted by the former one is sorted anew,
 * before the server is told that all is well.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type GuestContext, GuestFault } from '../../../../spi/guest.ts';
import { asFault, type Sql, withManagement } from '../management.ts';
import { identifier, literal } from '../sql.ts';
import { openDatabases } from './check.ts';

/** In the data: what the former cluster knew and the new one cannot. */
export const noteFile = 'coffer-upgrade.json';

/** Versions of the collations that come with a cluster, by their providers; null: there is none that has a version. */
export interface SortedBy { icu: string | null; libc: string | null }

export async function refreshCollations(ctx: GuestContext): Promise<void> {
  const note = join(ctx.paths.data, noteFile);
  const former = JSON.parse(await readFile(note, 'utf8').catch(() => '{}')) as Partial<SortedBy>;
  for (const database of await openDatabases(ctx)) {
    await withManagement(ctx, { purpose: 'op', database }, (sql) => refreshIn(ctx, sql, database, former));
  }
  await rm(note, { force: true });
}

interface Outdated { oid: string; name: string; isOwn: boolean }

async function refreshIn(ctx: GuestContext, sql: Sql, database: string, { icu = null, libc = null }: Partial<SortedBy>): Promise<void> {
  const [whole] = await sql.rows<{ isOutdated: boolean }>(`select coalesce(datcollversion <> pg_database_collation_actual_version(oid), false) as "isOutdated" from pg_database where datname = ${literal(database)}`);
  const other = (version: string | null): string => (version === null ? 'false' : `pg_collation_actual_version(oid) <> ${literal(version)}`);
  const outdated = await sql.rows<Outdated>(`select oid::text as oid, format('%I.%I', collnamespace::regnamespace::text, collname) as name, coalesce(collversion <> pg_collation_actual_version(oid), false) as "isOwn"
    from pg_collation where coalesce(collversion <> pg_collation_actual_version(oid), false)
      or (collnamespace = 'pg_catalog'::regnamespace and case collprovider when 'i' then ${other(icu)} when 'c' then ${other(libc)} else false end)`);
  const isWhole = whole?.isOutdated ?? false;
  if (!isWhole && outdated.length === 0) return;
  const oids = [...outdated.map(({ oid }) => oid), ...(isWhole ? [defaultCollation] : [])];
  const indexes = await sql.rows<{ name: string }>(`select format('%I.%I', n.nspname, c.relname) as name from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'i' and i.indisvalid and c.relpersistence <> 't' and exists (select from unnest(i.indcollation) k where k::text = any (array[${oids.map(literal).join(', ')}]::text[])) order by c.oid`);
  for (const [at, { name }] of indexes.entries()) {
    ctx.progress(0.1 + (0.4 * at) / indexes.length, `sorting anew in ${database}: ${name}`);
    await sql.rows(`reindex index ${name}`).catch((error: unknown) => { throw aboutIndex(error, `${name} in ${database}`); });
  }
  for (const { name, isOwn } of outdated) if (isOwn) await sql.rows(`alter collation ${name} refresh version`);
  if (isWhole) await sql.rows(`alter database ${identifier(database)} refresh collation version`);
  if (indexes.length > 0) ctx.log.info({ database, indexes: indexes.length }, 'indexes were sorted anew: the collations of this build have another version');
}

/** One that is left as it was would hide rows. From 17 on its functions find by name what the server has, and nothing else. */
function aboutIndex(error: unknown, index: string): unknown {
  const fault = asFault(error);
  return fault instanceof GuestFault && fault.code === 'FAILED' ? new GuestFault('FAILED', `the index ${index} could not be sorted anew: ${fault.message}. Drop it, or mend what it is made with (a function of its own needs schemas before its names, or a search_path), and ask again`, { cause: error }) : error;
}

/** https://www.postgresql.org/docs/current/catalog-pg-collation.html: "default", which every database has */
const defaultCollation = '100';
