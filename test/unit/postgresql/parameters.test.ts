import { describe, expect, it } from 'vitest';
import { catalogueProblems } from '../../../strategies/conformance/catalogue.ts';
import { catalogueOf } from '../../../strategies/datastores/postgresql/catalogue/index.ts';
import { overlay } from '../../../strategies/datastores/postgresql/catalogue/overlay.ts';
import { checkParameters } from '../../../strategies/datastores/postgresql/check-parameters.ts';
import { decideUntaken, isLoadedAnew } from '../../../strategies/datastores/postgresql/guest/configure.ts';
import { renderServerConfig } from '../../../strategies/datastores/postgresql/guest/files.ts';
import { ownedSettings } from '../../../strategies/datastores/postgresql/guest/owned.ts';
import { type FileEntry, type SettingRow, specOf, tellSetting } from '../../../strategies/datastores/postgresql/guest/settings.ts';
import { namedIn, wordsOf } from '../../../strategies/datastores/postgresql/guest/try-config.ts';
import { manifest } from '../../../strategies/datastores/postgresql/manifest.ts';
import { sizeServer } from '../../../strategies/datastores/postgresql/sizing.ts';
import { refusalOf } from '../../../strategies/spi/refused-values.ts';

const tracks = manifest.tracks.map(({ name }) => name);

describe('the catalogue', () => {
  it.each(tracks)('of %s fits the contract, and knows what sizing sets', async (track) => {
    const catalogue = await catalogueOf(track);
    expect(catalogueProblems(catalogue)).toEqual([]);
    const owned = new Map(catalogue.map((spec) => [spec.name, spec.owned]));
    for (const name of Object.keys(sizeServer({ track, flavor: { vcpus: 1, memoryMb: 256 }, volumeGb: 1 }))) expect([name, owned.has(name), owned.get(name)]).toEqual([name, true, undefined]);
  });
  it.each(tracks)('of %s leaves to nobody what is on the command line, apart from the libraries', async (track) => {
    const paths = { data: '/d', config: '/c', run: '/r', logs: '/l', tls: '/t', prefix: '/p', bin: '/b' };
    const settings = ownedSettings({ track, paths, tls: { certificate: 'c', key: 'k', ca: 'a' }, network: { bind: '127.0.0.1', advertise: 'db', ports: {} }, parameters: {} });
    const owned = new Set((await catalogueOf(track)).filter((spec) => spec.owned !== undefined).map(({ name }) => name));
    expect(Object.keys(settings).filter((name) => !owned.has(name))).toEqual(['shared_preload_libraries']);
  });
  it('has no addition for a parameter that no track has', async () => {
    const names = new Set((await Promise.all(tracks.map(catalogueOf))).flat().map(({ name }) => name));
    expect(Object.keys(overlay.parameters).filter((name) => !names.has(name))).toEqual([]);
    for (const family of overlay.owned ?? []) expect([...names].some((name) => family.names.test(name)), String(family.names)).toBe(true);
  });
  it('of a track that there is not is empty', async () => expect(await catalogueOf('9')).toEqual([]));
});

const row = (more: Partial<SettingRow>): SettingRow =>
  ({ name: 'x', vartype: 'integer', unit: null, context: 'user', category: 'Query Tuning', description: 'Does it.', boot: '1', min: '0', max: '2147483647', allowed: null, value: '1', source: 'default', isPending: false, ...more });
const line = (value: string, error: string | null = null): FileEntry => ({ name: 'x', value, error });
const waits = 'setting could not be applied';

describe('a setting of the server', () => {
  it.each<[Partial<SettingRow>, object]>([
    [{ unit: '8kB', context: 'postmaster' }, { type: 'INTEGER', unit: '8kB', default: '1', min: 0, max: 2_147_483_647, apply: 'RESTART' }],
    [{ vartype: 'bool', boot: 'on', min: null, max: null, context: 'sighup' }, { type: 'BOOLEAN', default: 'true', min: null, apply: 'LIVE' }],
    [{ vartype: 'real', boot: '1e+06', max: '1.79769e+308' }, { type: 'NUMBER', default: '1000000', max: null }],
    [{ vartype: 'string', boot: null, min: null, max: null }, { type: 'STRING', default: null }],
    [{ vartype: 'enum', boot: 'on', min: null, max: null, allowed: ['local', 'on'] }, { type: 'ENUM', default: 'on', allowed: ['local', 'on'] }],
    [{ category: 'Developer Options' }, { owned: expect.stringContaining('develop') as string }],
  ])('%j is told in the catalogue\'s form', (given, expected) => expect(specOf(row(given))).toMatchObject(expected));

  it.each<[string, Partial<SettingRow>, FileEntry | undefined, object]>([
    ['without a line', {}, undefined, { value: '1', pending: null }],
    ['in force', { value: '5' }, line('5'), { value: '5', pending: null }],
    ['in force, written with a unit', { unit: 'kB', value: '4096' }, line('4MB'), { value: '4096', pending: null }],
    ['in force, with more digits than are shown', { vartype: 'real', value: '1.23457' }, line('1.23456789'), { value: '1.23456789' }],
    ['in force, spelt by the server in its own way', { vartype: 'string', value: 'ISO, DMY' }, line('iso, dmy'), { value: 'iso, dmy' }],
    ['in force, by another word for the same', { name: 'wal_compression', vartype: 'enum', allowed: ['pglz', 'lz4', 'on', 'off'], value: 'pglz' }, line('on'), { value: 'on', pending: null }],
    ['not in force, though its word is one for another', { name: 'wal_compression', vartype: 'enum', allowed: ['pglz', 'lz4', 'on', 'off'], value: 'lz4' }, line('on'), { value: 'lz4', pending: null }],
    ['that the server made another value of', { value: '1024' }, line('512'), { value: '1024', pending: null }],
    ['that nothing can be made of', { value: '1' }, line('7', waits), { value: '1', pending: null, isRefused: true }],
    ['seen through our own connection\'s', { value: '0', source: 'client' }, line('9'), { value: '9' }],
    ['seen through our own connection\'s, without a line', { value: '0', source: 'client' }, undefined, { value: '1' }],
    ['on the command line', { value: '3', source: 'command line', context: 'postmaster', isPending: true }, line('9'), { value: '3', pending: null }],
    ['waiting', { context: 'postmaster', value: '5', source: 'configuration file', isPending: true }, line('6', waits), { value: '5', pending: '6', isRefused: false }],
    ['waiting to be as the server has it', { context: 'postmaster', value: '5', source: 'configuration file', isPending: true }, undefined, { value: '5', pending: '1' }],
    ['that waited, its mark left behind', { context: 'postmaster', value: '1', isPending: true }, undefined, { value: '1', pending: null }],
    ['that waited, the former line back', { context: 'postmaster', value: '5', source: 'configuration file', isPending: true }, line('5'), { value: '5', pending: null }],
    ['for a restart that would refuse it', { context: 'postmaster', value: '5' }, line('6', waits), { value: '5', pending: null, isRefused: true }],
    ['that the server works out', { context: 'postmaster', value: '256', source: 'override' }, line('-1'), { value: '-1', pending: null }],
    ['that the server works out and takes for one that waits', { context: 'postmaster', boot: '0', value: '16', source: 'override', isPending: true }, line('0', waits), { value: '0', pending: null, isRefused: false }],
    ['that the server has worked out without a line', { context: 'postmaster', boot: '-1', value: '64', source: 'default', isPending: true }, line('-1', waits), { value: '-1', pending: null, isRefused: false }],
    ['waiting to be worked out, of a number', { context: 'postmaster', boot: '0', value: '64', source: 'configuration file', isPending: true }, line('0', waits), { value: '64', pending: '0', isRefused: false }],
    ['waiting to be worked out, of a number that goes', { context: 'postmaster', boot: '0', value: '64', source: 'configuration file', isPending: true }, undefined, { value: '64', pending: '0' }],
    ['waiting to be the least, where the server has worked out another', { context: 'postmaster', boot: '-1', value: '256', source: 'override', isPending: true }, line('0', waits), { value: '256', pending: '0' }],
    ['waiting to be nothing, which is not the server\'s own', { context: 'postmaster', boot: '4', value: '4', source: 'default', isPending: true }, line('0', waits), { value: '4', pending: '0' }],
    ['of a text that the server has in its own spelling since its start', { context: 'postmaster', vartype: 'string', boot: '', value: 'gr\\xc3\\xb6\\xc3\\x9fe', source: 'configuration file' }, line('größe'), { value: 'größe', pending: null }],
    ['below what the server starts with', { context: 'postmaster', value: '4' }, line('2'), { value: '4', pending: null }],
  ])('%s', (_title, given, entry, expected) => expect(tellSetting(row(given), entry, true)).toMatchObject(expected));
  it('of a file that was not read yet is not told as its lines are', () => {
    expect(tellSetting(row({ vartype: 'string', value: 'ISO, DMY' }), line('sql'), false)).toMatchObject({ value: 'ISO, DMY' });
  });
});

describe('values that the server did not take', () => {
  const live = [{ name: 'a', value: '1', pending: null, isRefused: false }, { name: 'b', value: '1', pending: '2', isRefused: false }, { name: 'c', value: '1', pending: null, isRefused: true }];
  it.each<[Record<string, string>, object | null]>([
    [{}, null], [{ a: '1', b: '2' }, null], [{ a: '2' }, { name: 'a', has: 'it has 1 in its place' }], [{ b: '1' }, { name: 'b', has: 'it has 2 in its place' }], [{ c: '1' }, { name: 'c', has: null }],
    [{ d: '1' }, { name: 'd', has: 'it has no such parameter' }],
    [{ 'auto_explain.x': '1' }, { name: 'auto_explain.x', has: 'it has no such parameter without auto_explain in shared_preload_libraries' }],
  ])('of %j', (parameters, expected) => expect(decideUntaken(parameters, live)).toEqual(expected));
  it('of a library that the next start loads are awaited', () => {
    const preloads = { name: 'shared_preload_libraries', value: '', pending: 'auto_explain', isRefused: false };
    expect(decideUntaken({ shared_preload_libraries: 'auto_explain', 'auto_explain.x': '1' }, [...live, preloads])).toBeNull();
  });
});

describe('files that the server was told to read', () => {
  it.each<[number | null, number | null, boolean]>([
    [null, 50, false], [50, 50, false], [120, 50, true],
    // the clock was set back
    [40, 50, true],
    // nobody could ask before
    [null, null, false], [99, null, false], [100, null, true], [120, null, true],
  ])('are read when the time of it is %j after %j', (loadedMs, beforeMs, expected) => expect(isLoadedAnew(loadedMs, { beforeMs, signalledMs: 100 })).toBe(expected));
});

describe('the server\'s words about a file', () => {
  const stderr = `LOG:  invalid value for parameter "DateStyle": "foo"\nDETAIL:  Unrecognized key word: "foo".\nFATAL:  configuration file "/i/config/postgresql.conf.new" contains errors\n`;
  it('are told without times and paths', () => {
    expect(wordsOf(stderr)).toBe('invalid value for parameter "DateStyle": "foo"; Unrecognized key word: "foo".');
    expect(wordsOf('LOG:  could not open file "/b/share/timezonesets/x": no; /b is full\n', ['/b', '/b/share'])).toBe('could not open file "…/timezonesets/x": no; … is full');
    expect(wordsOf(`LOG:  unrecognized configuration parameter "nosuch" in file "/i/config/postgresql.conf.new" line 30\n`)).toBe('unrecognized configuration parameter "nosuch"');
    expect(wordsOf('postgres: could not access the server\n')).toBe('postgres: could not access the server');
    expect(wordsOf(`LOG:  invalid value for parameter "TimeZone": "a\u2028b"\n`)).toBe('invalid value for parameter "TimeZone": "a\u2028b"');
  });
  it('name the parameter, as the catalogue spells it', () => {
    expect(namedIn(wordsOf(stderr), { foo: '1', DateStyle: 'foo' })).toBe('DateStyle');
    expect(namedIn('something is wrong', { a: '1', b: '2' })).toBeNull();
  });
  it('come before the names where they name none, of which there are not too many', () => {
    const group = (count: number): string[] => Array.from({ length: count }, (_, i) => `p${i}`);
    expect(refusalOf(null, group(2), 'something is wrong').message).toBe('the server does not take one of the values: something is wrong (of p0, p1)');
    expect(refusalOf(null, group(5), 'something is wrong').message).toMatch(/of p0, p1, p2, p3, p4\)$/);
    expect(refusalOf(null, group(300), 'something is wrong').message).toMatch(/of p0, p1, p2, p3, p4 and 295 more\)$/);
    const words = wordsOf(stderr);
    expect(refusalOf(namedIn(words, { DateStyle: 'foo' }), [...group(300), 'DateStyle'], words).message).toMatch(/^DateStyle: the server does not take it: invalid value/);
  });
});

describe('the file', () => {
  it('is usual values, then sizing, then the group\'s', () => {
    const text = renderServerConfig({ work_mem: '4MB', jit: 'on' }, { work_mem: '5000', TimeZone: 'Asia/Tokyo' });
    expect(text).toContain("\nwork_mem = '5000'\n");
    expect(text).toContain("\njit = 'on'\n");
    expect(text.match(/^timezone.*$/gim)).toEqual(["timezone = 'Asia/Tokyo'"]);
  });
  it('without a group is the one of before', () => expect(renderServerConfig({ work_mem: '4MB' }, {})).toBe(renderServerConfig({ work_mem: '4MB' })));
  it('keeps a value on its line', () => expect(renderServerConfig({}, { log_line_prefix: "a'\n\\b\r" })).toContain("\nlog_line_prefix = 'a''\\n\\\\b\\r'\n"));
  it('tells of libraries, which are on the command line', () => {
    expect(renderServerConfig({}, { shared_preload_libraries: 'auto_explain' })).toContain("\n# On the command line: shared_preload_libraries = 'auto_explain'\n");
  });
});

describe('values together', () => {
  const small = { track: '18', flavor: { vcpus: 2, memoryMb: 1024 }, volumeGb: 10 };
  const check = async (parameters: Record<string, string>, input = small): Promise<[string | undefined, string][]> =>
    checkParameters(await catalogueOf(input.track), { ...input, sizing: sizeServer(input), parameters }).map(({ path, message }) => [path[0], message]);

  it.each([256, 1024, 65_536])('of sizing alone for %d MB are right', async (memoryMb) => expect(await check({}, { ...small, flavor: { vcpus: 8, memoryMb } })).toEqual([]));
  it.each<[Record<string, string>, string, RegExp]>([
    [{ min_wal_size: '2000' }, 'min_wal_size', /^must not be above max_wal_size: 2000 MB is more than 1024 MB$/],
    [{ max_wal_size: '100' }, 'max_wal_size', /^must not be below min_wal_size: 256 MB is more than 100 MB$/],
    [{ max_wal_size: '10240' }, 'max_wal_size', /below the volume's 10 GB/],
    [{ max_parallel_workers: '9' }, 'max_parallel_workers', /max_worker_processes: 9 is more than 6/],
    [{ max_worker_processes: '1' }, 'max_worker_processes', /^must not be below max_parallel_workers: /],
    [{ max_parallel_workers_per_gather: '5' }, 'max_parallel_workers_per_gather', /above max_parallel_workers/],
    [{ max_parallel_maintenance_workers: '5' }, 'max_parallel_maintenance_workers', /above max_parallel_workers/],
    [{ autovacuum_max_workers: '20' }, 'autovacuum_max_workers', /autovacuum_worker_slots: 20 is more than 16/],
    [{ io_combine_limit: '32' }, 'io_combine_limit', /io_max_combine_limit: 256 kB is more than 128 kB/],
    [{ max_connections: '5' }, 'max_connections', /^must be above 5: 5 connections are management's$/],
    [{ reserved_connections: '123' }, 'reserved_connections', /^must leave connections that are not reserved: max_connections is 128, of which 5 are management's$/],
    [{ shared_buffers: '131072' }, 'shared_buffers', /^must fit into the flavor's 1024 MB beside 1 MB for each of max_connections: 1024 MB and 128 connections do not$/],
    [{ max_connections: '800' }, 'max_connections', /^must fit into the flavor's 1024 MB with 1 MB each, beside shared_buffers: 256 MB and 800 connections do not$/],
    [{ work_mem: '900000' }, 'work_mem', /must leave room/], [{ maintenance_work_mem: '900000' }, 'maintenance_work_mem', /must leave room/], [{ temp_buffers: '120000' }, 'temp_buffers', /must leave room/],
    [{ shared_preload_libraries: 'auto_explain,evil' }, 'shared_preload_libraries', /"evil" cannot be loaded/],
    [{ 'pg_stat_statements.max': '100' }, 'pg_stat_statements.max', /unless shared_preload_libraries names pg_stat_statements/],
    [{ shared_preload_libraries: 'auto_explain', 'pg_stat_statements.max': '100' }, 'pg_stat_statements.max', /names pg_stat_statements/],
    [{ cluster_name: 'a\0b' }, 'cluster_name', /character 0/],
    [{ transaction_timeout: '1' }, 'transaction_timeout', /^must be 0, which is off, or at least 1000 ms/], [{ transaction_timeout: '999' }, 'transaction_timeout', /at least 1000 ms/],
  ])('%j are told of %s', async (parameters, name, message) => {
    const found = await check(parameters);
    expect(found.map(([path]) => path)).toContain(name);
    expect(found.find(([path]) => path === name)?.[1]).toMatch(message);
  });
  it.each<Record<string, string>>([
    { min_wal_size: '1024', max_wal_size: '1024' }, { max_parallel_workers: '9', max_worker_processes: '9' }, { max_connections: '6' }, { reserved_connections: '122' }, { shared_buffers: '114688' },
    { work_mem: '700000' }, { shared_preload_libraries: '"auto_explain", pg_stat_statements', 'pg_stat_statements.max': '100' }, { max_wal_size: '10239' }, { transaction_timeout: '0' }, { transaction_timeout: '1000' }, { statement_timeout: '1' }, { io_combine_limit: '16' },
  ])('%j are right', async (parameters) => expect(await check(parameters)).toEqual([]));
  it('are judged by what the track has', async () => expect(await check({ autovacuum_max_workers: '20' }, { ...small, track: '17' })).toEqual([]));
});
