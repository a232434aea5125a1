import { describe, expect, it } from 'vitest';
import { chooseArchives, parseIndexTargets, parseUpdateUris, renderSourcesList } from '../../../strategies/sources/debian/apt-archive.ts';

const uris = `'http://mirror.example/debian/dists/bookworm/InRelease' mirror_InRelease 0
'http://mirror.example/debian/dists/bookworm-updates/InRelease' mirror_InRelease 0
'http://mirror.example/debian-security/dists/bookworm-security/InRelease' mirror_InRelease 0
'https://vendor.example/linux/debian/dists/bookworm/InRelease' vendor_InRelease 0
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror_Packages 0`;
const labels = `http://mirror.example/debian/|bookworm|Debian
http://mirror.example/debian-security/|bookworm-security|Debian-Security
https://vendor.example/linux/debian/|bookworm|Vendor
http://nolabel.example/|bookworm|$(LABEL)`;

describe("the host's own apt sources", () => {
  it('are read from what an update would fetch, once per suite', () => {
    expect(parseUpdateUris(uris).map((s) => `${s.uri} ${s.release}`)).toEqual([
      'http://mirror.example/debian bookworm', 'http://mirror.example/debian bookworm-updates',
      'http://mirror.example/debian-security bookworm-security', 'https://vendor.example/linux/debian bookworm',
    ]);
  });

  it('have a label only where the host has lists', () => {
    expect(parseIndexTargets(labels).map((s) => s.label)).toEqual(['Debian', 'Debian-Security', 'Vendor', undefined]);
  });
});

describe('the Debian archive among them', () => {
  const all = parseUpdateUris(uris);
  const found = { main: 'http://mirror.example/debian', hasUpdates: true, security: 'http://mirror.example/debian-security' };

  it('is told by its label', () => {
    expect(chooseArchives(all.toReversed(), parseIndexTargets(labels))).toEqual(found);
  });

  it('is the one with updates beside it where there are no labels', () => {
    expect(chooseArchives(all.toReversed(), [])).toEqual(found);
  });

  it('is none on a host of another distribution', () => {
    const other = [{ uri: 'http://archive.example/ubuntu', release: 'noble' }, { uri: 'http://archive.example/ubuntu', release: 'noble-security' }];
    expect(chooseArchives(other, [])).toBeUndefined();
    expect(chooseArchives([{ uri: 'http://x.example/derivative', release: 'stable' }], [{ uri: 'http://x.example/derivative', release: 'stable', label: 'Derivative' }])).toBeUndefined();
  });

  it('is never a medium that has to be inserted', () => {
    expect(chooseArchives([{ uri: 'cdrom:[Debian 12]', release: 'bookworm' }], [])).toBeUndefined();
  });

  it('may have no security and no updates', () => {
    expect(chooseArchives([{ uri: 'http://mirror.example/debian', release: 'bookworm' }], [])).toEqual({ main: 'http://mirror.example/debian', hasUpdates: false });
  });
});

describe('the private list of sources', () => {
  const archives = { main: 'http://m/debian', hasUpdates: true, security: 'http://m/security' };

  it('asks for another suite what the host asks for its own, signed by Debian keys', () => {
    expect(renderSourcesList(archives, 'trixie', '/keys.gpg')).toBe([
      'deb [arch=amd64 signed-by=/keys.gpg] http://m/debian trixie main',
      'deb [arch=amd64 signed-by=/keys.gpg] http://m/debian trixie-updates main',
      'deb [arch=amd64 signed-by=/keys.gpg] http://m/security trixie-security main', '',
    ].join('\n'));
  });

  it('knows that unstable has neither updates nor security', () => {
    expect(renderSourcesList(archives, 'sid', '/k')).toBe('deb [arch=amd64 signed-by=/k] http://m/debian sid main\n');
  });
});
