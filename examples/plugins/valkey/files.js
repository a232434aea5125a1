/** The files the engine reads at its start. What Coffer owns is in them, and CONFIG is closed to tenants. */
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { socketOf } from './management.js';
import { managementName } from './names.js';

/** @typedef {import('@coffer/plugin-sdk').GuestContext} Context */

export const configOf = (/** @type {Context} */ ctx) => `${ctx.paths.config}/valkey.conf`;
export const usersOf = (/** @type {Pick<Context, 'paths'>} */ { paths }) => `${paths.data}/users.acl`;
export const hashOf = (/** @type {string} */ password) => createHash('sha256').update(password).digest('hex');
export const readText = (/** @type {string} */ path) => readFile(path, 'utf8').catch(() => null);

export async function put(/** @type {Context} */ ctx, /** @type {string} */ path, /** @type {string} */ text) {
  if ((await readText(path)) === text) return false;
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await ctx.engine.own(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
  return true;
}

/** The two accounts that are not tenants', put right; the others as they are. */
export function withSystemUsers(/** @type {Context} */ ctx, /** @type {string} */ text) {
  const tenants = text.split('\n').filter((line) => line.trim() !== '' && !new RegExp(`^user (default|${managementName}) `).test(line));
  return `${['user default off resetchannels -@all', `user ${managementName} on #${hashOf(ctx.managementSecret)} ~* &* +@all`, ...tenants].join('\n')}\n`;
}

/** Paths are the agent's and a release's: none holds a quote or a blank. */
export function renderConfig(/** @type {Context} */ ctx) {
  const { paths, tls, network, sizing } = ctx;
  const owned = {
    'port': '0', 'tls-port': String(network.ports['valkey']), 'bind': network.bind, 'unixsocket': socketOf(ctx), 'unixsocketperm': '700',
    'tls-cert-file': tls.certificate, 'tls-key-file': tls.key, 'tls-ca-cert-file': tls.ca, 'tls-auth-clients': 'no', 'tls-protocols': '"TLSv1.2 TLSv1.3"',
    'dir': paths.data, 'aclfile': usersOf(ctx), 'logfile': '""', 'daemonize': 'no', 'supervised': 'no',
    'enable-debug-command': 'no', 'enable-module-command': 'no', 'enable-protected-configs': 'no',
    'appendonly': 'yes', 'appendfsync': 'everysec', 'shutdown-on-sigterm': 'save',
  };
  return `${Object.entries({ ...sizing, ...owned }).map(([name, value]) => `${name} ${value}`).join('\n')}\n`;
}
