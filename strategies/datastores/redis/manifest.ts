import type { DebianSuite, EngineSourceSpec } from '../../spi/engine-source.ts';
import type { Manifest } from '../../spi/manifest.ts';

const versionCommand = { binary: 'redis-server', args: ['--version'], pattern: String.raw`v=(\d+\.\d+\.\d+)` } as const;

const sources = (suite: DebianSuite): EngineSourceSpec[] => [
  { kind: 'host', binaries: ['redis-server', 'redis-cli'], searchPaths: ['/usr/bin', '/usr/local/bin'], versionCommand },
  { kind: 'debian', suite, packages: ['redis-server', 'redis-tools'], binDir: 'usr/bin', versionCommand },
];

export const manifest: Manifest = {
  id: 'redis',
  title: 'Redis',
  description: 'In-memory data structures with persistence to disk (AOF and RDB), ACL users and TLS on every connection.',
  version: '0.1.0',
  apiVersion: '^1.0',
  maturity: 'TECHNICAL_PREVIEW',
  capabilities: ['CONFIGURATION', 'GRANTS', 'RESIZE', 'ROOT', 'TLS', 'UPGRADE', 'USERS'],
  absent: { DATABASES: 'the sixteen numbered keyspaces always exist and carry no names or rights; separate users by key patterns in their grants' },
  ports: [{ name: 'redis', purpose: 'client', tls: 'required' }],
  tracks: [
    { name: '7', minMemoryMb: 256, sources: sources('bookworm'), upgradesTo: ['8'] },
    { name: '8', minMemoryMb: 256, sources: sources('trixie'), default: true },
  ],
  connect: {
    command: 'redis-cli',
    install: 'apt install redis-tools',
    args: ['-h', '{host}', '-p', '{port}', '--tls', '--cacert', '{caFile}', '--user', '{user}'],
    environment: { REDISCLI_AUTH: '{password}' },
  },
  accounts: 'per-node',
  timeouts: { initialiseMs: 30_000, startMs: 120_000, stopMs: 120_000, probeMs: 2_000, statementMs: 10_000 },
};
