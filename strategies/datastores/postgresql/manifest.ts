import type { DebianSuite, EngineSourceSpec } from '../../spi/engine-source.ts';
import type { Manifest, TrackSpec } from '../../spi/manifest.ts';
import { maintenanceDatabase } from './names.ts';

/** The distribution's multi-version scripts, which want a system Perl. */
const wrappers = ['postgresql-common', 'postgresql-client-common'] as const;
/** `libllvm`: only just-in-time compilation needs it, and it is larger than everything else together. */
const suites: Readonly<Record<string, { suite: DebianSuite; exclude: readonly string[] }>> = {
  15: { suite: 'bookworm', exclude: ['libllvm14', ...wrappers] },
  17: { suite: 'trixie', exclude: ['libllvm19', ...wrappers] },
  18: { suite: 'sid', exclude: ['libllvm21', ...wrappers] },
};
const versionCommand = { binary: 'postgres', args: ['--version'], pattern: String.raw`^postgres \(PostgreSQL\) (\d+\.\d+)` } as const;

function sourcesOf(track: string): EngineSourceSpec[] {
  const found = suites[track];
  const binDir = `usr/lib/postgresql/${track}/bin`;
  return [
    { kind: 'host', binaries: ['postgres', 'initdb', 'psql', 'pg_dump', 'pg_restore'], searchPaths: [`/${binDir}`, `/usr/pgsql-${track}/bin`], versionCommand },
    ...(found ? [{
      kind: 'debian' as const, suite: found.suite, exclude: found.exclude, packages: [`postgresql-${track}`, `postgresql-client-${track}`],
      removeFiles: [`usr/lib/postgresql/${track}/lib/llvmjit*`, `usr/lib/postgresql/${track}/lib/bitcode`], binDir, versionCommand,
    }] : []),
  ];
}

const track = (name: string, endOfLife: string, extra: Partial<TrackSpec> = {}): TrackSpec => ({ name, endOfLife, minMemoryMb: 256, sources: sourcesOf(name), ...extra });

/** The image's CA file is checked against the host's name: `verify-full`. Everything that libpq might expand travels in the environment. */
const connect = {
  command: 'psql',
  install: 'apt install postgresql-client',
  args: ['--host={host}', '--port={port}', '--username={user}'],
  environment: { PGDATABASE: '{database}', PGPASSWORD: '{password}', PGSSLMODE: 'verify-full', PGSSLROOTCERT: '{caFile}' },
  defaultDatabase: maintenanceDatabase,
} as const;

export const manifest: Manifest = {
  id: 'postgresql',
  title: 'PostgreSQL',
  description: 'Object-relational database with SCRAM authentication, TLS on every connection, and C or ICU collations.',
  version: '0.1.0',
  apiVersion: '^1.0',
  maturity: 'TECHNICAL_PREVIEW',
  capabilities: ['CONFIGURATION', 'DATABASES', 'GRANTS', 'RESIZE', 'ROOT', 'TLS', 'UPGRADE', 'USERS'],
  ports: [{ name: 'postgresql', purpose: 'client', tls: 'required' }],
  tracks: [
    track('15', '2027-11-11T00:00:00Z', { upgradesTo: ['17', '18'] }),
    track('17', '2029-11-08T00:00:00Z', { default: true, upgradesTo: ['18'] }),
    track('18', '2030-11-14T00:00:00Z'),
  ],
  connect,
  accounts: 'replicated',
  timeouts: { initialiseMs: 120_000, startMs: 120_000, stopMs: 60_000, probeMs: 2_000, statementMs: 30_000 },
};
