import type { ConfigureResult, GuestContext } from '../../../spi/guest.ts';
import { readText, writeConfiguration, writeOwned } from './files.ts';
import { startedFile } from './places.ts';

/** Cassandra reads its configuration once. What differs from what the running one was started with waits for the next start. */
export async function configure(ctx: GuestContext): Promise<ConfigureResult> {
  const changed = await writeConfiguration(ctx);
  if (ctx.engine.pid() === null) return { changed, restartRequired: [] };
  const started = JSON.parse((await readText(startedFile(ctx))) ?? '{}') as Record<string, string>;
  const names = new Set([...Object.keys(started), ...Object.keys(ctx.sizing)]);
  return { changed, restartRequired: [...names].filter((name) => started[name] !== ctx.sizing[name]).sort() };
}

export async function rememberStarted(ctx: GuestContext): Promise<void> {
  await writeOwned(ctx, startedFile(ctx), `${JSON.stringify(ctx.sizing)}\n`);
}
