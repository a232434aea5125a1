/** What lies in the folder of configuration, written aside and renamed; all of it can be made again. */
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { GuestContext } from '../../../spi/guest.ts';
import { files, renderConfig, serverSettings } from './config-file.ts';

const memberKeyBytes = 567;

const textOf = (path: string): Promise<string | null> => readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT') return null;
  throw error;
});

/** True when it was not as it should be. */
export async function writeOwned(ctx: GuestContext, path: string, text: string): Promise<boolean> {
  if ((await textOf(path)) === text) return false;
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await ctx.engine.own(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
  return true;
}

export const writeConfig = (ctx: GuestContext): Promise<boolean> => writeOwned(ctx, files(ctx).server, renderConfig(serverSettings(ctx)));

export async function writeCertificate(ctx: GuestContext): Promise<void> {
  const [certificate, key] = await Promise.all([readFile(ctx.tls.certificate, 'utf8'), readFile(ctx.tls.key, 'utf8')]);
  await writeOwned(ctx, files(ctx).certificate, `${certificate.trimEnd()}\n${key}`);
  await ctx.engine.own(ctx.tls.ca, 0o600);
}

/** What members prove themselves to each other with. While there is one of them, a lost key is as good as a new one. */
export async function memberKey(ctx: GuestContext): Promise<string> {
  const known = await textOf(files(ctx).memberKey);
  if (known !== null) return known;
  const fresh = randomBytes(memberKeyBytes).toString('base64');
  await writeOwned(ctx, files(ctx).memberKey, fresh);
  return fresh;
}
