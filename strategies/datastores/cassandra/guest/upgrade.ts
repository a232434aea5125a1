/** Another build of the same version reads files and commit log as they are, and writes the same. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestContext, GuestHalf } from '../../../spi/guest.ts';
import { catalogueOf } from '../catalogue/index.ts';
import { runNodetool } from './nodetool.ts';
import { dataFolders } from './places.ts';
import { renderServerConfig } from './server-config.ts';
import { listTables } from './table-files.ts';
import { namedIn, tryFile } from './trial.ts';
import { buildFindings, formFindings, settingFindings } from './upgrade-findings.ts';

export const upgrade: NonNullable<GuestHalf['upgrade']> = {
  async check(ctx, to) {
    const tables = await listTables(dataFolders(ctx.paths.data).tables);
    const words = await tryFile(ctx, renderServerConfig(ctx, await catalogueOf(ctx.track)), to);
    return [...buildFindings(ctx.version, to), ...formFindings(tables, to), ...settingFindings(words, words && namedIn(words, Object.keys(ctx.parameters)), to)];
  },
  async run() { /* an orderly stop has drained it, and what a killed one left is in the commit log, which the new build reads */ },
  async finish(ctx) {
    // Nothing that anybody misses: the instance is well without.
    await dropSystemSnapshots(ctx).catch((error: Error) => {
      ctx.signal.throwIfAborted();
      ctx.log.warn({ reason: error.message }, 'copies of system tables could not be removed');
    });
  },
};

/** At its first start on data of another build the server makes copies of its own tables, and keeps them for ever. */
async function dropSystemSnapshots(ctx: GuestContext): Promise<void> {
  const system = join(dataFolders(ctx.paths.data).tables, 'system');
  const names = await Promise.all((await readdir(system)).map((table) => readdir(join(system, table, 'snapshots')).catch(() => [])));
  for (const name of new Set(names.flat())) if (isOfUpgrade(name)) await runNodetool(ctx, ['clearsnapshot', '-t', name]);
}
/** `1795940632266-upgrade-5.0.8-5.0.9` */
export const isOfUpgrade = (name: string): boolean => /^\d+-upgrade-\d[\w.+-]*$/.test(name);
