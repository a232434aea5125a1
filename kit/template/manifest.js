import { dirname } from 'node:path';

/** @type {import('@coffer/plugin-sdk').Manifest} */
export const manifest = {
  id: 'my-engine',
  title: 'My engine',
  description: 'Names and values over TLS',
  version: '0.1.0',
  apiVersion: '^1.4',
  maturity: 'EXPERIMENTAL',
  capabilities: ['RESIZE', 'TLS', 'USERS'],
  absent: {
    CONFIGURATION: 'there is nothing to set',
    DATABASES: 'there is one space of names',
    GRANTS: 'every user may read and write everything',
    ROOT: 'there is nothing that only a root could do',
    UPGRADE: 'there is one version of it',
  },
  ports: [{ name: 'main', purpose: 'client', tls: 'required' }],
  tracks: [{
    name: '24',
    default: true,
    minMemoryMb: 128,
    // The engine you begin with is a program for Node. Yours has its own binaries: see "Where binaries come from".
    sources: [{
      kind: 'host',
      binaries: ['node'],
      searchPaths: [dirname(process.execPath), '/usr/local/bin', '/usr/bin'],
      versionCommand: { binary: 'node', args: ['--version'], pattern: String.raw`v(\d+\.\d+\.\d+)` },
    }],
  }],
  connect: { command: 'openssl', args: ['s_client', '-quiet', '-CAfile', '{caFile}', '-connect', '{host}:{port}'], environment: {} },
  accounts: 'per-node',
  timeouts: { initialiseMs: 10_000, startMs: 10_000, stopMs: 10_000, probeMs: 2_000, statementMs: 5_000 },
};
