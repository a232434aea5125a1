/** Files the engine reads: written aside, made the engine's own, renamed; only when they differ. */
import { createHmac, X509Certificate } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { GuestContext } from '../../../spi/guest.ts';
import { catalogueOf } from '../catalogue/index.ts';
import { managementRole } from '../names.ts';
import { renderOptions, serverOptions, toolOptions } from './java-options.ts';
import { configFiles, earlierSecretFiles, secretFiles } from './places.ts';
import { createSelfSigned } from './self-signed.ts';
import { renderLogging, renderRack, renderServerConfig } from './server-config.ts';

export const readText = (path: string): Promise<string | null> => readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT') return null;
  throw error;
});

/** True when it was not as it should be. */
export async function writeOwned(ctx: Pick<GuestContext, 'engine'>, path: string, text: string): Promise<boolean> {
  if ((await readText(path)) === text) return false;
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await ctx.engine.own(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
  return true;
}

/** True when any was not as it should be. */
async function writeAll(ctx: GuestContext, wanted: readonly [string, string][]): Promise<boolean> {
  let changed = false;
  for (const [path, text] of wanted) changed = (await writeOwned(ctx, path, text)) || changed;
  return changed;
}

/** What the engine's tools go by: no value of anybody's is in it. True when any was not as it should be. */
export function writeToolConfiguration(ctx: GuestContext): Promise<boolean> {
  const files = configFiles(ctx);
  return writeAll(ctx, [[files.rack, renderRack()], [files.log, renderLogging()], [files.tool, renderOptions(toolOptions(ctx))]]);
}

export async function writeConfiguration(ctx: GuestContext): Promise<boolean> {
  const files = configFiles(ctx);
  const forTools = await writeToolConfiguration(ctx);
  return (await writeAll(ctx, [[files.server, renderServerConfig(ctx, await catalogueOf(ctx.track))], [files.java, renderOptions(serverOptions(ctx))]])) || forTools;
}

/** Of the management port, told from the management secret: the engine may read the one and never needs the other. */
const jmxSecret = (ctx: Pick<GuestContext, 'managementSecret'>): string => createHmac('sha256', ctx.managementSecret).update('jmx').digest('base64url');

/** Before the engine starts: all that is secret, in the data. */
export async function writeSecrets(ctx: GuestContext): Promise<void> {
  for (const path of Object.values(earlierSecretFiles(ctx))) await rm(path, { force: true });
  const files = secretFiles(ctx);
  await writeClientKey(ctx);
  await forgetEarlierCertificate(ctx);
  await writePeerKey(ctx);
  await writeOwned(ctx, files.jmxPassword, `${managementRole} ${jmxSecret(ctx)}\n`);
  await writeOwned(ctx, files.jmxAccess, `${managementRole} readwrite\n`);
}

/** Certificate and key in one file, as the engine wants them. */
export async function writeClientKey(ctx: GuestContext): Promise<void> {
  const [key, certificate] = await Promise.all([readFile(ctx.tls.key, 'utf8'), readFile(ctx.tls.certificate, 'utf8')]);
  await writeOwned(ctx, secretFiles(ctx).client, `${key.trimEnd()}\n${certificate}`);
}

/** Before a new one is written: until the engine has loaded that, it shows this one. */
export async function keepEarlierCertificate(ctx: GuestContext): Promise<void> {
  const { client, clientBefore } = secretFiles(ctx);
  const shown = await readText(client);
  if (shown !== null && (await readText(clientBefore)) === null) await writeOwned(ctx, clientBefore, new X509Certificate(shown).toString());
}
export const forgetEarlierCertificate = (ctx: GuestContext): Promise<void> => rm(secretFiles(ctx).clientBefore, { force: true });

/** Made once: a node without peers has nobody to agree with about another. */
async function writePeerKey(ctx: GuestContext): Promise<void> {
  const { peer, peerTrust } = secretFiles(ctx);
  const [before, trust] = [await readText(peer), await readText(peerTrust)];
  if (before !== null && trust !== null && before.endsWith(trust)) return;
  const { key, certificate } = await createSelfSigned(ctx.instanceId, Date.now());
  await writeOwned(ctx, peerTrust, certificate);
  await writeOwned(ctx, peer, `${key.trimEnd()}\n${certificate}`);
}
