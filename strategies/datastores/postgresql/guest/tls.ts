import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { openTls } from '../wire.ts';
import { reload } from './configure.ts';
import { portOf } from './owned.ts';

const showTimeoutMs = 10_000;
const pollMs = 20;

/**
 * The server reads certificate and key anew with its other files; open connections go on with what they have. A pair it
 * cannot use would leave the old one in place with a line in the log, so what it shows is compared with the file.
 */
export async function rotate(ctx: GuestContext): Promise<void> {
  for (const path of [ctx.tls.certificate, ctx.tls.key, ctx.tls.ca]) await ctx.engine.own(path, 0o600);
  if (ctx.engine.pid() === null) return;
  const wanted = new X509Certificate(await readFile(ctx.tls.certificate)).fingerprint256;
  await reload(ctx);
  const deadline = Date.now() + showTimeoutMs;
  while ((await shown(ctx)) !== wanted) {
    if (Date.now() > deadline) throw new GuestFault('FAILED', `the server goes on showing its earlier certificate: ${(await ctx.engine.logTail(5)).join(' | ')}`);
    await delay(pollMs, undefined, { signal: ctx.signal });
  }
}

async function shown(ctx: GuestContext): Promise<string | null> {
  const socket = await openTls({ host: reachable(ctx.network.bind), port: portOf(ctx), ca: null, signal: ctx.signal }).catch(() => null);
  const fingerprint = socket?.getPeerX509Certificate()?.fingerprint256 ?? null;
  socket?.destroy();
  return fingerprint;
}

const reachable = (bind: string): string => (bind === '0.0.0.0' || bind === '*' ? '127.0.0.1' : bind === '::' ? '::1' : bind);
