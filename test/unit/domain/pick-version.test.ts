import { describe, expect, it } from 'vitest';
import type { Catalogue, VersionDoc } from '../../../gateway/domain/api.ts';
import { generatePassword, pickVersion, requireCapability, toNewUser } from '../../../gateway/domain/instance/validate-create.ts';

const version = (name: string, more: Partial<VersionDoc> = {}): VersionDoc =>
  ({ id: `dv_${name}`, name, datastoreId: 'ds_1', datastore: 'engine', active: true, deprecated: false, endOfLife: null, capabilities: ['DATABASES', 'USERS'], absent: [{ capability: 'ROOT', reason: 'it has none' }], minMemoryMb: 256, ...more });
const versions = [version('15'), version('16', { active: false }), version('17')];
const catalogue = (defaultVersionId: string | null): Catalogue => ({
  datastore: (name: string) => (name === 'engine' || name === 'ds_1' ? { id: 'ds_1', name: 'engine', defaultVersionId } : undefined),
  versions: (_id: string, includeInactive: boolean) => versions.filter((v) => includeInactive || v.active),
}) as unknown as Catalogue;

describe('the version of a new instance', () => {
  it('is the default when none is named', () => expect(pickVersion(catalogue('dv_17'), 'engine', null).name).toBe('17'));
  it('is the named one, by name or id', () => expect([pickVersion(catalogue('dv_17'), 'engine', '15').name, pickVersion(catalogue('dv_17'), 'ds_1', 'dv_15').name]).toEqual(['15', '15']));
  it.each([['nothing', null, 'datastore nothing'], ['engine', '9', 'active version 9 of engine'], ['engine', '16', 'active version 16 of engine']])('%s %s is not found', (datastore, wanted, message) =>
    expect(() => pickVersion(catalogue('dv_17'), datastore, wanted)).toThrow(message));
  it('is not guessed where there is no default', () => expect(() => pickVersion(catalogue(null), 'engine', null)).toThrow('default version of engine'));
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
