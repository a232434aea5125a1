/** Connects as an application would: TLS verified against the CA and the host's name, a password. */
import { randomBytes } from 'node:crypto';
import type { ClientHalf, ClientTarget } from '../../spi/client.ts';
import { type LoginSpec, openConnection, type Place } from './wire/connection.ts';
import { SqlError } from './wire/packets.ts';

const timeoutMs = 10_000;
/** Access denied; no account may come from here; insecure transport prohibited. */
const refusals = new Set([1045, 1130, 3159, 4151]);

async function askVersion(place: Place, login: LoginSpec, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const connection = await openConnection(place, login, timeoutMs);
  const cut = (): void => connection.close();
  signal.addEventListener('abort', cut, { once: true });
  try {
    const [row] = await connection.query('select version() as version', timeoutMs);
    return /^\d+\.\d+\.\d+/.exec(row?.['version'] ?? '')?.[0] ?? '';
  } finally {
    signal.removeEventListener('abort', cut);
    connection.close();
  }
}

async function provesRefusal(place: Place, login: LoginSpec, signal: AbortSignal, what: string): Promise<void> {
  const error = await askVersion(place, login, signal).then(() => null, (reason: unknown) => reason);
  if (error === null) throw new Error(`the server let in ${what}`);
  if (!(error instanceof SqlError) || !refusals.has(error.number)) throw error;
}

export const client: ClientHalf = {
  async verify(target: ClientTarget, signal) {
    return { version: await askVersion({ host: target.host, port: target.port, ca: target.caCertificate }, target, signal) };
  },
  async verifyRefusal(target, signal) {
    const stranger = { user: `stranger_${randomBytes(6).toString('hex')}`, password: randomBytes(12).toString('hex'), database: null };
    await provesRefusal({ host: target.host, port: target.port, ca: target.caCertificate }, stranger, signal, 'a user that does not exist');
    await provesRefusal({ host: target.host, port: target.port, ca: null }, stranger, signal, 'a connection without TLS');
  },
};
