/** Connects as an application would: TLS verified against the CA and the host's name, SCRAM. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { ClientHalf, ClientTarget } from '../../spi/client.ts';
import { maintenanceDatabase } from './names.ts';
import { identityCheck } from './wire.ts';

const connectTimeoutMs = 10_000;
const refusals = new Set(['28P01', '28000']);

type Target = Omit<ClientTarget, 'user' | 'password'>;

function createClient(target: Target, login: { user: string; password: string }, isEncrypted: boolean): pg.Client {
  const client = new pg.Client({
    host: target.host, port: target.port, database: target.database ?? maintenanceDatabase, ...login, connectionTimeoutMillis: connectTimeoutMs, application_name: 'coffer/verify',
    ssl: isEncrypted ? { ca: target.caCertificate, minVersion: 'TLSv1.2', checkServerIdentity: identityCheck(target.host) } : false,
  });
  client.on('error', () => undefined);
  return client;
}

async function ask(client: pg.Client, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const cut = (): void => void client.connection.stream.destroy();
  signal.addEventListener('abort', cut, { once: true });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>("select split_part(current_setting('server_version'), ' ', 1) as version");
    return rows[0]?.version ?? '';
  } finally {
    signal.removeEventListener('abort', cut);
    await client.end().catch(() => undefined);
  }
}

async function provesRefusal(client: pg.Client, signal: AbortSignal, what: string): Promise<void> {
  const error = await ask(client, signal).then(() => null, (reason: unknown) => reason);
  if (error === null) throw new Error(`the server let in ${what}`);
  if (!(error instanceof pg.DatabaseError) || !refusals.has(error.code ?? '')) throw error;
}

export const client: ClientHalf = {
  async verify(target, signal) {
    return { version: await ask(createClient(target, target, true), signal) };
  },
  async verifyRefusal(target, signal) {
    const stranger = { user: `stranger_${randomBytes(6).toString('hex')}`, password: randomBytes(12).toString('hex') };
    await provesRefusal(createClient(target, stranger, true), signal, 'a user that does not exist');
    await provesRefusal(createClient(target, stranger, false), signal, 'a connection without TLS');
  },
};
