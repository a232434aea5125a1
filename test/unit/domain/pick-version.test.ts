import { describe, expect, it } from 'vitest';
import type { Catalogue, VersionDoc, Viewer } from '../../../gateway/domain/api.ts';
import { flavorsFor } from '../../../gateway/domain/catalogue/flavors-for.ts';
import { decideDefault } from '../../../gateway/domain/catalogue/read.ts';
import { generatePassword, pickVersion, requireCapability, toNewUser } from '../../../gateway/domain/instance/validate-create.ts';
import { seesVersion } from '../../../gateway/domain/policy.ts';
import type { CofferError } from '../../../kernel/errors.ts';

const version = (name: string, more: Partial<VersionDoc> = {}): VersionDoc =>
  ({ id: `dv_${name}`, name, datastoreId: 'ds_1', datastore: 'engine', active: true, deprecated: false, endOfLife: null, capabilities: ['DATABASES', 'USERS'], absent: [{ capability: 'ROOT', reason: 'it has none' }], minMemoryMb: 256, visibility: 'PUBLIC', projectIds: [], flavorIds: null, revision: 1, ...more }) as VersionDoc;
const versions = [version('15'), version('16', { active: false }), version('17'), version('18', { visibility: 'PRIVATE', projectIds: ['proj_own'] })];
const viewer: Viewer = { role: 'EDITOR', projectId: 'proj_other' };
const catalogue = (defaultVersion: VersionDoc | undefined): Catalogue => ({
  datastore: (name: string) => (name === 'engine' || name === 'ds_1' ? { id: 'ds_1', name: 'engine' } : undefined),
  versions: (who: Viewer, _id: string, includeInactive: boolean) => versions.filter((v) => (includeInactive || v.active) && seesVersion(who, v)),
  defaultVersion: () => defaultVersion,
}) as unknown as Catalogue;
const pick = (datastore: string, wanted: string | null, who: Viewer = viewer, preferred: VersionDoc | undefined = versions[2]): VersionDoc => pickVersion(catalogue(preferred), who, datastore, wanted);
const told = (act: () => unknown): string => { try { act(); return 'nothing'; } catch (error) { const { code, message, remedy } = error as CofferError; return [code, message, remedy].join(' | '); } };

describe('the version of a new instance', () => {
  it('is the default when none is named', () => expect(pick('engine', null).name).toBe('17'));
  it('is the named one, by name or id', () => expect([pick('engine', '15').name, pick('ds_1', 'dv_15').name]).toEqual(['15', '15']));
  it.each([['nothing', null, 'datastore nothing'], ['engine', '9', 'version 9 of engine']])('%s %s is not found', (name, wanted, message) => expect(() => pick(name, wanted)).toThrow(message));
  it('is refused where it is not active, naming those that are', () => expect(told(() => pick('engine', '16'))).toBe('PRECONDITION.STATE | engine 16 takes no new instances: it is not active | Choose another: 15, 17.'));
  it('is not guessed where there is no default', () => expect(() => pickVersion(catalogue(undefined), viewer, 'engine', null)).toThrow('default version of engine'));
  it('that is private is there for its projects and operators, and for others as if it did not exist', () => {
    expect([pick('engine', '18', { role: 'VIEWER', projectId: 'proj_own' }).name, pick('engine', '18', { role: 'OPERATOR', projectId: null }).name]).toEqual(['18', '18']);
    expect(told(() => pick('engine', '18')).replace('18', '19')).toBe(told(() => pick('engine', '19')));
    expect(told(() => pick('engine', 'dv_18')).replace('dv_18', 'dv_19')).toBe(told(() => pick('engine', 'dv_19')));
  });
});

describe('the default of a datastore', () => {
  it('is what operators chose, else what the plugin chose, else the first, of those that can be had', () => {
    const names = (chosen: string | null, plugins: string | undefined, among = versions): (string | undefined)[] => [decideDefault(among, chosen, plugins)?.name];
    expect([names('dv_15', '17'), names('dv_9', '17'), names(null, '17'), names('dv_9', '9'), names('dv_15', '17', [])].flat()).toEqual(['15', '17', '17', '15', undefined]);
  });
});

describe('the flavors of a version', () => {
  const flavors = [['nano', 256], ['small', 1_024], ['large', 4_096]].map(([name, memoryMb]) => ({ id: `flv_${name}`, name: name as string, vcpus: 1, memoryMb: memoryMb as number }));
  const names = (minMemoryMb: number, flavorIds: string[] | null): string => flavorsFor({ flavors: () => flavors }, { minMemoryMb, flavorIds }).map(({ name }) => name).join(' ');
  it('are all it works in until some are chosen', () => expect(names(512, null)).toBe('small large'));
  it('are those that were chosen, as far as it works in them', () => expect([names(256, ['flv_nano', 'flv_large']), names(512, ['flv_nano', 'flv_large']), names(512, ['flv_nano'])]).toEqual(['nano large', 'large', '']));
});

describe('what is asked of a version', () => {
  it('is refused with the reason where it is absent', () => {
    expect(() => requireCapability(versions[0]!, 'ROOT')).toThrow('engine 15 has no ROOT: it has none');
    expect(() => requireCapability(versions[0]!, 'USERS')).not.toThrow();
  });
  it('a user made with databases gets those named, or all made with it', () => {
    const grants = (databases?: string[]) => toNewUser({ name: 'ada', databases }, versions[0]!, [{ name: 'shop' }, { name: 'blog' }]).grants.map((g) => g.database);
    expect([grants(), grants(['blog']), grants([])]).toEqual([['shop', 'blog'], ['blog'], []]);
  });
  it('where the engine has no databases a user gets the usual set', () =>
    expect(toNewUser({ name: 'ada' }, version('8', { capabilities: ['USERS'] }), []).grants).toEqual([{ database: null, privileges: [] }]));
  it('a generated password is long and never the same', () => {
    const made = Array.from({ length: 100 }, generatePassword);
    expect(new Set(made).size).toBe(100);
    expect(Math.min(...made.map((p) => p.length))).toBeGreaterThanOrEqual(32);
  });
});
