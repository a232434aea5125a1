import { describe, expect, it } from 'vitest';
import { EngineBuild as WireBuild } from '../../../proto/generated/coffer/compute/v1/compute.ts';
import { buildFromWire, buildToWire } from '../../../strategies/compute/process/wire.ts';
import type { EngineBuild } from '../../../strategies/spi/engine-source.ts';

describe('a build on its way from the compute role to the gateway', () => {
  it.each(['host', 'debian', 'archive'] as const)('stays what it is: %s', (source) => {
    const build: EngineBuild = {
      id: 'engine-1-00000000', datastore: 'engine', track: '1', version: '1.2', prefix: '/b', binDir: '/b/bin', closureHash: 'c', source,
      packages: [{ name: 'org.example:thing', version: '1.0', sha256: '0'.repeat(64) }], installedAt: '2026-01-01T00:00:00Z',
    };
    expect(buildFromWire(WireBuild.decode(WireBuild.encode(buildToWire(build)).finish()))).toEqual(build);
  });
});
