import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { openTls } from './connection.ts';
import { forgetEarlierCertificate, keepEarlierCertificate, writeClientKey } from './files.ts';
import { limitOf } from './management.ts';
import { cqlPort, listenAddress } from './places.ts';
import { runNodetool } from './nodetool.ts';

const showTimeoutMs = 10_000;
const lookTimeoutMs = 3_000;
const pollMs = 50;

/**
 * The server looks for new files every ten minutes by itself; here it is told to look now. Open connections go on with
 * what they have. A pair it cannot use would leave the old one in place with a line in the log, so what it shows is
 * compared with the file.
 */
export async function rotate(ctx: GuestContext): Promise<void> {
  await keepEarlierCertificate(ctx);
  await writeClientKey(ctx);
  if (ctx.engine.pid() === null) return;
  const wanted = new X509Certificate(await readFile(ctx.tls.certificate)).fingerprint256;
  if ((await shown(ctx)) !== wanted) {
    await runNodetool(ctx, ['reloadssl']);
    await untilShown(ctx, wanted);
  }
  await forgetEarlierCertificate(ctx);
}

async function untilShown(ctx: GuestContext, wanted: string): Promise<void> {
  const { untilMs } = limitOf(ctx, showTimeoutMs);
  for (let seen = await shown(ctx); seen !== wanted; seen = await shown(ctx)) {
    if (Date.now() > untilMs) {
      if (seen === null) throw new GuestFault('RETRYABLE', 'the server was told to load the certificate, but lets nobody see which one it shows: all connections may be taken');
      throw new GuestFault('FAILED', 'the server goes on showing its earlier certificate');
    }
    await delay(pollMs, undefined, { signal: ctx.signal });
  }
}

/** Null where it could not be seen. */
async function shown(ctx: GuestContext): Promise<string | null> {
  const socket = await openTls({ host: listenAddress(ctx.network.bind), port: cqlPort(ctx), trusted: null }, { untilMs: Date.now() + lookTimeoutMs, signal: ctx.signal }).catch(() => null);
  const fingerprint = socket?.getPeerX509Certificate()?.fingerprint256 ?? null;
  socket?.destroy();
  return fingerprint;
}
