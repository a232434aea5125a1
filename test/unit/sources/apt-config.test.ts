import { describe, expect, it } from 'vitest';
import { decideSandboxUser, hostAcquireLines, isSafeAptPath, renderAptConfig } from '../../../strategies/sources/debian/apt-config.ts';
import { renderStatus } from '../../../strategies/sources/debian/placeholders.ts';

const paths = { state: '/w/state', lists: '/w/lists', status: '/w/status', cache: '/w/cache', archives: '/w/archives', sourcesList: '/w/sources.list' };

describe('a private apt configuration', () => {
  it("takes from the host's how to reach the archive and nothing else", () => {
    const dump = [
      'Acquire "";', 'Acquire::http::Proxy "http://proxy:3128";', 'Acquire::Check-Valid-Until "false";', 'Acquire::AllowInsecureRepositories "1";',
      'Acquire::IndexTargets::deb::Contents-deb::MetaKey "x";', 'Acquire::Languages:: "de";', 'APT::Update::Post-Invoke:: "rm -rf /var/cache/apt";', 'Dir "/";',
    ].join('\n');
    expect(hostAcquireLines(dump)).toEqual(['Acquire::http::Proxy "http://proxy:3128";', 'Acquire::Check-Valid-Until "false";']);
  });

  it('reads no parts of the host and demands signatures, whatever the host says', () => {
    const text = renderAptConfig(paths, ['Acquire::AllowInsecureRepositories "true";'], 'root');
    for (const line of ['Dir::Etc::parts "/dev/null";', 'Dir::Etc::sourceparts "/dev/null";', 'Dir::Etc::trustedparts "/dev/null";', 'APT::Sandbox::User "root";']) expect(text).toContain(line);
    expect(text.lastIndexOf('AllowInsecureRepositories "false"')).toBeGreaterThan(text.lastIndexOf('AllowInsecureRepositories "true"'));
  });

  it('cannot be written for a path apt has no words for', () => {
    expect(isSafeAptPath('/home/a b/coffer')).toBe(true);
    for (const path of ['/a"b', '/a;b', '/a\nb']) expect(isSafeAptPath(path)).toBe(false);
  });

  it.each([
    [{ isRoot: true, hasAptUser: true, isReachable: true }, '_apt'],
    [{ isRoot: true, hasAptUser: true, isReachable: false }, 'root'],
    [{ isRoot: true, hasAptUser: false, isReachable: true }, 'root'],
    [{ isRoot: false, hasAptUser: true, isReachable: true }, 'root'],
  ] as const)('downloads as the unprivileged user where that user can reach the directory: %o → %s', (facts, user) => {
    expect(decideSandboxUser(facts)).toBe(user);
  });
});

describe('the private package database', () => {
  const status = renderStatus(['libllvm19'], ['openssl']);
  const namesIn = (text: string): string[] => [...text.matchAll(/^Package: (.*)$/gm)].map((m) => m[1] ?? '');

  it('claims the machinery and what the plugin excludes, but not what the plugin wants', () => {
    expect(namesIn(status)).toEqual(expect.arrayContaining(['debconf', 'perl', 'libllvm19']));
    expect(namesIn(status)).not.toContain('openssl');
    expect(namesIn(status)).not.toContain('libc6');
  });

  it('names each package once and separates records by an empty line', () => {
    expect(new Set(namesIn(status)).size).toBe(namesIn(status).length);
    expect(status.trimEnd().split('\n\n').length).toBe(namesIn(status).length);
  });

  it('lets perl satisfy perl:any', () => {
    expect(status).toMatch(/Package: perl\n(.*\n)*?Architecture: amd64\nMulti-Arch: allowed/);
  });
});
