/** Connects as an application would: TLS verified against the instance's CA, ACL login, PING. */
import { connect as tlsConnect } from 'node:tls';
import { isIP } from 'node:net';
import type { ClientHalf, ClientTarget } from '../../spi/client.ts';
import { encodeCommand, parseReply, RespError, type Reply } from './guest/resp.ts';

/** One command after the other: an engine that refuses an unauthenticated command does not read on in the same packet. */
function converse(target: Pick<ClientTarget, 'host' | 'port' | 'caCertificate'>, commands: string[][], signal: AbortSignal): Promise<Reply[]> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: target.host, port: target.port, ca: target.caCertificate, ...(isIP(target.host) ? {} : { servername: target.host }) });
    const replies: Reply[] = [];
    let data: Buffer = Buffer.alloc(0);
    signal.addEventListener('abort', () => socket.destroy(new Error('no answer in time')), { once: true });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the engine closed the connection')));
    const send = (): unknown => socket.write(encodeCommand(commands[replies.length]!));
    socket.on('secureConnect', send);
    socket.on('data', (chunk: Buffer) => {
      data = Buffer.concat([data, chunk]);
      const parsed = parseReply(data, 0);
      if (!parsed) return;
      replies.push(parsed.reply);
      data = data.subarray(parsed.next);
      if (replies.length < commands.length) { send(); return; }
      resolve(replies);
      socket.destroy();
    });
  });
}

export const client: ClientHalf = {
  async verify(target, signal) {
    const [login, pong, hello] = await converse(target, [['AUTH', target.user, target.password], ['PING'], ['HELLO']], signal);
    if (login instanceof RespError) throw login;
    // a user without any rights may log in and nothing else; that the engine says so is proof enough
    if (pong instanceof RespError && pong.kind !== 'NOPERM') throw pong;
    const fields = Array.isArray(hello) ? hello : [];
    return { version: String(fields[fields.indexOf('version') + 1] ?? 'unknown') };
  },
  async verifyRefusal(target, signal) {
    const [anonymous, wrong] = await converse(target, [['PING'], ['AUTH', 'default', 'not-the-password']], signal);
    if (!(anonymous instanceof RespError) || !(wrong instanceof RespError)) throw new Error('the engine answered somebody who had not logged in');
  },
};
