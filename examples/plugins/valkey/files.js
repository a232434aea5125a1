/** The files the engine reads at its start. What Coffer owns is in them, and CONFIG is closed to tenants. */
import { createHash } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { GuestFault } from '@coffer/plugin-sdk';
import { specsOf } from './catalogue.js';
import { socketOf } from './management.js';
import { managementName } from './names.js';
import { toEngine } from './values.js';

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

/** What the engine was started with: it knows no other values of parameters that need a restart. */
export const startedOf = (/** @type {Context} */ ctx) => `${ctx.paths.run}/started.conf`;
/** What a running engine may have been told since, and has not been told to forget yet. */
export const earlierOf = (/** @type {Context} */ ctx) => `${ctx.paths.config}/earlier.conf`;

export const quote = (/** @type {string} */ value) =>
  (/^[A-Za-z0-9@%+=:,./_-]+$/.test(value) ? value : `"${[...Buffer.from(value)].map((byte) => (byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`)).join('')}"`);

const unquote = (/** @type {string} */ words) =>
  (words.startsWith('"') ? Buffer.from(words.slice(1, -1).replace(/\\x(..)/g, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1').toString() : words);

/** Of a file that `renderConfig` made: name → value. */
export const parseConfig = (/** @type {string | null} */ text) => new Map((text ?? '').split('\n').filter((line) => line !== '').map((line) => {
  const at = line.indexOf(' ');
  return /** @type {[string, string]} */ ([line.slice(0, at), unquote(line.slice(at + 1))]);
}));

/** An answer of CONFIG GET. */
export function pairsOf(/** @type {import('./resp.js').Reply | undefined} */ reply) {
  const told = /** @type {string[]} */ (reply);
  return new Map(told.flatMap((name, i) => (i % 2 === 0 ? [/** @type {[string, string]} */ ([name, told[i + 1] ?? ''])] : [])));
}

/** `group`: values of the instance's configuration group in the engine's words. They win over sizing and usual values, and lose to what is owned. */
export function renderConfig(/** @type {Pick<Context, 'paths' | 'tls' | 'network' | 'sizing'>} */ ctx, /** @type {Record<string, string>} */ group) {
  const { paths, tls, network, sizing } = ctx;
  const usual = { 'appendfsync': 'everysec' };
  const owned = {
    'port': '0', 'tls-port': String(network.ports['valkey']), 'bind': network.bind, 'unixsocket': socketOf(ctx), 'unixsocketperm': '700',
    'tls-cert-file': tls.certificate, 'tls-key-file': tls.key, 'tls-ca-cert-file': tls.ca, 'tls-auth-clients': 'no', 'tls-protocols': 'TLSv1.2 TLSv1.3',
    'dir': paths.data, 'aclfile': usersOf(ctx), 'logfile': '', 'daemonize': 'no', 'supervised': 'no',
    'enable-debug-command': 'no', 'enable-module-command': 'no', 'enable-protected-configs': 'no', 'appendonly': 'yes',
    // Else it would go on for ever where there is no room for its last snapshot.
    'shutdown-on-sigterm': 'force',
  };
  return `${Object.entries({ ...usual, ...sizing, ...group, ...owned }).map(([name, value]) => `${name} ${quote(value)}`).sort().join('\n')}\n`;
}

export async function wantedConfig(/** @type {Context} */ ctx) {
  const given = Object.entries(ctx.parameters);
  const specs = given.length === 0 ? new Map() : await specsOf(ctx.track);
  const unknown = given.find(([name]) => !specs.has(name));
  if (unknown) throw new GuestFault('REFUSED', `${unknown[0]}: this version has no such parameter`);
  return renderConfig(ctx, Object.fromEntries(given.map(([name, value]) => [name, toEngine(specs.get(name), value)])));
}

/** Beside a running engine what was replaced is kept until `configure` has told the engine. */
export async function putConfig(/** @type {Context} */ ctx) {
  const [text, before] = [await wantedConfig(ctx), await readText(configOf(ctx))];
  if (before !== null && before !== text && ctx.engine.pid() !== null) await put(ctx, earlierOf(ctx), ((await readText(earlierOf(ctx))) ?? '') + before);
  return put(ctx, configOf(ctx), text);
}

/** Of an engine that does not run: what it finds is all it knows. */
export async function putStartingConfig(/** @type {Context} */ ctx) {
  await putConfig(ctx);
  await put(ctx, startedOf(ctx), await wantedConfig(ctx));
  await rm(earlierOf(ctx), { force: true });
}
