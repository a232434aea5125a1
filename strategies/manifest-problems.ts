/** What is wrong with a manifest, in words; empty when nothing is. By hand, since a library for it would weigh on every agent. */
import { capabilities } from './spi/capability.ts';
import { type Manifest, spiVersion } from './spi/manifest.ts';

const timeoutLimitMs = 3_600_000;
const timeoutNames = ['initialiseMs', 'startMs', 'stopMs', 'probeMs', 'statementMs'] as const satisfies readonly (keyof Manifest['timeouts'])[];

type Fields = Record<string, unknown>;
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export function manifestProblems(manifest: unknown): string[] {
  if (!isObject(manifest)) return ['manifest is missing'];
  const problems: string[] = [];
  const expect = (holds: boolean, problem: string): void => void (holds || problems.push(problem));
  expect(isText(manifest['id']) && /^[a-z][a-z0-9-]{0,62}$/.test(manifest['id']), 'manifest.id must be lower-case letters, digits and dashes');
  for (const key of ['title', 'description']) expect(isText(manifest[key]), `manifest.${key} must be a text`);
  expect(isText(manifest['version']) && /^\d+\.\d+\.\d+/.test(manifest['version']), 'manifest.version must be a semantic version');
  expect(isText(manifest['apiVersion']) && fitsSpi(manifest['apiVersion']), `manifest.apiVersion ${String(manifest['apiVersion'])} does not include ${spiVersion}, the contract of this release`);
  expect(['EXPERIMENTAL', 'TECHNICAL_PREVIEW', 'STABLE'].includes(manifest['maturity'] as string), 'manifest.maturity must be EXPERIMENTAL, TECHNICAL_PREVIEW or STABLE');
  expect(manifest['maturityReason'] === undefined || isText(manifest['maturityReason']), 'manifest.maturityReason must be a text');
  expect(manifest['volatileData'] === undefined || isText(manifest['volatileData']), 'manifest.volatileData must be a text, the reason');
  expect(manifest['openSessions'] === undefined || (isObject(manifest['openSessions']) && Object.entries(manifest['openSessions']).every(([name, reason]) => name === 'outliveNewPassword' && isText(reason))), 'manifest.openSessions may have outliveNewPassword, the reason');
  expect(['replicated', 'per-node'].includes(manifest['accounts'] as string), 'manifest.accounts must be replicated or per-node');
  return [...problems, ...capabilityProblems(manifest), ...portProblems(manifest['ports']), ...trackProblems(manifest['tracks']), ...upgradeProblems(manifest), ...connectProblems(manifest['connect']), ...timeoutProblems(manifest['timeouts'])];
}

/** "1.0", "^1.0": the same major, and no minor that this release does not have yet. */
export function fitsSpi(range: string, own: string = spiVersion): boolean {
  const [, caret, major, minor] = /^(\^?)(\d+)\.(\d+)(?:\.\d+)?$/.exec(range) ?? [];
  const [ownMajor, ownMinor] = own.split('.').map(Number);
  if (major === undefined || Number(major) !== ownMajor) return false;
  return caret === '^' ? Number(minor) <= (ownMinor ?? 0) : Number(minor) === ownMinor;
}

function capabilityProblems(manifest: Fields): string[] {
  if (!Array.isArray(manifest['capabilities'])) return ['manifest.capabilities must be a list'];
  const known = new Set<unknown>(capabilities);
  const unknown = [...manifest['capabilities'], ...Object.keys(manifest['absent'] ?? {})].filter((name) => !known.has(name));
  const twice = Object.keys(manifest['absent'] ?? {}).filter((name) => listOf(manifest['capabilities']).includes(name));
  return [...unknown.map((name) => `manifest: there is no capability ${String(name)}`), ...twice.map((name) => `manifest: ${name} is both a capability and absent`)];
}

function portProblems(ports: unknown): string[] {
  const found = listOf(ports);
  if (found.length === 0) return ['manifest.ports must name at least one port'];
  const names = found.map((port) => (isObject(port) ? port['name'] : undefined));
  return found.flatMap((port, index) => {
    if (!isObject(port) || !isText(port['name'])) return [`manifest.ports[${index}] must have a name`];
    if (!['client', 'peer', 'management'].includes(port['purpose'] as string)) return [`manifest.ports[${index}].purpose must be client, peer or management`];
    if (port['tls'] !== 'required' && !(port['tls'] === 'none' && port['purpose'] === 'management')) return [`manifest.ports[${index}].tls must be required, or none for management`];
    return names.indexOf(port['name']) === index ? [] : [`manifest.ports: ${port['name']} appears twice`];
  });
}

function trackProblems(tracks: unknown): string[] {
  const found = listOf(tracks).filter(isObject);
  if (found.length === 0 || found.length !== listOf(tracks).length) return ['manifest.tracks must name at least one track'];
  const names = found.map((track) => track['name']);
  const problems = found.flatMap((track, index) => [
    ...(isText(track['name']) && names.indexOf(track['name']) === index ? [] : [`manifest.tracks[${index}] must have a name of its own`]),
    ...(listOf(track['sources']).length > 0 && listOf(track['sources']).every((source) => isObject(source) && isText(source['kind'])) ? [] : [`manifest.tracks[${index}].sources must name at least one source`]),
    ...(typeof track['minMemoryMb'] === 'number' && track['minMemoryMb'] > 0 ? [] : [`manifest.tracks[${index}].minMemoryMb must be a positive number`]),
  ]);
  const defaults = found.filter((track) => track['default'] === true).length;
  return defaults === 1 ? problems : [...problems, `manifest.tracks: exactly one must be the default, ${defaults} are`];
}

/** Data of a track go to another, which is there; without UPGRADE nobody would bring them. */
export function upgradeProblems(manifest: { tracks?: unknown; capabilities?: unknown }): string[] {
  const tracks = listOf(manifest.tracks).filter(isObject);
  const names = tracks.map((track) => track['name']);
  return tracks.flatMap((track) => {
    const targets = track['upgradesTo'];
    if (targets === undefined) return [];
    if (!Array.isArray(targets)) return [`manifest.tracks: upgradesTo of ${String(track['name'])} must be a list of tracks`];
    const wrong = targets.filter((name) => name === track['name'] || !names.includes(name));
    return [
      ...wrong.map((name) => `manifest.tracks: ${String(track['name'])} upgrades to ${String(name)}, which is no other track`),
      ...(targets.length > 0 && !listOf(manifest.capabilities).includes('UPGRADE') ? [`manifest.tracks: ${String(track['name'])} has upgradesTo, and UPGRADE is not claimed`] : []),
    ];
  });
}

function connectProblems(connect: unknown): string[] {
  if (!isObject(connect) || !isText(connect['command']) || !Array.isArray(connect['args']) || !isObject(connect['environment'])) return ['manifest.connect must have command, args and environment'];
  if (connect['install'] !== undefined && !isText(connect['install'])) return ['manifest.connect.install must be a text'];
  const files = connect['files'] ?? {};
  if (!isObject(files) || Object.entries(files).some(([name, text]) => !/^[\w.-]+$/.test(name) || /^\.+$/.test(name) || !isText(text))) return ['manifest.connect.files must be texts by names of letters, digits, dots, dashes and underscores'];
  const used = [...connect['args'], ...Object.values(connect['environment'])].flatMap((text) => [...String(text).matchAll(/\{file:([^}]*)\}/g)].map(([, name]) => name!));
  return [
    ...(connect['args'].some((arg) => String(arg).includes('{password}')) ? ['manifest.connect.args must not hold a password: use the environment or a file'] : []),
    ...used.filter((name) => !Object.hasOwn(files, name)).map((name) => `manifest.connect: there is no file ${name}`),
  ];
}

/** Honoured as declared or refused, never clipped. */
function timeoutProblems(timeouts: unknown): string[] {
  if (!isObject(timeouts)) return ['manifest.timeouts is missing'];
  return timeoutNames
    .filter((name) => !(typeof timeouts[name] === 'number' && timeouts[name] > 0 && timeouts[name] <= timeoutLimitMs))
    .map((name) => `manifest.timeouts.${name} must be between 1 and ${timeoutLimitMs} milliseconds`);
}
