import type { ConfigureResult, GuestContext } from '../../../spi/guest.ts';
import { adminDatabase } from '../names.ts';
import { cacheSize, oplogSize } from '../sizing.ts';
import { writeConfig } from './files.ts';
import { withManagement } from './management.ts';

/** The cache grows and shrinks while the server runs. */
export async function configure(ctx: GuestContext): Promise<ConfigureResult> {
  const changed = await writeConfig(ctx);
  if (ctx.engine.pid() === null) return { changed, restartRequired: [] };
  return withManagement(ctx, async (admin) => {
    const cacheMb = Math.floor(Number(ctx.sizing[cacheSize] ?? 0) * 1024);
    if (cacheMb > 0) await admin.run(adminDatabase, { setParameter: 1, wiredTigerEngineRuntimeConfig: `cache_size=${cacheMb}M` });
    const { parsed } = await admin.run(adminDatabase, { getCmdLineOpts: 1 });
    return { changed, restartRequired: waitingOf(ctx.sizing, parsed as Parsed) };
  });
}

interface Parsed { [name: string]: unknown }
/** Applied above; and what counts only when the data is made. */
const otherwise = new Set([cacheSize, oplogSize]);

/** Names of the parameters that the running server was started without. */
export const waitingOf = (sizing: Readonly<Record<string, string>>, parsed: Parsed): string[] =>
  Object.keys(sizing).filter((name) => !otherwise.has(name) && String(valueAt(parsed, name)) !== sizing[name]);

const valueAt = (parsed: Parsed, path: string): unknown => path.split('.').reduce<unknown>((branch, name) => (branch as Parsed | undefined)?.[name], parsed);
