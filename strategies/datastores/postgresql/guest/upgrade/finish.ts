/** What only the running server of the new version can do: collations first, then extensions and statistics, without which it only is slower. */
import type { GuestContext, NamedBuild } from '../../../../spi/guest.ts';
import { type Sql, withManagement } from '../management.ts';
import { identifier } from '../sql.ts';
import { openDatabases } from './check.ts';
import { refreshCollations } from './collations.ts';

/** As `vacuumdb --analyze-in-stages`: rough ones at once, good ones after. */
const targets = [1, 10, 100];

export async function finish(ctx: GuestContext, from: NamedBuild): Promise<void> {
  await refreshCollations(ctx);
  if (from.track === ctx.track) return;
  const databases = await openDatabases(ctx);
  for (const database of databases) await withManagement(ctx, { purpose: 'op', database }, (sql) => updateExtensions(ctx, sql, database));
  for (const [stage, target] of targets.entries()) {
    for (const database of databases) {
      ctx.progress(0.5 + (0.5 * stage) / targets.length, `statistics of ${database}, ${stage + 1} of ${targets.length}`);
      await withManagement(ctx, { purpose: 'op', database }, async (sql) => {
        await sql.rows(`set default_statistics_target = ${target}`);
        await sql.rows('analyze');
      }).catch((error: Error) => {
        // A tenant's function in an index may fail; the server gathers what is missing by itself.
        ctx.signal.throwIfAborted();
        ctx.log.warn({ database, reason: error.message }, 'statistics could not be gathered');
      });
    }
  }
}

/** To the version that the build has. One that has no way there, or finds something of a tenant's in its way, stays as it is, and works as far as its library does. */
async function updateExtensions(ctx: GuestContext, sql: Sql, database: string): Promise<void> {
  const names = await sql.rows<{ name: string }>(`select e.extname as name from pg_extension e join pg_available_extensions a on a.name = e.extname
    where a.default_version <> e.extversion and exists (select from pg_extension_update_paths(e.extname) p where p.source = e.extversion and p.target = a.default_version and p.path is not null)`);
  for (const { name } of names) {
    await sql.rows(`alter extension ${identifier(name)} update`).catch((error: Error) => {
      ctx.signal.throwIfAborted();
      ctx.log.warn({ database, extension: name, reason: error.message }, 'an extension could not be updated');
    });
  }
}
