/** For the conformance kit: `valkey-cli` of the engine's own build, called as the manifest's connect command says. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import plugin from './index.js';
import { manifest } from './manifest.js';

const answerTimeoutMs = 15_000;
const refusal = /^\(error\) |^(ERR|NOPERM|NOAUTH|WRONGPASS)\b|Could not connect|AUTH failed|Error: /m;

/** @typedef {import('@coffer/plugin-kit').Login} Login */
/** @typedef {import('@coffer/plugin-kit').HarnessFacts} Facts */

function start(/** @type {Facts} */ facts, /** @type {Login} */ login, /** @type {string[]} */ command, withTls = true) {
  /** @type {Record<string, string>} */
  const values = { host: facts.host, port: String(facts.ports['valkey']), user: login.user, password: login.password, caFile: facts.caFile };
  const fill = (/** @type {string} */ text) => text.replace(/\{(\w+)\}/g, (_all, key) => values[key] ?? '');
  const args = manifest.connect.args.filter((text, i, all) => withTls || (text !== '--tls' && text !== '--cacert' && all[i - 1] !== '--cacert')).map(fill);
  const environment = Object.fromEntries(Object.entries(manifest.connect.environment).map(([name, text]) => [name, fill(text)]));
  return spawn(`${facts.paths.bin}/${manifest.connect.command}`, [...args, '--no-auth-warning', ...command], { env: { LC_ALL: 'C.UTF-8', ...environment }, stdio: 'pipe' });
}

/** @returns {Promise<string>} what it prints; throws with its words when the engine refuses */
function say(/** @type {ReturnType<typeof start>} */ child) {
  return new Promise((resolve, reject) => {
    let [out, complaint] = ['', ''];
    const timer = setTimeout(() => child.kill('SIGKILL'), answerTimeoutMs);
    child.stdout.on('data', (text) => { out += text; });
    child.stderr.on('data', (text) => { complaint += text; });
    child.once('error', reject).once('close', (code) => {
      clearTimeout(timer);
      if (code !== 0 || refusal.test(complaint) || refusal.test(out)) reject(new Error(`${complaint} ${out}`.trim() || `it ended with ${code}`));
      else resolve(out.trim());
    });
    child.stdin.end();
  });
}

/** A session that stays open. valkey-cli would log in again by itself: the client's number tells. */
async function hold(/** @type {ReturnType<typeof start>} */ child) {
  const lines = createInterface({ input: child.stdout });
  child.stdin.on('error', () => {});
  const gone = new Promise((resolve) => { child.once('close', resolve); });
  const askId = () => new Promise((resolve, reject) => {
    const fail = () => reject(new Error('the connection is gone'));
    const timer = setTimeout(fail, answerTimeoutMs);
    lines.once('line', (line) => { clearTimeout(timer); if (refusal.test(line)) fail(); else resolve(line); });
    child.stderr.once('data', fail);
    void gone.then(fail);
    child.stdin.write('client id\n');
  });
  const id = await askId();
  const ask = async () => { if ((await askId()) !== id) throw new Error('the connection was made anew'); };
  return {
    ask,
    async ended(/** @type {number} */ timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      while (await ask().then(() => true, () => false)) if (Date.now() > deadline) throw new Error(`not ended within ${timeoutMs} ms`);
    },
    async close() { child.stdin.end(); await gone; },
  };
}

/** @type {import('@coffer/plugin-kit').PluginFixture} */
export default {
  plugin,
  module: new URL('./index.js', import.meta.url).href,
  flavor: { vcpus: 0.25, memoryMb: 256 },
  volumeGb: 1,
  smallVolumeMb: 32,
  client: (facts) => ({
    async write(login, name, value) { await say(start(facts, login, ['set', `kit:${name}`, value])); },
    read: async (login, name) => (await say(start(facts, login, ['get', `kit:${name}`]))) || null,
    async askWithoutTls(login) { await say(start(facts, login, ['ping'], false)); },
    hold: (login) => hold(start(facts, login, [])),
  }),
  configuration: {
    live: { name: 'maxmemory-samples', value: '6', other: '7' },
    restart: { name: 'tcp-backlog', value: '300' },
    refused: { name: 'notify-keyspace-events', value: 'Q?' },
  },
  resize: {
    tooSmall: { vcpus: 0.25, memoryMb: 44 },
    async fill(client, login) {
      for (let i = 0; i < 30; i++) await client.write(login, `filler_${i}`, 'x'.repeat(100_000));
    },
  },
  samples: {
    databases: [],
    awkwardNames: [`O'Brien"the\\quote"`, '--$1%s{}', '用户名', 'ß'.repeat(63) + 'x', 'SELECT', '#hash', '>secret', 'on'],
    systemNames: ['coffer', 'coffer-agent', 'default', 'root'],
    usual: () => ({ database: null, privileges: [] }),
    readOnly: () => ({ database: null, privileges: [] }),
  },
};
