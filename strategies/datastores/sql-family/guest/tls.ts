import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { presentedCertificate } from '../wire/connection.ts';
import { SqlError } from '../wire/packets.ts';
import type { Dialect } from './dialect.ts';
import { withManagement } from './management.ts';

const showTimeoutMs = 10_000;
const lookTimeoutMs = 3_000;
const pollMs = 20;
const hostNotAllowed = 1130;

/**
 * The server reads its files anew, or says why it does not; open connections go on with what they have. What it shows
 * then is compared with the file, unless no account may come from here: it shows nobody anything then.
 */
export async function rotate(ctx: GuestContext, dialect: Dialect): Promise<void> {
  for (const path of [ctx.tls.certificate, ctx.tls.key, ctx.tls.ca]) await ctx.engine.own(path, 0o600);
  if (ctx.engine.pid() === null) return;
  const wanted = new X509Certificate(await readFile(ctx.tls.certificate)).fingerprint256;
  await withManagement(ctx, dialect, 'read', (sql) => sql.run([dialect.reloadTls]));
  const place = { host: reachable(ctx.network.bind), port: ctx.network.ports[dialect.portName] ?? 0 };
  const deadline = Date.now() + showTimeoutMs;
  for (;;) {
    const shown = await presentedCertificate(place, lookTimeoutMs).catch((error: unknown) => (error instanceof SqlError && error.number === hostNotAllowed ? 'nothing' : null));
    if (shown === 'nothing' || shown?.fingerprint256 === wanted) return;
    if (Date.now() > deadline) throw new GuestFault('FAILED', `the server goes on showing its earlier certificate: ${(await ctx.engine.logTail(5)).join(' | ')}`);
    await delay(pollMs, undefined, { signal: ctx.signal });
  }
}

const reachable = (bind: string): string => (bind === '0.0.0.0' || bind === '*' ? '127.0.0.1' : bind === '::' ? '::1' : bind);
