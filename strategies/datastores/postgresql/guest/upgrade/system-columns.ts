/**
 * Columns of the server's own tables and views that the new version does not have. pg_upgrade does not look whether a view of
 * somebody's asks for one: it would find out at work, when the server has stopped.
 */
import type { Finding, GuestContext, NamedBuild } from '../../../../spi/guest.ts';
import { withManagement } from '../management.ts';
import { literal } from '../sql.ts';
import { singleUser } from './cluster.ts';

interface Column { schema: string; relation: string; name: string }

const ownColumns = `select n.nspname as schema, c.relname as relation, a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped`;

/** `cluster`: an empty one of the new version, with no server. */
export async function missingColumns(ctx: GuestContext, to: NamedBuild, cluster: string, databases: readonly string[]): Promise<Finding[]> {
  const present = await withManagement(ctx, { purpose: 'read' }, (sql) => sql.rows<Column>(ownColumns));
  const gone = await goneColumns(ctx, to, cluster, present);
  if (gone.length === 0) return [];
  const found: Finding[] = [];
  for (const database of databases) {
    const askers = await withManagement(ctx, { purpose: 'read', database }, (sql) => sql.rows<{ asker: string; columns: string }>(askersOf(gone)));
    for (const { asker, columns } of askers) found.push({ severity: 'ERROR', subject: database, message: `${asker} asks for ${columns}, which PostgreSQL ${to.version} does not have: drop it, or make it anew without` });
  }
  return found;
}

const rowOf = ({ schema, relation, name }: Column): string => [schema, relation, name].map(literal).join(', ');

async function goneColumns(ctx: GuestContext, to: NamedBuild, cluster: string, present: readonly Column[]): Promise<Column[]> {
  const rows = present.map((column, at) => `(${at}, ${rowOf(column)})`).join(', ');
  const told = await singleUser(ctx, { bin: to.bin, data: cluster, database: 'template1' }, `select at from (values ${rows}) as former (at, schema, relation, name) where (schema, relation, name) not in (${ownColumns})`);
  return [...told.matchAll(/\bat = "(\d+)"/g)].flatMap(([, at]) => present[Number(at)] ?? []);
}

/** The server keeps no account of who asks for its innermost tables: there the rule itself is looked at. */
const askersOf = (gone: readonly Column[]): string => `with gone as (
    select c.oid, a.attnum, a.attname as name, format('%s.%s', c.relname, a.attname) as told from (values ${gone.map((column) => `(${rowOf(column)})`).join(', ')}) as g (schema, relation, name)
    join pg_namespace n on n.nspname = g.schema join pg_class c on c.relnamespace = n.oid and c.relname = g.relation join pg_attribute a on a.attrelid = c.oid and a.attname = g.name)
  select asker, string_agg(told, ', ' order by told) as columns from (select case when r.oid is null then pg_describe_object(d.classid, d.objid, 0) else pg_describe_object('pg_class'::regclass, r.ev_class, 0) end as asker, told
    from gone join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = gone.oid and d.refobjsubid = gone.attnum left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
    where coalesce(r.ev_class, d.objid) >= ${firstNormalOid}
  union select pg_describe_object('pg_class'::regclass, r.ev_class, 0), told from gone join pg_rewrite r on r.ev_action::text like '%:relid ' || gone.oid || ' %'
    where gone.oid < ${firstUnpinnedOid} and r.ev_class >= ${firstNormalOid} and pg_get_ruledef(r.oid) ~ ('\\m' || gone.name || '\\M')) as found
  group by asker order by asker`;
const firstUnpinnedOid = 12_000;
const firstNormalOid = 16_384;
