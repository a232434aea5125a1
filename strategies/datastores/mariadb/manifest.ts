import type { DebianSuite, EngineSourceSpec } from '../../spi/engine-source.ts';
import type { Manifest } from '../../spi/manifest.ts';

export const portName = 'mariadb';
/** The server's program lies beside the clients' directory. */
export const serverProgram = '../sbin/mariadbd';
const versionCommand = { binary: serverProgram, args: ['--version'], pattern: String.raw`Ver (\d+\.\d+\.\d+)-MariaDB` } as const;

const sources = (suite: DebianSuite): EngineSourceSpec[] => [
  { kind: 'host', binaries: ['mariadb', serverProgram], searchPaths: ['/usr/bin'], versionCommand },
  { kind: 'debian', suite, packages: ['mariadb-server-core', 'mariadb-client-core'], binDir: 'usr/bin', versionCommand },
];

export const manifest: Manifest = {
  id: 'mariadb',
  title: 'MariaDB',
  description: 'Relational database with TLS on every connection, accounts bound to hosts, and a binary log with global transaction ids from birth.',
  version: '0.1.0',
  apiVersion: '^1.0',
  maturity: 'TECHNICAL_PREVIEW',
  capabilities: ['CONFIGURATION', 'DATABASES', 'GRANTS', 'RESIZE', 'ROOT', 'TLS', 'UPGRADE', 'USERS'],
  ports: [{ name: portName, purpose: 'client', tls: 'required' }],
  tracks: [
    { name: '10.11', endOfLife: '2028-02-16T00:00:00Z', minMemoryMb: 256, sources: sources('bookworm'), upgradesTo: ['11.8'] },
    { name: '11.8', endOfLife: '2028-06-04T00:00:00Z', default: true, minMemoryMb: 256, sources: sources('trixie') },
  ],
  connect: {
    command: 'mariadb',
    install: 'apt install mariadb-client',
    args: ['--no-defaults', '--host={host}', '--port={port}', '--protocol=TCP', '--user={user}', '--ssl', '--ssl-verify-server-cert', '--ssl-ca={caFile}', '--default-character-set=utf8mb4', '--database={database}'],
    environment: { MYSQL_PWD: '{password}' },
  },
  accounts: 'replicated',
  timeouts: { initialiseMs: 120_000, startMs: 120_000, stopMs: 120_000, probeMs: 2_000, statementMs: 30_000 },
};
