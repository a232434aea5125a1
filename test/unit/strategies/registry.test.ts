import { describe, expect, it } from 'vitest';
import type { DatastorePlugin } from '../../../strategies/spi/datastore.ts';
import { capabilitiesOf, GuestFault } from '../../../strategies/spi/guest.ts';
import { decideNames, loadPlugin, loadSource, namedPackages, packagesOf, pluginSources } from '../../../strategies/registry.ts';
import { fitsSpi, manifestProblems } from '../../../strategies/manifest-problems.ts';
import { spiVersion } from '../../../strategies/spi/manifest.ts';
import tiny from '../../fixtures/tiny-datastore/index.ts';
import { manifest } from '../../fixtures/tiny-datastore/manifest.ts';

const source = (plugin: unknown, name: string | null = null) => ({ name, origin: 'package', load: async () => ({ default: plugin }) });

describe('the registry', () => {
  it('every built-in plugin is fit', async () => {
    for (const one of pluginSources([])) expect(await loadSource(one)).toMatchObject({ state: 'READY', name: one.name, origin: 'built-in' });
  });
  it('a good plugin of a package is ready under the name of its manifest', async () => {
    expect(await loadSource(source(tiny))).toMatchObject({ state: 'READY', name: 'tiny', origin: 'package' });
  });
  it('a plugin that was built against the oldest contract is ready, with faults and groups of its own copy', async () => {
    // as a published package: nothing of it is checked here but what it does
    const published: string = import.meta.resolve('../../fixtures/plugin-built-against-1.0/index.js');
    const { default: oldest } = (await import(published)) as { default: DatastorePlugin };
    expect(await loadSource(source(oldest))).toMatchObject({ state: 'READY', name: 'first-contract' });
    const guest = await oldest.guest();
    expect(capabilitiesOf(guest)).toEqual(['TLS', 'USERS']);
    const fault: unknown = await guest.users!.create({ paths: {} } as never, { name: 'coffer', password: 'x', grants: [] }).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(GuestFault);
    expect(fault).toMatchObject({ code: 'REFUSED' });
  });
  it('a plugin of a contract without configuration groups loses that claim alone', async () => {
    const published: string = import.meta.resolve('../../fixtures/plugin-built-against-1.0/index.js');
    const { default: oldest } = (await import(published)) as { default: DatastorePlugin };
    const loaded = await loadSource(source(oldest));
    if (loaded.state !== 'READY') throw new Error(loaded.problem);
    const { manifest: effective, control, guest, client } = loaded.plugin;
    expect(effective).toEqual({ ...oldest.manifest, capabilities: ['TLS', 'USERS'], absent: { ...oldest.manifest.absent, CONFIGURATION: 'the plugin was written for a contract that had no configuration groups' } });
    expect(oldest.manifest.capabilities).toContain('CONFIGURATION');
    expect([control, await guest(), await client()]).toEqual([oldest.control, await oldest.guest(), await oldest.client()]);
  });
  const { parameters: _left, ...plain } = tiny.control;
  const groups = { ...plain, parameters: async () => [] };
  const claiming = (apiVersion: string, control: typeof tiny.control = plain): Promise<unknown> => loadSource(source({ ...tiny, control, manifest: { ...manifest, apiVersion, capabilities: ['CONFIGURATION', 'USERS'], absent: {} } }));
  const capabilities = (...names: string[]): object => ({ state: 'READY', plugin: { manifest: { capabilities: names } } });
  it('who has a catalogue has configuration groups, whatever else it works with', async () => {
    for (const range of ['^1.0', '^1.3']) expect(await claiming(range, groups)).toMatchObject(capabilities('CONFIGURATION', 'USERS'));
  });
  it('who has none and claims them is disabled if it was written for them, else does without', async () => {
    for (const range of ['^1.0', '^1.2']) expect(await claiming(range)).toMatchObject(capabilities('USERS'));
    for (const range of ['^1.3', '1.4']) expect(await claiming(range)).toMatchObject({ state: 'DISABLED', problem: 'manifest.capabilities claims CONFIGURATION, and control has no parameters: since contract 1.3 it stands for configuration groups' });
  });
  it.each([
    ['that cannot be loaded', { name: null, origin: 'broken', load: async () => { throw new Error('no such package'); } }, /no such package/],
    ['that throws something else than an error', { name: null, origin: 'broken', load: async () => { throw 'just so'; } }, /just so/],
    ['that throws when it is looked at', source({ get manifest() { throw new Error('do not look'); } }), /do not look/],
    ['that is none', source({}), /manifest is missing.*guest must be/],
    ['without a default export', { name: null, origin: 'x', load: async () => ({}) }, /definePlugin/],
    ['written for another contract', source({ ...tiny, manifest: { ...manifest, apiVersion: '^2.0' } }), /apiVersion \^2\.0/],
    ['with an optional method that is none', source({ ...tiny, control: { ...tiny.control, parameters: [] } }), /control\.parameters must be a function/],
    ['whose manifest has another name', source(tiny, 'other'), /manifest\.id is tiny, expected other/],
  ])('a plugin %s is disabled with its reason', async (_what, broken, problem) => {
    expect(await loadSource(broken)).toMatchObject({ state: 'DISABLED', problem: expect.stringMatching(problem) as string });
  });
  it('a plugin that never finishes loading is disabled, and the others live', async () => {
    const hanging = { name: null, origin: 'slow', load: () => new Promise(() => {}) };
    expect(await loadSource(hanging, 20)).toMatchObject({ state: 'DISABLED', name: 'slow', problem: 'It could not be loaded: it did not load within 0.02 s' });
  });
  it('processes that are handed the setting read it alike', () => {
    expect(namedPackages({ COFFER_PLUGINS: 'one,/two/index.mjs' })).toEqual(['one', '/two/index.mjs']);
    expect([namedPackages({}), namedPackages({ COFFER_PLUGINS: '' })]).toEqual([[], []]);
  });
  it('a name is given once, to the first', () => {
    const names = decideNames([{ state: 'READY', name: 'tiny', origin: 'built-in', plugin: tiny }, { state: 'READY', name: 'tiny', origin: 'package', plugin: tiny }]);
    expect(names.map((one) => one.state)).toEqual(['READY', 'DISABLED']);
  });
  it('a process of one datastore is told of the package of its own plugin alone, ready or not', () => {
    const own = { state: 'READY', name: 'tiny', plugin: tiny } as const;
    const broken = { state: 'DISABLED', name: '/bad.mjs', origin: '/bad.mjs', problem: 'it loops' } as const;
    const loaded = decideNames([{ ...own, name: 'inside', origin: 'built-in' }, broken, { ...own, origin: '/tiny.mjs' }, { ...own, origin: '/late.mjs' }, { ...broken, name: 'known' }]);
    expect(['inside', 'tiny', 'known', 'stranger'].map((name) => packagesOf(loaded, name))).toEqual([[], ['/tiny.mjs'], ['/bad.mjs'], undefined]);
  });
  it('a missing one is named', async () => { await expect(loadPlugin('nothing')).rejects.toThrow(/no datastore plugin nothing/); });
});

describe('a manifest', () => {
  const withChange = (change: object): string => manifestProblems({ ...manifest, ...change }).join('; ');
  it('that is right has no problems', () => expect(manifestProblems(manifest)).toEqual([]));
  it.each([
    [{ id: 'Not Good' }, /manifest\.id/], [{ version: '1' }, /manifest\.version/], [{ maturity: 'NEW' }, /maturity/], [{ maturityReason: 3 }, /maturityReason/], [{ volatileData: true }, /volatileData/], [{ openSessions: { outliveNewPassword: true } }, /openSessions/], [{ openSessions: { outlive: 'x' } }, /openSessions/], [{ accounts: 'x' }, /accounts/],
    [{ capabilities: ['FLYING'] }, /no capability FLYING/], [{ absent: { USERS: 'x' } }, /both a capability and absent/],
    [{ ports: [] }, /at least one port/], [{ ports: [{ name: 'a', purpose: 'client', tls: 'no' }] }, /tls must be required/],
    [{ tracks: [] }, /at least one track/], [{ tracks: [{ ...manifest.tracks[0], default: false }] }, /exactly one must be the default/],
    [{ ports: [{ name: 'a', purpose: 'client', tls: 'none' }] }, /tls must be required/], [{ ports: [{ name: 'a', purpose: 'peer', tls: 'none' }] }, /or none for management/],
    [{ connect: { command: 'c', args: ['{password}'], environment: {} } }, /must not hold a password/],
    [{ connect: { command: 'c', args: ['{file:a}'], environment: {} } }, /there is no file a/], [{ connect: { command: 'c', args: [], environment: {}, files: { '../a': 'x' } } }, /connect\.files must be/],
    [{ timeouts: { ...manifest.timeouts, startMs: 4_000_000 } }, /startMs must be between/], [{ timeouts: undefined }, /timeouts is missing/],
  ])('%j is refused', (change, problem) => expect(withChange(change)).toMatch(problem));
  it.each([['1.1', true], ['1.0', false], ['^1.0', true], ['^1.0.0', true], ['^1.1', true], ['^1.2', false], ['2.0', false], ['^2.0', false], ['*', false], ['', false]])('range %s fits contract 1.1: %s', (range, fits) => expect(fitsSpi(range, '1.1')).toBe(fits));
  it('this release speaks 1.4, and SDK and kit are published as that', async () => {
    const { default: sdk } = await import('../../../sdk/package.json', { with: { type: 'json' } });
    const { default: kit } = await import('../../../kit/package.json', { with: { type: 'json' } });
    expect([spiVersion, ...[sdk, kit].map(({ version }) => version.split('.').slice(0, 2).join('.'))]).toEqual(['1.4', '1.4', '1.4']);
  });
});
