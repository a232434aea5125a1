/** What the server reads, written aside and renamed; all of it can be made again. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { GuestContext } from '../../../spi/guest.ts';
import { files, formerFiles, renderConfig, serverSettings } from './config-file.ts';

const memberKeyBytes = 567;

export const textOf = (path: string): Promise<string | null> => readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT') return null;
  throw error;
});

/** True when it was not as it should be. */
export async function writeOwned(ctx: GuestContext, path: string, text: string): Promise<boolean> {
  if ((await textOf(path)) === text) return false;
  await rename(await writeAside(ctx, path, text), path);
  return true;
}

const asideOf = (path: string): string => `${path}.new`;
export const removeAside = (path: string): Promise<void> => rm(asideOf(path), { force: true });

export async function writeAside(ctx: GuestContext, path: string, text: string): Promise<string> {
  const aside = asideOf(path);
  await removeAside(path);
  // Never through a link: the folder is the engine's.
  await writeFile(aside, text, { mode: 0o600, flag: 'wx' });
  await ctx.engine.own(aside, 0o600);
  return aside;
}

export const writeConfig = (ctx: GuestContext): Promise<boolean> => writeOwned(ctx, files(ctx).server, renderConfig(serverSettings(ctx)));

/** Names of what the running server was told live, so that it can be told to forget. A start begins anew. */
export const readTold = async (ctx: GuestContext): Promise<ReadonlySet<string>> => new Set(JSON.parse((await textOf(files(ctx).told)) ?? '[]') as string[]);
export const writeTold = (ctx: GuestContext, names: ReadonlySet<string>): Promise<boolean> => writeOwned(ctx, files(ctx).told, JSON.stringify([...names].sort()));

export async function writeCertificate(ctx: GuestContext): Promise<void> {
  const [certificate, key] = await Promise.all([readFile(ctx.tls.certificate, 'utf8'), readFile(ctx.tls.key, 'utf8')]);
  const text = `${certificate.trimEnd()}\n${key}`;
  await writeOwned(ctx, files(ctx).certificate, text);
  const former = formerFiles(ctx).certificate;
  if (existsSync(former)) await writeOwned(ctx, former, text);
  await ctx.engine.own(ctx.tls.ca, 0o600);
}

/** What members prove themselves to each other with. While there is one of them, a lost key is as good as a new one. */
export async function memberKey(ctx: GuestContext): Promise<string> {
  const { memberKey: path } = files(ctx);
  const known = await textOf(path);
  if (known !== null) return known;
  const key = (await textOf(formerFiles(ctx).memberKey)) ?? randomBytes(memberKeyBytes).toString('base64');
  await writeOwned(ctx, path, key);
  return key;
}

/** Before a start: the server that looks there runs no more. */
export async function removeFormer(ctx: GuestContext): Promise<void> {
  for (const path of Object.values(formerFiles(ctx))) await rm(path, { force: true });
}
