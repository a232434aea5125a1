/**
 * What V8 makes of the program's text, kept between starts: a gateway answers a fifth earlier. The host names a folder of
 * the runtime's own, in which nobody else may write: who could would have the gateway run what they please.
 */
import { flushCompileCache } from 'node:module';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Writes it down, since a process that is killed would not, and removes what earlier releases left. */
export async function keepCompileCache(folder: string | undefined): Promise<void> {
  if (folder === undefined) return;
  flushCompileCache();
  const parent = dirname(folder);
  const others = (await readdir(parent)).filter((name) => name !== basename(folder));
  for (const name of others) await rm(join(parent, name), { recursive: true, force: true });
}
