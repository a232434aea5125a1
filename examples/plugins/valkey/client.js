import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { converse, EngineError } from './resp.js';

const open = (/** @type {{ host: string, port: number, caCertificate: string }} */ { host, port, caCertificate }) =>
  connect({ host, port, ca: caCertificate, ...(isIP(host) ? {} : { servername: host }) });

/** @type {import('@coffer/plugin-sdk').ClientHalf} */
export const client = {
  async verify(target, signal) {
    const [login, pong, hello] = await converse(open(target), [['AUTH', target.user, target.password], ['PING'], ['HELLO']], signal);
    for (const reply of [login, pong]) if (reply instanceof EngineError) throw reply;
    const fields = Array.isArray(hello) ? hello : [];
    return { version: String(fields[fields.indexOf('version') + 1] ?? 'unknown') };
  },
  async verifyRefusal(target, signal) {
    const [anonymous, wrong] = await converse(open(target), [['PING'], ['AUTH', 'default', 'not-the-password']], signal);
    if (!(anonymous instanceof EngineError) || !(wrong instanceof EngineError)) throw new Error('the engine answered somebody who had not logged in');
  },
};
