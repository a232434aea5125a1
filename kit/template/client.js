import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { ask } from './ask.js';

const open = (/** @type {{ host: string, port: number, caCertificate: string }} */ { host, port, caCertificate }) =>
  connect({ host, port, ca: caCertificate, ...(isIP(host) ? {} : { servername: host }) });

/** @type {import('@coffer/plugin-sdk').ClientHalf} */
export const client = {
  async verify(target, signal) {
    return { version: await ask(open(target), [['LOGIN', target.user, target.password], ['VERSION']], signal) };
  },
  async verifyRefusal(target, signal) {
    for (const lines of [[['VERSION']], [['LOGIN', 'nobody', 'wrong'], ['VERSION']]]) {
      const answer = await ask(open(target), lines, signal).catch((error) => error);
      if (typeof answer === 'string') throw new Error('the engine answered somebody who had not logged in');
      if (!/log in|wrong login/.test(answer.message)) throw answer;
    }
  },
};
