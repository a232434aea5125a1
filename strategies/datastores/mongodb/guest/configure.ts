import type { ConfigureResult, GuestContext } from '../../../spi/guest.ts';
import { adminDatabase } from '../names.ts';
import { cacheSize, maxConnections } from '../sizing.ts';
import { writeConfig } from './files.ts';
import { withManagement } from './management.ts';
import type { Connections } from './probe.ts';

/** The cache grows and shrinks while the server runs; the number of places does not. */
export async function configure(ctx: GuestContext): Promise<ConfigureResult> {
  const changed = await writeConfig(ctx);
  if (ctx.engine.pid() === null) return { changed, restartRequired: [] };
  return withManagement(ctx, async (admin) => {
    const cacheMb = Math.floor(Number(ctx.sizing[cacheSize] ?? 0) * 1024);
    if (cacheMb > 0) await admin.run(adminDatabase, { setParameter: 1, wiredTigerEngineRuntimeConfig: `cache_size=${cacheMb}M` });
    const { current, available } = (await admin.run(adminDatabase, { serverStatus: 1, repl: 0, metrics: 0, wiredTiger: 0 }))['connections'] as Connections;
    return { changed, restartRequired: current + available === Number(ctx.sizing[maxConnections]) ? [] : [maxConnections] };
  });
}
