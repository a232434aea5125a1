/** The few bytes before TLS: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL */
import { connect as connectTcp, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';

const timeoutMs = 5_000;
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** `ca: null` looks without judging: for reading which certificate is shown, never for talking. */
export interface TlsTarget { host: string; port: number; ca: string | null; signal: AbortSignal }

export async function openTls(target: TlsTarget): Promise<TLSSocket> {
  const plain = connectTcp({ host: target.host, port: target.port, signal: target.signal });
  plain.setTimeout(timeoutMs, () => plain.destroy(new Error(`no answer within ${timeoutMs} ms`)));
  await askForTls(plain);
  return new Promise((resolve, reject) => {
    const trust = target.ca === null ? { rejectUnauthorized: false } : { ca: target.ca, checkServerIdentity: identityCheck(target.host) };
    const socket = connectTls({ socket: plain, minVersion: 'TLSv1.2', ALPNProtocols: ['postgresql'], ...trust }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Node checks names against `servername`, which cannot be an address; this one takes both. */
export const identityCheck = (host: string): ((_name: string, certificate: Parameters<typeof checkServerIdentity>[1]) => Error | undefined) =>
  (_name, certificate) => checkServerIdentity(host, certificate);

function askForTls(plain: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const onEnd = (): void => reject(new Error('the server closed the connection before TLS'));
    plain.once('error', reject).once('close', onEnd);
    plain.once('connect', () => plain.write(sslRequest));
    plain.once('data', (answer: Buffer) => {
      plain.off('close', onEnd);
      plain.off('error', reject);
      if (answer[0] === 0x53 && answer.length === 1) return resolve();
      plain.destroy();
      reject(new Error('the server does not offer TLS'));
    });
  });
}
