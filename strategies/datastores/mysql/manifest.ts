import type { EngineSourceSpec } from '../../spi/engine-source.ts';
import type { Manifest } from '../../spi/manifest.ts';

export const portName = 'mysql';
/** The server's program lies beside the clients' directory. */
export const serverProgram = '../sbin/mysqld';
const versionCommand = { binary: serverProgram, args: ['--version'], pattern: String.raw`Ver (\d+\.\d+\.\d+)` } as const;

const sources: EngineSourceSpec[] = [
  { kind: 'host', binaries: ['mysql', serverProgram], searchPaths: ['/usr/bin'], versionCommand },
  { kind: 'debian', suite: 'sid', packages: ['mysql-server-core', 'mysql-client-core'], binDir: 'usr/bin', versionCommand },
];

export const manifest: Manifest = {
  id: 'mysql',
  title: 'MySQL',
  description: 'Relational database with TLS on every connection, caching_sha2_password accounts bound to hosts, and global transaction ids from birth.',
  version: '0.1.0',
  apiVersion: '^1.0',
  maturity: 'TECHNICAL_PREVIEW',
  capabilities: ['CONFIGURATION', 'DATABASES', 'GRANTS', 'RESIZE', 'ROOT', 'TLS', 'UPGRADE', 'USERS'],
  ports: [{ name: portName, purpose: 'client', tls: 'required' }],
  tracks: [{ name: '9.7', default: true, minMemoryMb: 512, sources }],
  connect: {
    command: 'mysql',
    args: ['--no-defaults', '--host={host}', '--port={port}', '--protocol=TCP', '--user={user}', '--ssl-mode=VERIFY_IDENTITY', '--ssl-ca={caFile}', '--default-character-set=utf8mb4', '--database={database}'],
    environment: { MYSQL_PWD: '{password}' },
  },
  accounts: 'replicated',
  // One that has just started reads its system tables at the first look, from a disk that may be busy.
  timeouts: { initialiseMs: 180_000, startMs: 120_000, stopMs: 120_000, probeMs: 3_000, statementMs: 30_000 },
};
