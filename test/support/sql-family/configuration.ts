/** What servers of the family have in common about configuration groups, beyond what the kit looks at. One server for all of it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DatastorePlugin } from '../../../strategies/spi/datastore.ts';
import type { CatalogueOverlay } from '../../../strategies/spi/parameter-overlay.ts';
import { withOverlay } from '../../../strategies/spi/parameter-overlay.ts';
import type { GuestHarness } from '../../../strategies/conformance/index.ts';
import type { ProcessHarnessOptions } from '../../../kit/harness/process-harness.ts';
import { type ConfigurationServer, useConfigurationServer } from '../configuration-server.ts';
import { askAsManagement } from './stock-client.ts';

export interface SqlConfigurationServer extends ConfigurationServer {
  file(): Promise<string>;
  asManagement(sql: string): Promise<string>;
}

export function useSqlConfigurationServer(options: ProcessHarnessOptions): SqlConfigurationServer {
  const server = useConfigurationServer(options);
  return Object.assign(server, {
    file: () => readFile(join(server.harness.facts.paths.config, 'server.cnf'), 'utf8'),
    asManagement: (sql: string) => askAsManagement(server.harness.facts, sql),
  });
}

export interface ConfigurationSamples {
  /** taken live; canonical as they are given, with what the server has then in its own words */
  live: Readonly<Record<string, readonly [value: string, words: string]>>;
  restart: Readonly<Record<string, string>>;
  refused: readonly (readonly [name: string, value: string, reason: RegExp])[];
  /** the narrowest limits of sessions that a group may set */
  narrow: Readonly<Record<string, string>>;
  /** one at a time: each changes more than itself, or has a default that is told by another word */
  followed: Readonly<Record<string, string>>;
}

export function configurationScenarios(server: SqlConfigurationServer, { live, restart, refused, narrow, followed }: ConfigurationSamples): void {
  const call: GuestHarness['call'] = (...args) => server.harness.call(...args);

  it('values of every kind are taken live, told as they were given, and gone with the group', async () => {
    const [before, file, pids] = [await call('configuration.read', []), await server.file(), await server.harness.enginePids()];
    const group = Object.fromEntries(Object.entries(live).map(([name, [value]]) => [name, value]));
    expect(await server.configureWith(group)).toEqual({ changed: true, restartRequired: [] });
    for (const [name, [value, words]] of Object.entries(live)) {
      expect(await server.read(name)).toEqual({ name, value, pending: null });
      expect(`${name} ${await server.asManagement(`select @@global.${name}`)}`).toBe(`${name} ${words}`);
    }
    expect(await server.configureWith(group)).toEqual({ changed: false, restartRequired: [] });
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    await call('databases.create', [{ name: 'under_it' }]);
    await call('databases.delete', ['under_it']);
    expect(await server.configureWith({})).toEqual({ changed: true, restartRequired: [] });
    expect(await call('configuration.read', [])).toEqual(before);
    expect(await server.file()).toBe(file);
    expect(await server.harness.enginePids()).toEqual(pids);
  });
  it('values for the next start wait until the server runs them, going and coming; live ones that it was started with go at once', async () => {
    const [before, file] = [await call('configuration.read', []), await server.file()];
    const names = Object.keys(restart).sort();
    const valueOf = new Map(before.map(({ name, value }) => [name, value]));
    const atOnce = {
      join_buffer_size: '524288', init_connect: 'set @a = 1', collation_server: 'utf8mb4_bin', character_set_filesystem: 'latin1', default_storage_engine: 'MyISAM', default_tmp_storage_engine: 'MyISAM',
      lc_time_names: 'de_DE', time_zone: '+02:00', optimizer_trace: 'enabled=on',
    };
    expect(await server.configureWith({ ...restart, ...atOnce })).toEqual({ changed: true, restartRequired: names });
    for (const name of names) expect(await server.read(name)).toEqual({ name, value: valueOf.get(name), pending: restart[name] });
    await server.harness.signalEngine('SIGKILL');
    await call('start', []);
    expect(await call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    for (const name of names) expect(await server.read(name)).toEqual({ name, value: restart[name], pending: null });
    for (const [name, value] of Object.entries(atOnce)) expect(await server.read(name)).toEqual({ name, value, pending: null });
    expect(await server.configureWith({})).toEqual({ changed: true, restartRequired: names });
    for (const name of Object.keys(atOnce)) expect(await server.read(name)).toEqual({ name, value: valueOf.get(name), pending: null });
    expect(await server.file()).toBe(file);
    await server.restart();
    expect(await call('configuration.read', [])).toEqual(before);
  });
  it('what the server does not take is refused with the name and the reason, and the file stays', async () => {
    const file = await server.file();
    for (const [name, value, reason] of refused) {
      const fault = await server.refusal({ sort_buffer_size: '524288', [name]: value });
      expect(fault, `${name} = ${value}`).toMatchObject({ code: 'REFUSED' });
      expect(fault.message).toMatch(new RegExp(`^${name}: `));
      expect(fault.message).toMatch(reason);
      expect(fault.message).not.toContain(server.harness.facts.paths.config);
      expect(await server.file()).toBe(file);
    }
    expect((await readdir(server.harness.facts.paths.config)).filter((name) => name.endsWith('.new'))).toEqual([]);
    expect(await server.configureWith({})).toEqual({ changed: false, restartRequired: [] });
  });
  it('management goes on under the narrowest limits, live and from the start', async () => {
    const before = await call('configuration.read', []);
    const login = { name: 'narrow', password: 'Some-password-1', grants: [{ database: 'under_it', privileges: [] }] };
    const manage = async (): Promise<void> => {
      await call('databases.create', [{ name: 'under_it' }]);
      await call('users.create', [login]);
      expect((await call('databases.list', [])).map(({ name }) => name)).toContain('under_it');
      expect((await call('users.list', [])).map(({ name }) => name)).toContain('narrow');
      await call('users.delete', [{ name: 'narrow' }]);
      await call('databases.delete', ['under_it']);
      for (const [name, value] of Object.entries(narrow)) expect(await server.read(name)).toEqual({ name, value, pending: null });
    };
    await server.configureWith(narrow);
    await manage();
    await server.restart();
    expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    await manage();
    await server.configureWith({});
    expect(await call('configuration.read', [])).toEqual(before);
  });
  it('what a value changed beside itself goes back with it', async () => {
    const before = await call('configuration.read', []);
    for (const [name, value] of Object.entries(followed)) {
      await server.configureWith({ [name]: value });
      expect(await server.read(name)).toEqual({ name, value, pending: null });
      await server.configureWith({});
      expect(await call('configuration.read', []), name).toEqual(before);
    }
  });
  it('what Coffer owns is refused with its reason, and is nowhere in the file', async () => {
    expect(await server.refusal({ datadir: '/tmp' })).toMatchObject({ code: 'REFUSED', message: expect.stringContaining('datadir: Where the server keeps its files') as string });
    expect(await server.refusal({ init_file: '/tmp/evil.sql' })).toMatchObject({ code: 'REFUSED' });
    expect(await server.file()).not.toMatch(/datadir|init_file/);
  });
  it('another character set comes with its own collation, whatever the former group had', async () => {
    await server.configureWith({ character_set_server: 'latin1', collation_server: 'latin1_german1_ci' });
    expect(await server.configureWith({ character_set_server: 'latin2' })).toEqual({ changed: true, restartRequired: [] });
    expect(await server.asManagement('select @@global.character_set_server, @@global.collation_server')).toBe('latin2\tlatin2_general_ci');
  });
  it('what was changed by hand shows, and is put right by the next configure', async () => {
    const value = '524288';
    await server.configureWith({ sort_buffer_size: value });
    const own = (await server.read('join_buffer_size'))?.value;
    for (const statement of ['sort_buffer_size = 786432', `join_buffer_size = ${value}`]) await server.asManagement(`set global ${statement}`);
    expect(await server.read('sort_buffer_size')).toEqual({ name: 'sort_buffer_size', value: '786432', pending: null });
    expect(await server.read('join_buffer_size')).toEqual({ name: 'join_buffer_size', value, pending: null });
    expect(await call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    expect([(await server.read('sort_buffer_size'))?.value, (await server.read('join_buffer_size'))?.value]).toEqual([value, own]);
  });
}

/** What takes longer: test/full. */
export function furtherConfigurationScenarios(server: SqlConfigurationServer): void {
  const call: GuestHarness['call'] = (...args) => server.harness.call(...args);

  it('a stopped server is asked as well', async () => {
    await call('stop', ['orderly']);
    const file = await server.file();
    expect(await server.refusal({ sql_mode: 'sometimes' })).toMatchObject({ code: 'REFUSED', message: expect.stringMatching(/^sql_mode: /) as string });
    expect(await server.file()).toBe(file);
    expect(await server.configureWith({ sort_buffer_size: '524288' })).toEqual({ changed: true, restartRequired: [] });
    await call('start', []);
    expect(await server.read('sort_buffer_size')).toEqual({ name: 'sort_buffer_size', value: '524288', pending: null });
  });
  it('what only a running server refuses is named too', async () => {
    expect(await server.refusal({ time_zone: 'Nowhere/Land' })).toMatchObject({ code: 'REFUSED', message: expect.stringMatching(/^time_zone: the server does not take it: Unknown or incorrect time zone/) as string });
    expect(await server.configureWith({ time_zone: '+02:00' })).toEqual({ changed: true, restartRequired: [] });
    expect(await server.asManagement('select @@global.time_zone')).toBe('+02:00');
    await server.restart();
    expect(await server.read('time_zone')).toEqual({ name: 'time_zone', value: '+02:00', pending: null });
  });
  it('any text comes out of the file as it went in', async () => {
    for (const text of [`set @a = 'it''s "quoted" # not a comment'`, String.raw`set @a = 'C:\\new\table \" \s'`, "set @a = '用户 ß'", ' set @a = 1 ', "set @a = ';!include /etc/passwd'"]) {
      expect(await server.configureWith({ init_connect: text })).toMatchObject({ restartRequired: [] });
      expect((await server.read('init_connect'))?.value).toBe(text);
    }
    const last = String.raw`set @a = '\\ "b" # \t 用户'`;
    await server.configureWith({ init_connect: last });
    await server.restart();
    expect(await server.read('init_connect')).toEqual({ name: 'init_connect', value: last, pending: null });
    expect(await server.refusal({ init_connect: `${'x'.repeat(4080)}skip-grant-tables` })).toMatchObject({ code: 'REFUSED', message: expect.stringContaining('init_connect: must not be longer') as string });
  });
  it('a change that is killed at any point is whole when it is repeated, or taken back', async () => {
    const file = await server.file();
    const before = await call('configuration.read', []);
    const value = '524288';
    for (const at of [1, 2, 3, 4]) {
      server.harness.tune({ sort_buffer_size: value });
      await server.harness.callAndKill('configure', [], { atHandleCall: at });
      // as an agent that comes back: it adopts the engine first
      await call('start', []);
      if (at % 2 === 0) {
        expect((await call('configure', [])).restartRequired).toEqual([]);
        expect((await server.read('sort_buffer_size'))?.value).toBe(value);
      }
      server.harness.tune({});
      await call('configure', []);
      expect([await server.file(), await call('configuration.read', [])]).toEqual([file, before]);
    }
  });
}

/** For the other tracks; the kit looks at the one that every run has. */
export function catalogueScenario(server: SqlConfigurationServer, plugin: DatastorePlugin, track: string, overlay: CatalogueOverlay): void {
  it('the catalogue is what the server tells', async () => {
    expect(await plugin.control.parameters?.({ track })).toEqual(withOverlay(await server.harness.call('configuration.describe', []), overlay));
  });
}
