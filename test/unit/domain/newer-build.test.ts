import { describe, expect, it } from 'vitest';
import { newerThan, newestBuild } from '../../../gateway/domain/upgrade/newer-build.ts';
import { decideNews } from '../../../gateway/hosts/newer-builds.ts';
import { installedText } from '../../../gateway/operations/workflows/install-engine.ts';
import type { ListedBuild } from '../../../strategies/spi/compute.ts';

const build = (id: string, version: string, { at = '2026-01-01T00:00:00Z', track = '8', ...rest }: { at?: string; track?: string; offered?: boolean } = {}): ListedBuild =>
  ({ id, version, installedAt: at, track, datastore: 'redis', ...rest }) as ListedBuild;
const redis8 = { datastore: 'redis', track: '8' };

describe('the newest build', () => {
  it('is of the track, by version as numbers, then by when it was installed', () => {
    const builds = [build('a', '8.0.9'), build('b', '8.0.10'), build('c', '8.0.10', { at: '2026-02-01T00:00:00Z' }), build('d', '9.0.0', { at: '2026-03-01T00:00:00Z', track: '9' })];
    expect(newestBuild(builds, redis8)?.id).toBe('c');
    expect(newestBuild(builds, { ...redis8, track: '7' })).toBeUndefined();
  });
  it('is what the host gives to new instances, where it tells', () => {
    expect(newestBuild([build('a', '8.0.9', { offered: true }), build('b', '8.0.10', { offered: false })], redis8)?.id).toBe('a');
    expect(newestBuild([build('b', '8.0.10', { offered: false })], redis8)).toBeUndefined();
  });
});

describe('a newer build than that of an instance', () => {
  const instance = { ...redis8, buildId: 'own', buildVersion: '8.0.9' };
  const own = build('own', '8.0.9');
  const newer = (...builds: ListedBuild[]): string | undefined => newerThan(builds, instance)?.id;
  it('has a later version, or the same and came later', () => {
    expect(newer(own, build('a', '8.0.10'))).toBe('a');
    expect(newer(own, build('a', '8.0.9', { at: '2026-02-01T00:00:00Z' }))).toBe('a');
  });
  it('is never an older one, also where that is what new instances get', () => {
    expect(newer(own)).toBeUndefined();
    expect(newer(own, build('a', '8.0.8', { at: '2026-02-01T00:00:00Z' }))).toBeUndefined();
    expect(newer({ ...own, offered: false }, build('a', '8.0.8', { offered: true }))).toBeUndefined();
    expect(newer(own, build('a', '9.0.0', { track: '9' }))).toBeUndefined();
  });
  it('is told by the version alone where the own one is not on the host any more', () => {
    expect(newer(build('a', '8.0.10'))).toBe('a');
    expect(newer(build('a', '8.0.9', { at: '2026-02-01T00:00:00Z' }))).toBeUndefined();
  });
  it('is none of an instance that has no build yet', () => expect(newerThan([build('a', '8.0.10')], { ...redis8, buildId: null, buildVersion: null })).toBeNull());
});

describe('what there is to tell', () => {
  const group = { ...redis8, buildId: 'own', buildVersion: '8.0.9', told: null };
  const builds = [build('own', '8.0.9'), build('a', '8.0.10')];
  it('is a newer build, once', () => {
    const news = decideNews(builds, group);
    expect(news).toEqual({ than: 'own', id: 'a', version: '8.0.10' });
    expect(decideNews(builds, { ...group, told: news! })).toBeUndefined();
  });
  it('is that there is none any more', () => expect(decideNews([builds[0]!], { ...group, told: { than: 'own', id: 'a', version: '8.0.10' } })).toBeNull());
  it('is nothing where what was told was of another build, and there is no newer one', () => {
    expect(decideNews(builds, { ...group, buildId: 'a', buildVersion: '8.0.10', told: { than: 'own', id: 'a', version: '8.0.10' } })).toBeUndefined();
  });
});

it('an installation says whether there was something new', () => {
  const made = build('a', '8.0.10');
  expect(installedText(made, { isNew: true, refresh: true })).toBe('installed redis 8.0.10 (a)');
  expect(installedText(made, { isNew: false, refresh: true })).toBe('the newest build of redis 8 is installed already: 8.0.10 (a)');
  expect(installedText(made, { isNew: false, refresh: false })).toMatch(/^redis 8 is installed already: 8\.0\.10 \(a\); its source was not asked/);
});
