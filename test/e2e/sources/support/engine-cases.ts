import type { DebianSource, DebianSuite, EngineSourceSpec } from '../../../../strategies/spi/engine-source.ts';

/** Real sources to install from, as plugins' manifests name them. */
const postgresql = (track: string, suite: DebianSuite, llvm: string): DebianSource => ({
  kind: 'debian', suite, packages: [`postgresql-${track}`, `postgresql-client-${track}`],
  exclude: [llvm, 'postgresql-common', 'postgresql-client-common'],
  removeFiles: [`usr/lib/postgresql/${track}/lib/llvmjit*`, `usr/lib/postgresql/${track}/lib/bitcode`],
  binDir: `usr/lib/postgresql/${track}/bin`,
  versionCommand: { binary: 'postgres', args: ['--version'], pattern: '\\(PostgreSQL\\) ([0-9.]+)' },
});
const redis = (suite: DebianSuite): DebianSource => ({
  kind: 'debian', suite, packages: ['redis-server', 'redis-tools'], binDir: 'usr/bin',
  versionCommand: { binary: 'redis-server', args: ['--version'], pattern: 'v=([0-9.]+)' },
});

export interface EngineCase { datastore: string; track: string; sources: EngineSourceSpec[] }
export const engineCases: readonly EngineCase[] = [
  { datastore: 'postgresql', track: '17', sources: [postgresql('17', 'trixie', 'libllvm19')] },
  { datastore: 'redis', track: '8', sources: [redis('trixie')] },
  { datastore: 'postgresql', track: '15', sources: [postgresql('15', 'bookworm', 'libllvm14')] },
  { datastore: 'postgresql', track: '18', sources: [postgresql('18', 'sid', 'libllvm21')] },
  { datastore: 'redis', track: '7', sources: [redis('bookworm')] },
];
export const engineCase = (datastore: string, track: string): EngineCase => {
  const found = engineCases.find((c) => c.datastore === datastore && c.track === track);
  if (found === undefined) throw new Error(`no case for ${datastore} ${track}`);
  return found;
};
