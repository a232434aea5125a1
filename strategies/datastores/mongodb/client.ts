/** Connects as an application would: TLS verified against the CA and the host's name, SCRAM. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { ClientHalf, ClientTarget } from '../../spi/client.ts';
import { CommandError, type Connection, createConnection, encodeMessage } from './connection.ts';
import { adminDatabase } from './names.ts';
import { openTls, verified } from './tls.ts';

const timeoutMs = 10_000;
const authenticationFailed = 18;
const unauthorized = 13;

type Target = Omit<ClientTarget, 'user' | 'password'>;

async function withConnection<T>(target: Target, signal: AbortSignal, use: (connection: Connection) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const socket = await openTls(verified(target), timeoutMs, signal);
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

/**
 * Without TLS the server takes the connection, ends it and says nothing. Where none is made, or nothing happens at all,
 * nothing is proven.
 */
export async function isClosedWithoutTls(target: Pick<Target, 'host' | 'port'>, signal: AbortSignal): Promise<boolean> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  until.throwIfAborted();
  const socket = connect({ host: target.host, port: target.port });
  const cut = (): void => void socket.destroy(new Error('without TLS neither an answer nor an end in time'));
  until.addEventListener('abort', cut, { once: true });
  try {
    await once(socket, 'connect');
    const closed = new Promise<boolean>((resolve, reject) => {
      socket.once('data', () => resolve(false)).once('end', () => resolve(true)).once('close', () => resolve(true));
      socket.once('error', (error: NodeJS.ErrnoException) => { if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(true); else reject(error); });
    });
    socket.write(encodeMessage(1, { hello: 1, $db: adminDatabase }));
    return await closed;
  } finally {
    until.removeEventListener('abort', cut);
    socket.destroy();
  }
}

export const client: ClientHalf = {
  verify: (target, signal) => withConnection(target, signal, async (connection) => {
    await connection.login(target.authDatabase ?? adminDatabase, target.user, target.password, timeoutMs);
    const { version } = await connection.command(target.database ?? adminDatabase, { buildInfo: 1 }, timeoutMs);
    return { version: String(version) };
  }),
  async verifyRefusal(target, signal) {
    const stranger = { user: `stranger_${randomBytes(6).toString('hex')}`, password: randomBytes(12).toString('hex') };
    await withConnection(target, signal, async (connection) => {
      const isClosed = await connection.command(adminDatabase, { listDatabases: 1 }, timeoutMs).then(() => false, isRefused(unauthorized));
      if (!isClosed) throw new Error('the server answered somebody who had not logged in');
      const isStrangerRefused = await connection.login(adminDatabase, stranger.user, stranger.password, timeoutMs).then(() => false, isRefused(authenticationFailed));
      if (!isStrangerRefused) throw new Error('the server let in a user that does not exist');
      if (!(await isClosedWithoutTls(target, signal))) throw new Error('the server answered a connection without TLS');
      // It goes on answering: that was a refusal, and not the server's own end.
      await connection.command(adminDatabase, { hello: 1 }, timeoutMs);
    });
  },
};
