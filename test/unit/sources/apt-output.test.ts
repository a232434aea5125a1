import { describe, expect, it } from 'vitest';
import { classifyAptFailure, describeAptFailure } from '../../../strategies/sources/debian/apt-failure.ts';
import { joinClosure, parsePrintUris, parseRecords, upstreamVersion } from '../../../strategies/sources/debian/closure.ts';
import { packageTitle } from '../../../strategies/sources/debian/download.ts';
import { neededBytes } from '../../../strategies/sources/debian/fetch-packages.ts';
import { strayLibraries } from '../../../strategies/sources/debian/verify-build.ts';
import { describeDownload } from '../../../strategies/sources/progress.ts';

const [hashA, hashB] = ['a'.repeat(64), 'b'.repeat(64)];
const plan = `Reading package lists...
'http://m/pool/main/r/redis/redis-server_8.0.2-3%2bdeb13u3_amd64.deb' redis-server_5%3a8.0.2-3+deb13u3_amd64.deb 2000000 SHA256:${hashA}
'http://m/pool/main/g/glibc/libc6_2.41-12_amd64.deb' libc6_2.41-12_amd64.deb 3000000`;
const records = `Package: redis-server
Source: redis
Version: 5:8.0.2-3+deb13u3
Installed-Size: 200
Size: 2000000
SHA256: ${hashA}
Description: a server
 with a second line: Version: 9

Package: libc6
Version: 2.41-12
Installed-Size: 13000
Size: 3000000
SHA256: ${hashB}
`;

describe('a closure', () => {
  const closure = joinClosure(parsePrintUris(plan), parseRecords(records));

  it('joins what apt would fetch with what the signed index says of it', () => {
    expect(closure).toEqual([
      { name: 'redis-server', version: '5:8.0.2-3+deb13u3', file: 'redis-server_5%3a8.0.2-3+deb13u3_amd64.deb', sizeBytes: 2_000_000, installedBytes: 204_800, sha256: hashA },
      { name: 'libc6', version: '2.41-12', file: 'libc6_2.41-12_amd64.deb', sizeBytes: 3_000_000, installedBytes: 13_312_000, sha256: hashB },
    ]);
  });

  it('is refused when the index has no checksum of a package', () => {
    expect(() => joinClosure(parsePrintUris(plan), parseRecords(records.replace(`SHA256: ${hashB}\n`, '')))).toThrow('no checksum of libc6 2.41-12');
    expect(() => joinClosure(parsePrintUris(plan), [])).toThrow('no checksum of redis-server');
  });

  it('needs room for packages and trees', () => {
    expect(neededBytes(closure)).toBe(Math.round((5_000_000 + 13_516_800) * 1.1));
  });

  it('tells of its download what is really on disk', () => {
    const at = (...bytes: [string, number][]): ReturnType<typeof describeDownload> => describeDownload(closure, new Map(bytes), packageTitle);
    expect(at()).toEqual({ fraction: 0, message: 'downloading redis-server 8.0.2 (0 of 5 MB)' });
    expect(at(['redis-server_5%3a8.0.2-3+deb13u3_amd64.deb', 2_000_000], ['libc6_2.41-12_amd64.deb', 1_000_000])).toEqual({ fraction: 0.6, message: 'downloading libc6 2.41 (3 of 5 MB)' });
    expect(at(['redis-server_5%3a8.0.2-3+deb13u3_amd64.deb', 9e9], ['libc6_2.41-12_amd64.deb', 9e9])).toEqual({ fraction: 1, message: 'downloading packages (5 of 5 MB)' });
  });

  it.each([['17.12-0+deb13u1', '17.12'], ['5:8.0.2-3+deb13u3', '8.0.2'], ['1:1.3.dfsg+really1.3.1-1', '1.3.dfsg'], ['2.41', '2.41'], ['3.5.7-1~deb13u3', '3.5.7']])(
    'says %s to people as %s', (version, said) => { expect(upstreamVersion(version)).toBe(said); });
});

describe('what apt says', () => {
  it.each([
    ["E: Failed to fetch http://m/x.deb  Temporary failure resolving 'm'", 'no-network'],
    ['E: Failed to fetch http://m/x.deb  Could not connect to m:80 (127.0.0.1). - connect (111: Connection refused)', 'no-network'],
    ['E: Failed to fetch http://m/x.deb  404  Not Found [IP: 1.2.3.4 80]', 'no-such-package'],
    ['E: Unable to locate package postgresql-99', 'no-such-package'],
    ["W: GPG error: http://m sid InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 0\nE: Failed to fetch http://m", 'signature'],
    ["E: The repository 'http://m sid InRelease' is not signed.", 'signature'],
    ['E: Failed to fetch http://m/x.deb  Hash Sum mismatch', 'corrupt-package'],
    ["E: You don't have enough free space in /x/archives/.", 'disk-full'],
    ['E: Write error - write (28: No space left on device)\nE: Failed to fetch', 'disk-full'],
    ['E: Something nobody has seen', 'apt-failed'],
  ])('%s means %s', (output, reason) => { expect(classifyAptFailure(output)).toBe(reason); });

  it('is quoted in one line, without what says nothing', () => {
    const output = "Reading package lists...\nE: Failed to fetch http://m/a  Could not resolve 'm'\nE: Failed to fetch http://m/a  Could not resolve 'm'\nE: Some index files failed to download. They have been ignored.";
    expect(describeAptFailure(output)).toEqual({
      reason: 'no-network', message: "the Debian archive could not be reached (apt says: Failed to fetch http://m/a  Could not resolve 'm')",
    });
  });
});

describe("the loader's list of libraries", () => {
  it('shows what leads out of the prefix or nowhere', () => {
    const listing = `\tlinux-vdso.so.1 (0x1)\n\tlibpq.so.5 => /p/usr/lib/x86_64-linux-gnu/libpq.so.5 (0x2)\n\tlibssl.so.3 => /lib/x86_64-linux-gnu/libssl.so.3 (0x3)\n\tlibLLVM.so.19 => not found\n\t/p/usr/lib/ld.so (0x4)\n`;
    expect(strayLibraries(listing, '/p')).toEqual(['libssl.so.3', 'libLLVM.so.19']);
  });
});
