/** TLS from the first byte, over a socket file or a port. */
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { SilenceError } from './connection.ts';

export function openTls(options: ConnectionOptions & { path?: string }, timeoutMs: number, signal?: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = connect({ minVersion: 'TLSv1.2', ...options });
    const timer = setTimeout(() => socket.destroy(new SilenceError(`no TLS handshake within ${timeoutMs} ms`)), timeoutMs);
    const cut = (): void => void socket.destroy(signal?.reason as Error);
    signal?.addEventListener('abort', cut, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cut);
    };
    const onClose = (): void => reject(new Error('the engine closed the connection before TLS'));
    socket.once('error', reject).once('close', onClose).once('close', settle);
    socket.once('secureConnect', () => {
      settle();
      socket.off('error', reject).off('close', onClose);
      resolve(socket);
    });
  });
}

/** As an application: the certificate must be signed by the CA and name the host. */
export const verified = (target: { host: string; port: number; caCertificate: string }): ConnectionOptions =>
  ({ host: target.host, port: target.port, ca: target.caCertificate, ...(isIP(target.host) ? {} : { servername: target.host }) });

/**
 * Over the socket file, whose folder only agent and engine may enter: the server insists on TLS there, too. Its certificate
 * proves nothing in that place, and one that has run out must not lock management out.
 */
export const overSocket = (path: string): ConnectionOptions & { path: string } => ({ path, rejectUnauthorized: false });
