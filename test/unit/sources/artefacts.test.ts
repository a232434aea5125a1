import { describe, expect, it } from 'vitest';
import { artefactBytes, isInsidePath, readArtefacts } from '../../../strategies/sources/artefacts/artefact.ts';
import { strippedName } from '../../../strategies/sources/artefacts/lay-artefacts.ts';
import { recipeOf } from '../../../strategies/sources/build-record.ts';
import type { ArchiveArtefact, DebianSource, MavenArtefact, WheelArtefact } from '../../../strategies/spi/engine-source.ts';

const [one, other] = ['1'.repeat(64), '2'.repeat(64)];
const jar: MavenArtefact = { kind: 'maven', path: 'org/example/thing/1.0/thing-1.0.jar', sha256: one, sizeBytes: 100, into: 'usr/share/engine/lib' };
const wheel: WheelArtefact = {
  kind: 'wheel', project: 'engine-bin', version: '6.0', file: 'engine_bin-6.0-py3-none-any.whl', sha256: other, sizeBytes: 100, programs: { 'engine/bin/engined': 'usr/bin/engined' },
};
const archive: ArchiveArtefact = {
  kind: 'archive', name: 'engine', version: '9', url: 'https://example.org/dl/engine-9.tar.gz?token=1', sha256: one, sizeBytes: 100, format: 'tar.gz', strip: 1, into: 'opt/engine',
};
const plain: DebianSource = { kind: 'debian', suite: 'trixie', packages: ['redis-server', 'redis-tools'], binDir: 'usr/bin', versionCommand: { binary: 'redis-server', args: ['--version'], pattern: 'v=([0-9.]+)' } };

describe('an artefact', () => {
  it('has the name and version of its registry, and a file name that no other file can have', () => {
    expect(readArtefacts([jar, wheel, archive]).map(({ name, version, file }) => ({ name, version, file }))).toEqual([
      { name: 'org.example:thing', version: '1.0', file: '111111111111-thing-1.0.jar' },
      { name: 'engine-bin', version: '6.0', file: '222222222222-engine_bin-6.0-py3-none-any.whl' },
      { name: 'engine', version: '9', file: '111111111111-engine-9.tar.gz' },
    ]);
    const native = { ...jar, path: 'io/n/tcnative/2.0.70.Final/tcnative-2.0.70.Final-linux-x86_64.jar' };
    expect(readArtefacts([native])[0]).toMatchObject({ name: 'io.n:tcnative:linux-x86_64', version: '2.0.70.Final' });
  });

  it('needs room for itself and for what comes out of it', () => {
    expect(artefactBytes(readArtefacts([jar]))).toBe(200);
    expect(artefactBytes(readArtefacts([wheel]))).toBe(500);
  });

  it.each([
    ['a checksum in capitals', { ...jar, sha256: 'A'.repeat(64) }, /SHA-256/],
    ['no size', { ...jar, sizeBytes: 0 }, /size/],
    ['a target above the prefix', { ...jar, into: 'usr/../../etc' }, /not a path below the prefix/],
    ['an absolute target', { ...jar, into: '/etc' }, /not a path below the prefix/],
    ['a program above the prefix', { ...wheel, programs: { x: '../x' } }, /not a path below the prefix/],
    ['a path that is none of Maven', { ...jar, path: 'thing.jar' }, /Maven repository/],
    ['a path that climbs', { ...jar, path: 'org/../../x/1/x-1.jar' }, /Maven repository/],
    ['a file name with a slash', { ...wheel, file: '../x.whl' }, /file name/],
    ['an address that is no web address', { ...archive, url: 'file:///etc/passwd' }, /http or https/],
  ])('with %s is refused', (_, spec, words) => { expect(() => readArtefacts([spec])).toThrow(words); });

  it.each([['usr/bin/x', true], ['a', true], ['', false], ['/a', false], ['a//b', false], ['a/./b', false], ['a/..', false], ['a\\b', false], ['a\nb', false]])(
    'path %j is inside a prefix: %s', (path, inside) => { expect(isInsidePath(path)).toBe(inside); });

  it('of an archive loses its leading directories', () => {
    expect(strippedName('engine-9/bin/engined', 1)).toBe('bin/engined');
    expect(strippedName('engine-9/bin/', 1)).toBeUndefined();
    expect(strippedName('README', 1)).toBeUndefined();
    expect(strippedName('README', 0)).toBe('README');
  });
});

describe('the recipe of a source', () => {
  it('without artefacts is what it was before there were any, so that builds stay valid', () => {
    expect(recipeOf(plain)).toBe('3305ec7b1e1c9898dd72a313adf6b0fec7dc168db032f998d15e32ae8047d717');
    expect(recipeOf({ ...plain, artefacts: [] })).toBe(recipeOf(plain));
  });

  it('changes with what artefacts bring and where it goes', () => {
    const base = recipeOf({ ...plain, artefacts: [jar, wheel, archive] });
    expect(base).not.toBe(recipeOf(plain));
    for (const artefacts of [
      [{ ...jar, into: 'usr/lib' }, wheel, archive], [{ ...jar, sha256: other }, wheel, archive], [jar, { ...wheel, programs: { 'engine/bin/engined': 'usr/sbin/engined' } }, archive],
      [jar, wheel, { ...archive, strip: 2 }], [jar, wheel],
    ]) expect(recipeOf({ ...plain, artefacts })).not.toBe(base);
  });

  it('does not change with their order, nor with the address an archive is fetched from', () => {
    const base = recipeOf({ ...plain, artefacts: [jar, wheel, archive] });
    expect(recipeOf({ ...plain, artefacts: [{ ...archive, url: 'https://mirror.example.org/e.tar.gz' }, jar, wheel] })).toBe(base);
  });
});
