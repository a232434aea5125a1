/**
 * Brings the data to the version of the context with pg_upgrade: the new cluster is linked to the files of the old one, so that
 * it takes as long as there are objects and not as there are rows. The caller keeps a copy of its own.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GuestContext, GuestFault, type NamedBuild } from '../../../../spi/guest.ts';
import { clearLeftovers } from '../run-state.ts';
import { literal } from '../sql.ts';
import { accessFile, type Cluster, makeCluster, makeWork, removeWork, runUpgradeTool, singleUser, upgradeAccess } from './cluster.ts';
import { noteFile, type SortedBy } from './collations.ts';
import { workFolder } from './places.ts';

export async function run(ctx: GuestContext, from: NamedBuild): Promise<void> {
  if (from.track === ctx.track) return;
  const folder = workFolder(ctx);
  const cluster = join(folder, 'data');
  const former = join(folder, 'former');
  await removeWork(folder, [cluster, former]);
  await clearLeftovers(ctx);
  await makeWork(ctx, folder);
  await writeFile(join(folder, accessFile), upgradeAccess, { mode: 0o600 });
  await ctx.engine.own(join(folder, accessFile), 0o600);
  ctx.progress(0.2, 'making an empty cluster of the new version');
  const versions = await sortedBy(ctx, from);
  await dropOwnOptions(ctx, from);
  const to = { track: ctx.track, bin: ctx.paths.bin };
  await makeCluster(ctx, to, cluster);
  ctx.progress(0.4, 'pg_upgrade is at work');
  const problems = await runUpgradeTool(ctx, { from, to, folder, cluster, args: ['--link'] });
  if (problems) throw new GuestFault('FAILED', `pg_upgrade: ${problems.join('; ')}`);
  const note = join(cluster, noteFile);
  await writeFile(note, JSON.stringify(versions), { mode: 0o600 });
  await ctx.engine.own(note, 0o600);
  await rename(ctx.paths.data, former);
  await rename(cluster, ctx.paths.data);
  await removeWork(folder, [former]);
}

const formerly = (ctx: GuestContext, from: NamedBuild, database: string): Cluster => ({ bin: from.bin, data: ctx.paths.data, database });

/** Collations that come with a cluster are made anew with it: what versions the indexes were sorted by is known only now. */
async function sortedBy(ctx: GuestContext, from: NamedBuild): Promise<SortedBy> {
  const told = await singleUser(ctx, formerly(ctx, from, 'template1'), `select format('%s %s', collprovider, collversion) as sorted from pg_collation
    where collnamespace = 'pg_catalog'::regnamespace and (collname = 'und-x-icu' or collprovider = 'c') and collversion is not null`);
  const versionOf = (provider: string): string | null => new RegExp(`sorted = "${provider} ([^"]*)"`).exec(told)?.[1] ?? null;
  return { icu: versionOf('i'), libc: versionOf('c') };
}

/**
 * Options that a server gives to columns by itself, undocumented: fixes of 15 and 17 do so, 18 does not know them, and
 * pg_upgrade hands them on.
 */
const ownOptions = ['pg_attver'];

async function dropOwnOptions(ctx: GuestContext, from: NamedBuild): Promise<void> {
  const server = await readFile(join(ctx.paths.bin, 'postgres'));
  const unknown = ownOptions.filter((name) => !server.includes(name));
  if (unknown.length === 0) return;
  const told = await singleUser(ctx, formerly(ctx, from, 'template1'), 'select datname from pg_database where datallowconn');
  for (const [, database] of told.matchAll(/datname = "([^\n]*)"\t\(typeid/g)) {
    if (database === undefined) continue;
    await singleUser(ctx, formerly(ctx, from, database), `update pg_attribute set attoptions = (select array_agg(o) from unnest(attoptions) o where split_part(o, '=', 1) <> all (array[${unknown.map(literal).join(', ')}]))
      where attoptions is not null and attrelid >= ${firstNormalOid}`);
  }
}
/** Below it are the server's own things, which are not handed on. */
const firstNormalOid = 16_384;
