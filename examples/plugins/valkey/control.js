import { catalogueOf } from './catalogue.js';
import { isReserved } from './names.js';
import { problemOf } from './values.js';

const mib = 1024 ** 2;
const maxNameBytes = 128;
/** Of the process itself, beside its data. */
const ownMemoryMb = 40;

/**
 * @param {import('@coffer/plugin-sdk').UserRef} user
 * @returns {import('@coffer/plugin-sdk').InputIssue[]}
 */
function userIssues({ name, host, authDatabase }) {
  const issues = [];
  if (host) issues.push({ path: ['host'], message: 'users have no host here; leave it out' });
  if (authDatabase) issues.push({ path: ['authDatabase'], message: 'users have no database here; leave it out' });
  if (name === '') issues.push({ path: ['name'], message: 'must not be empty' });
  else if (Buffer.byteLength(name) > maxNameBytes) issues.push({ path: ['name'], message: `at most ${maxNameBytes} bytes` });
  // White space ends a word in the file of users; the others cannot be typed back.
  else if (/[\s\p{Cc}\p{Z}]/u.test(name) || !name.isWellFormed()) issues.push({ path: ['name'], message: 'must not contain white space, control characters or half characters' });
  else if (isReserved(name)) issues.push({ path: ['name'], message: `"${name}" is reserved` });
  return issues;
}

/**
 * @param {import('@coffer/plugin-sdk').GrantSpec} grant
 * @returns {import('@coffer/plugin-sdk').InputIssue[]}
 */
function grantIssues({ database, privileges }) {
  if (database !== null) return [{ path: ['database'], message: 'grants name no database here; leave it out' }];
  return privileges.length === 0 ? [] : [{ path: ['privileges'], message: 'every user has the same rights here; leave them out' }];
}

/** @type {import('@coffer/plugin-sdk').ControlHalf} */
export const control = {
  rootName: 'root',
  async validate(proposal) {
    switch (proposal.kind) {
      case 'database': case 'database-ref': return [{ path: ['name'], message: 'this datastore has no named databases' }];
      case 'user': return [...userIssues(proposal.user), ...proposal.user.grants.flatMap((grant, i) => grantIssues(grant).map(({ path, message }) => ({ path: ['grants', String(i), ...path], message })))];
      case 'user-ref': return userIssues(proposal.user);
      case 'grant': return grantIssues(proposal.grant);
      // Kept as its hash: any text serves.
      case 'password': return [];
    }
  },
  size: async ({ flavor }) => ({
    // Room for the process, clients' buffers, and the pages copied while the append-only file is written anew.
    'maxmemory': String(Math.floor((flavor.memoryMb - ownMemoryMb) * 0.6) * mib),
    'maxmemory-policy': 'noeviction',
    'maxclients': String(Math.min(10_000, Math.max(200, flavor.memoryMb))),
  }),
  parameters: ({ track }) => catalogueOf(track),
  async checkParameters({ flavor, parameters }) {
    const most = (flavor.memoryMb - ownMemoryMb) * mib;
    const memory = parameters['maxmemory'] === undefined ? null : Number(parameters['maxmemory']);
    const issues = Object.entries(parameters).flatMap(([name, value]) => { const message = problemOf(name, value); return message ? [{ path: [name], message }] : []; });
    if (memory === 0) issues.push({ path: ['maxmemory'], message: 'must not be 0, which means without a limit; leave it out for a share of the flavor that fits' });
    if (memory !== null && memory > most) issues.push({ path: ['maxmemory'], message: `must be at most ${most}: of the flavor's ${flavor.memoryMb} MB the engine itself needs ${ownMemoryMb}` });
    return issues;
  },
  endpoints: async ({ host, ports }) => {
    const port = ports['valkey'] ?? 0;
    return [{ role: 'PRIMARY', host, port, uri: `valkeys://${host.includes(':') ? `[${host}]` : host}:${port}`, tls: true }];
  },
};
