/** Connects as an application would: TLS verified against the CA and the host's name, SCRAM. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { ClientHalf, ClientTarget } from '../../spi/client.ts';
import { CommandError, type Connection, createConnection } from './connection.ts';
import { adminDatabase } from './names.ts';
import { openTls, verified } from './tls.ts';

const timeoutMs = 10_000;
const authenticationFailed = 18;
const unauthorized = 13;

type Target = Omit<ClientTarget, 'user' | 'password'>;

async function withConnection<T>(target: Target, signal: AbortSignal, use: (connection: Connection) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const socket = await openTls(verified(target), timeoutMs);
  const connection = createConnection(socket);
  const cut = (): void => void socket.destroy(new Error('no answer in time'));
  signal.addEventListener('abort', cut, { once: true });
  try {
    return await use(connection);
  } finally {
    signal.removeEventListener('abort', cut);
    connection.close();
  }
}

const isRefused = (code: number) => (error: unknown): boolean => {
  if (error instanceof CommandError && error.code === code) return true;
  throw error;
};

/** Without TLS the server ends the connection and says nothing. */
const isClosedWithoutTls = (target: Target): Promise<boolean> => new Promise((resolve, reject) => {
  const socket = connect({ host: target.host, port: target.port, timeout: timeoutMs });
  const connection = createConnection(socket);
  socket.once('timeout', () => socket.destroy());
  socket.once('connect', () => {
    connection.command(adminDatabase, { hello: 1 }, timeoutMs).then(() => resolve(false), () => resolve(true)).finally(() => connection.close());
  }).once('error', reject);
});

export const client: ClientHalf = {
  verify: (target, signal) => withConnection(target, signal, async (connection) => {
    await connection.login(target.authDatabase ?? adminDatabase, target.user, target.password, timeoutMs);
    const { version } = await connection.command(target.database ?? adminDatabase, { buildInfo: 1 }, timeoutMs);
    return { version: String(version) };
  }),
  async verifyRefusal(target, signal) {
    const stranger = { user: `stranger_${randomBytes(6).toString('hex')}`, password: randomBytes(12).toString('hex') };
    const [isClosed, isStrangerRefused] = await withConnection(target, signal, async (connection) => [
      await connection.command(adminDatabase, { listDatabases: 1 }, timeoutMs).then(() => false, isRefused(unauthorized)),
      await connection.login(adminDatabase, stranger.user, stranger.password, timeoutMs).then(() => false, isRefused(authenticationFailed)),
    ]);
    if (!isClosed) throw new Error('the server answered somebody who had not logged in');
    if (!isStrangerRefused) throw new Error('the server let in a user that does not exist');
    if (!(await isClosedWithoutTls(target))) throw new Error('the server answered a connection without TLS');
  },
};
