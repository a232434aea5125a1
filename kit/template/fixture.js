/** What the conformance kit needs to know: the stock client, and names to try. */
import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import { ask } from './ask.js';
import plugin from './index.js';

const askTimeoutMs = 5_000;

/** @type {import('@coffer/plugin-kit').PluginFixture} */
export default {
  plugin,
  module: new URL('./index.js', import.meta.url).href,
  flavor: { vcpus: 1, memoryMb: 256 },
  volumeGb: 1,
  smallVolumeMb: 1,
  client(facts) {
    const target = { host: facts.host, port: facts.ports['main'] ?? 0, ca: facts.caCertificate };
    const say = (/** @type {{ user: string, password: string }} */ { user, password }, /** @type {string[]} */ ...words) =>
      ask(connect(target), [['LOGIN', user, password], words], AbortSignal.timeout(askTimeoutMs));
    return {
      async write(login, name, value) { await say(login, 'SET', name, value); },
      read: async (login, name) => (await say(login, 'GET', name)) || null,
      async askWithoutTls() { await ask(connectPlain(target), [['VERSION']], AbortSignal.timeout(askTimeoutMs)); },
      hold: ({ user, password }) => hold(connect(target), user, password),
    };
  },
  resize: {
    tooSmall: { vcpus: 1, memoryMb: 0.001 },
    async fill(client, login) {
      for (const name of ['one', 'two']) await client.write(login, name, 'x');
    },
  },
  samples: {
    databases: [],
    awkwardNames: [`O'Brien"the\\quote"`, 'two words', '用户名', '--$1%s{}', '__proto__', 'a'.repeat(128)],
    systemNames: ['coffer', 'root'],
    usual: (database) => ({ database, privileges: [] }),
    readOnly: (database) => ({ database, privileges: [] }),
  },
};

/** @returns {Promise<import('@coffer/plugin-kit').HeldClient>} */
async function hold(/** @type {import('node:tls').TLSSocket} */ socket, /** @type {string} */ user, /** @type {string} */ password) {
  const gone = new Promise((resolve) => { socket.on('error', () => {}).once('close', resolve); });
  const say = async (/** @type {string[]} */ ...words) => {
    socket.write(`${JSON.stringify(words)}\n`);
    const [word] = await new Promise((resolve, reject) => {
      void gone.then(() => reject(new Error('the connection is gone')));
      socket.once('data', (chunk) => resolve(JSON.parse(String(chunk))));
    });
    if (word !== 'OK') throw new Error('refused');
  };
  await say('LOGIN', user, password);
  return {
    ask: () => say('VERSION'),
    async ended(timeoutMs) {
      /** @type {NodeJS.Timeout | undefined} */
      let timer;
      const late = new Promise((_resolve, reject) => { timer = setTimeout(() => reject(new Error(`not ended within ${timeoutMs} ms`)), timeoutMs); });
      await Promise.race([gone, late]).finally(() => clearTimeout(timer));
    },
    async close() {
      socket.destroy();
      await gone;
    },
  };
}
