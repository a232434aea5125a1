/** Connects as an application would: TLS verified against the instance's CA, ACL login, PING. */
import { connect as tlsConnect } from 'node:tls';
import { isIP } from 'node:net';
import type { ClientHalf, ClientTarget } from '../../spi/client.ts';
import { encodeCommand, parseReply, RespError, type Reply } from './guest/resp.ts';

/** Sends all commands at once and resolves with as many replies. */
function converse(target: Pick<ClientTarget, 'host' | 'port' | 'caCertificate'>, commands: string[][], signal: AbortSignal): Promise<Reply[]> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: target.host, port: target.port, ca: target.caCertificate, ...(isIP(target.host) ? {} : { servername: target.host }) });
    const replies: Reply[] = [];
    let data: Buffer = Buffer.alloc(0);
    signal.addEventListener('abort', () => socket.destroy(new Error('no answer in time')), { once: true });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the engine closed the connection')));
    socket.on('secureConnect', () => socket.write(commands.map(encodeCommand).join('')));
    socket.on('data', (chunk: Buffer) => {
      data = Buffer.concat([data, chunk]);
      for (let parsed = parseReply(data, 0); parsed; parsed = parseReply(data, 0)) { replies.push(parsed.reply); data = data.subarray(parsed.next); }
      if (replies.length >= commands.length) { resolve(replies); socket.destroy(); }
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
