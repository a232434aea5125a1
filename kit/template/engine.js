/**
 * The engine to begin with: names and values, a line of JSON each way. Delete it when yours takes its place.
 *
 *     ["LOGIN", user, password]   ["SET", name, value]   ["GET", name]   ["VERSION"]     → ["OK", text] or ["ERROR", why]
 *     ["RELOAD"]   ["COUNT"]      over the unix socket alone, as coffer
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { hashOf } from './hash.js';

const maxLineBytes = 64 * 1024;
const read = (/** @type {string} */ path) => JSON.parse(readFileSync(path, 'utf8'));
let config = read(process.argv[2] ?? '');
let users = read(`${config.data}/users.json`);
const valuesFile = `${config.data}/values`;
const values = new Map(existsSync(valuesFile) ? readFileSync(valuesFile, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line)) : []);
const certificate = () => ({ cert: readFileSync(config.tls.certificate), key: readFileSync(config.tls.key), minVersion: /** @type {const} */ ('TLSv1.2') });

/** @type {Set<{ socket: import('node:net').Socket, isLocal: boolean, user: string | null, hash: string }>} */
const sessions = new Set();

function reload() {
  config = read(process.argv[2] ?? '');
  users = read(`${config.data}/users.json`);
  network.setSecureContext(certificate());
  for (const { socket, user, hash } of sessions) if (user !== null && users[user]?.hash !== hash) socket.destroy();
  return 'reloaded';
}

/**
 * @param {{ isLocal: boolean, user: string | null, hash: string }} session
 * @param {string[]} words
 */
function answer(session, [command, name = '', value = '']) {
  if (command === 'LOGIN') {
    // The management account exists on the socket alone.
    const isRight = (name !== 'coffer' || session.isLocal) && Object.hasOwn(users, name) && users[name].hash === hashOf(value);
    if (!isRight) throw new Error('wrong login');
    Object.assign(session, { user: name, hash: users[name].hash });
    return '';
  }
  if (session.user === null) throw new Error('log in first');
  if (command === 'VERSION') return process.versions.node;
  if (command === 'RELOAD' && session.isLocal) return reload();
  if (command === 'COUNT' && session.isLocal) return String(values.size);
  if (command === 'GET') return values.get(name) ?? '';
  if (command !== 'SET') throw new Error('no such command');
  if (!values.has(name) && values.size >= config.maxValues) throw new Error('full');
  appendFileSync(valuesFile, `${JSON.stringify([name, value])}\n`);
  values.set(name, value);
  return '';
}

function serve(/** @type {import('node:net').Socket} */ socket, isLocal = false) {
  const session = { socket, isLocal, user: null, hash: '' };
  let heard = '';
  sessions.add(session);
  socket.on('error', () => {}).on('close', () => sessions.delete(session)).setEncoding('utf8').on('data', (chunk) => {
    heard += chunk;
    for (let end = heard.indexOf('\n'); end >= 0; end = heard.indexOf('\n')) {
      const line = heard.slice(0, end);
      heard = heard.slice(end + 1);
      try {
        socket.write(`${JSON.stringify(['OK', answer(session, JSON.parse(line))])}\n`);
      } catch (error) {
        socket.write(`${JSON.stringify(['ERROR', error instanceof Error ? error.message : ''])}\n`);
      }
    }
    if (heard.length > maxLineBytes) socket.destroy();
  });
}

rmSync(config.socket, { force: true });
process.umask(0o077);
createServer((socket) => serve(socket, true)).listen(config.socket);
const network = createTlsServer(certificate(), (socket) => serve(socket)).on('tlsClientError', () => {});
network.listen(config.port, config.host);
process.on('SIGTERM', () => process.exit(0));
