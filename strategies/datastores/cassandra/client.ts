/** Connects as an application would, with the stock driver: TLS verified against the CA and the host's name, password. */
import { randomBytes } from 'node:crypto';
import { checkServerIdentity } from 'node:tls';
import cassandra from 'cassandra-driver';
import type { ClientHalf, ClientTarget } from '../../spi/client.ts';
import { dataCentre } from './replication.ts';

const connectTimeoutMs = 10_000;
type Target = Omit<ClientTarget, 'user' | 'password'>;

export function createClient(target: Target, login: { user: string; password: string }, isEncrypted: boolean): cassandra.Client {
  return new cassandra.Client({
    contactPoints: [`${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`], localDataCenter: dataCentre,
    authProvider: new cassandra.auth.PlainTextAuthProvider(login.user, login.password),
    ...(target.database === null ? {} : { keyspace: target.database }),
    socketOptions: { connectTimeout: connectTimeoutMs, readTimeout: connectTimeoutMs }, pooling: { coreConnectionsPerHost: { [cassandra.types.distance.local]: 1 } },
    // The driver checks names against what it looked up; here against what the person was told.
    ...(isEncrypted ? { sslOptions: { ca: [target.caCertificate], rejectUnauthorized: true, checkServerIdentity: (_name, certificate) => checkServerIdentity(target.host, certificate) } } : {}),
  });
}

async function ask(client: cassandra.Client, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const cut = (): void => void client.shutdown();
  signal.addEventListener('abort', cut, { once: true });
  try {
    await client.connect();
    const { rows } = await client.execute('SELECT release_version FROM system.local');
    return String(rows[0]?.['release_version'] ?? '');
  } catch (error) {
    throw reasonOf(error);
  } finally {
    signal.removeEventListener('abort', cut);
    await client.shutdown().catch(() => undefined);
  }
}

/** Of "all hosts failed" the one host's reason. */
export function reasonOf(error: unknown): Error {
  const inner = Object.values((error as { innerErrors?: Record<string, unknown> }).innerErrors ?? {})[0];
  if (inner instanceof Error) return inner;
  return error instanceof Error ? error : new Error(String(error));
}

export const client: ClientHalf = {
  async verify(target, signal) {
    return { version: await ask(createClient(target, target, true), signal) };
  },
  async verifyRefusal(target, signal) {
    const stranger = { user: `stranger_${randomBytes(6).toString('hex')}`, password: randomBytes(12).toString('hex') };
    const open = { ...target, database: null };
    const refused = await ask(createClient(open, stranger, true), signal).then(() => null, (error: unknown) => error);
    if (refused === null) throw new Error('the server let in a user that does not exist');
    if (!(refused instanceof cassandra.errors.AuthenticationError)) throw refused;
    const plain = await ask(createClient(open, stranger, false), signal).then(() => null, (error: unknown) => error);
    if (plain === null || plain instanceof cassandra.errors.AuthenticationError) throw new Error('the server talks to a connection without TLS');
  },
};
