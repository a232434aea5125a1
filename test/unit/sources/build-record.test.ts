import { describe, expect, it } from 'vitest';
import { buildIdOf, closureHash, operatorRecipe, parseRecord, recipeOf } from '../../../strategies/sources/build-record.ts';
import type { BuildRecord } from '../../../strategies/sources/build-record.ts';
import { eligible, serves } from '../../../strategies/sources/engine-store.ts';
import { createMonotonic } from '../../../strategies/sources/progress.ts';
import { compareVersions, matchesTrack, parseVersion } from '../../../strategies/sources/version.ts';
import type { DebianSource } from '../../../strategies/spi/engine-source.ts';

const spec: DebianSource = {
  kind: 'debian', suite: 'trixie', packages: ['engine-17', 'engine-client-17'], exclude: ['compiler'], binDir: 'usr/bin',
  versionCommand: { binary: 'engined', args: ['--version'], pattern: 'v([0-9.]+)' },
};
const packages = [{ name: 'b', version: '2', sha256: 'y' }, { name: 'a', version: '1', sha256: 'x' }];
const makeRecord = (version: string, installedAt: string, recipe = recipeOf(spec), binDir = '/b/bin'): BuildRecord => ({
  format: 1, recipe, spec, files: ['a.deb', 'b.deb'],
  build: { id: `engine-${version}-0`, datastore: 'engine', track: '17', version, prefix: '/b', binDir, closureHash: 'h', source: 'debian', packages, installedAt },
});

describe('versions', () => {
  it('belong to a track as a whole number does', () => {
    expect(['17', '17.12', '17.0.1'].every((v) => matchesTrack(v, '17'))).toBe(true);
    expect(['170.1', '1.17', '16.9', ''].some((v) => matchesTrack(v, '17'))).toBe(false);
    expect(matchesTrack('10.11.19', '10.11')).toBe(true);
    expect(matchesTrack('10.1.9', '10.11')).toBe(false);
  });

  it('are ordered by their numbers', () => {
    expect(['17.9', '17.12', '9.6', '17.12.1'].toSorted(compareVersions)).toEqual(['9.6', '17.9', '17.12', '17.12.1']);
    expect(compareVersions('17.12', '17.12-0+deb13u1')).toBe(0);
  });

  it('are found in what a program prints', () => {
    expect(parseVersion('warning: x\nengined v17.12 (build 3)\n', '^engined v([0-9.]+)')).toBe('17.12');
    expect(parseVersion('no such option', 'v([0-9.]+)')).toBeUndefined();
  });
});

describe('the identity of a build', () => {
  it('does not depend on the order of packages', () => {
    expect(closureHash(packages)).toBe(closureHash(packages.toReversed()));
    expect(closureHash(packages)).not.toBe(closureHash([...packages.slice(1), { name: 'b', version: '2', sha256: 'z' }]));
  });

  it('changes with what is laid out differently from the same packages', () => {
    const same = { ...spec, packages: spec.packages.toReversed() };
    expect(recipeOf(same)).toBe(recipeOf(spec));
    for (const change of [{ removeFiles: ['usr/lib/x*'] }, { exclude: [] }, { binDir: 'usr/sbin' }, { suite: 'sid' as const }, { packages: ['engine-17'] }]) {
      expect(recipeOf({ ...spec, ...change })).not.toBe(recipeOf(spec));
    }
  });

  it('is a name for a directory, whatever the version says', () => {
    const track = { datastore: 'engine', track: '17' };
    expect(buildIdOf(track, '17.12', 'c', 'r')).toMatch(/^engine-17\.12-[0-9a-f]{8}$/);
    expect(buildIdOf(track, '../../x y', 'c', 'r')).toMatch(/^engine-\.\._\.\._x_y-[0-9a-f]{8}$/);
    expect(buildIdOf(track, '17.12', 'c', 'r')).not.toBe(buildIdOf(track, '17.12', 'c', 'other'));
    expect(buildIdOf(track, '17.12', 'c', 'r')).not.toBe(buildIdOf({ ...track, track: '17.12' }, '17.12', 'c', 'r'));
  });
});

describe('a record on disk', () => {
  it('is read back as it was written', () => {
    const record = makeRecord('17.12', '2026-01-01T00:00:00Z');
    expect(parseRecord(JSON.stringify(record))).toEqual(record);
  });

  it('is nothing when it is torn, foreign or of another format', () => {
    const record = makeRecord('17.12', '2026-01-01T00:00:00Z');
    const texts = ['', '{', 'null', '[]', '{"format":1}', JSON.stringify({ ...record, format: 2 }), JSON.stringify({ ...record, build: { ...record.build, prefix: '' } })];
    expect(texts.map(parseRecord)).toEqual(texts.map(() => undefined));
  });
});

describe('which build a track gets', () => {
  const old = makeRecord('17.9', '2026-03-01T00:00:00Z');
  const current = makeRecord('17.12', '2026-01-01T00:00:00Z');
  const later = makeRecord('17.12', '2026-02-01T00:00:00Z');
  const own = makeRecord('17.99', '2026-02-01T00:00:00Z', operatorRecipe, '/mine');
  const all = [old, current, own, later];

  it('is the newest version, then the latest made, and not an operator\'s that is named no more', () => {
    expect(eligible(all, { datastore: 'engine', track: '17' }, undefined)).toEqual([later, current, old]);
    expect(eligible(all, { datastore: 'engine', track: '16' }, undefined)).toEqual([]);
    expect(eligible(all, { datastore: 'other', track: '17' }, undefined)).toEqual([]);
  });

  it("is the operator's alone where a directory is named", () => {
    expect(eligible(all, { datastore: 'engine', track: '17' }, '/mine')).toEqual([own]);
    expect(eligible(all, { datastore: 'engine', track: '17' }, '/elsewhere')).toEqual([]);
  });

  it('must come from a source the plugin names today', () => {
    expect(serves(current, [spec])).toBe(true);
    expect(serves(current, [{ ...spec, packages: [...spec.packages, 'engine-17-vector'] }])).toBe(false);
  });
});

describe('progress', () => {
  it('never goes back and never passes the end', () => {
    const seen: number[] = [];
    const progress = createMonotonic((fraction) => { seen.push(fraction); });
    for (const fraction of [0.1, 0.5, 0, 0.4, 0.7, 3]) progress(fraction, '');
    expect(seen).toEqual([0.1, 0.5, 0.5, 0.5, 0.7, 1]);
  });
});
