import { sdl } from './api.js';

const versionCommand = { binary: 'valkey-server', args: ['--version'], pattern: String.raw`v=(\d+\.\d+\.\d+)` };

/**
 * @param {import('@coffer/plugin-sdk').DebianSuite} suite
 * @returns {import('@coffer/plugin-sdk').EngineSourceSpec[]}
 */
const sources = (suite) => [
  { kind: 'host', binaries: ['valkey-server', 'valkey-cli'], searchPaths: ['/usr/bin', '/usr/local/bin'], versionCommand },
  { kind: 'debian', suite, packages: ['valkey-server', 'valkey-tools'], binDir: 'usr/bin', versionCommand },
];

/** @type {import('@coffer/plugin-sdk').Manifest} */
export const manifest = {
  id: 'valkey',
  title: 'Valkey',
  description: 'In-memory data structures, kept on disk by an append-only file, with ACL users and TLS on every connection.',
  version: '0.1.0',
  apiVersion: '^1.4',
  maturity: 'EXPERIMENTAL',
  capabilities: ['CONFIGURATION', 'RESIZE', 'TLS', 'USERS'],
  absent: {
    DATABASES: 'the sixteen numbered keyspaces always exist and carry no names or rights',
    GRANTS: 'this example gives every user all data and no administration',
    ROOT: 'a user has every right over the data already',
    UPGRADE: 'an instance of this example stays on the version that it was made with',
  },
  ports: [{ name: 'valkey', purpose: 'client', tls: 'required' }],
  tracks: [
    { name: '8', minMemoryMb: 256, sources: sources('trixie'), default: true },
    { name: '9', minMemoryMb: 256, sources: sources('sid') },
  ],
  connect: {
    command: 'valkey-cli',
    args: ['-h', '{host}', '-p', '{port}', '--tls', '--cacert', '{caFile}', '--user', '{user}'],
    // The name that the clients of both versions know.
    environment: { REDISCLI_AUTH: '{password}' },
  },
  accounts: 'per-node',
  graphql: {
    sdl,
    actions: { rewriteLog: { description: 'Writes the append-only file of a Valkey instance anew, as small as its data are now. The engine serves on meanwhile.' } },
  },
  timeouts: { initialiseMs: 30_000, startMs: 120_000, stopMs: 120_000, probeMs: 2_000, statementMs: 10_000 },
};
