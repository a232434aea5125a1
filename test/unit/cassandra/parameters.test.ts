/** What goes into the file and to the server, and what is told of it; all of it pure. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogueProblems } from '../../../strategies/conformance/catalogue.ts';
import { catalogueOf } from '../../../strategies/datastores/cassandra/catalogue/index.ts';
import { overlay } from '../../../strategies/datastores/cassandra/catalogue/overlay.ts';
import { control } from '../../../strategies/datastores/cassandra/control.ts';
import { formOf, parseTold, specOf } from '../../../strategies/datastores/cassandra/guest/config-class.ts';
import { problemOf } from '../../../strategies/datastores/cassandra/guest/configure.ts';
import { decideChanges, isLive } from '../../../strategies/datastores/cassandra/guest/live.ts';
import { tellParameters, valuesOf } from '../../../strategies/datastores/cassandra/guest/parameters.ts';
import { wordsIn } from '../../../strategies/datastores/cassandra/guest/run-state.ts';
import { ownedSettings, renderServerConfig } from '../../../strategies/datastores/cassandra/guest/server-config.ts';
import { namedIn, refusalIn } from '../../../strategies/datastores/cassandra/guest/trial.ts';
import { sizeServer } from '../../../strategies/datastores/cassandra/sizing.ts';
import { fromServer, toServer } from '../../../strategies/datastores/cassandra/values.ts';
import { canonicalValue } from '../../../strategies/spi/parameter-values.ts';
import { withOverlay } from '../../../strategies/spi/parameter-overlay.ts';
import type { ParameterSpec } from '../../../strategies/spi/parameters.ts';

const track = '5.0';
const catalogue = await catalogueOf(track);
const specNamed = (name: string): ParameterSpec => catalogue.find((spec) => spec.name === name)!;
const settable = catalogue.filter(({ owned }) => owned === undefined);

const flavor = { vcpus: 1, memoryMb: 512 };
const sizing = sizeServer({ track, flavor, volumeGb: 1 });
const folder = (name: string): string => `/i/${name}`;
const contextOf = (parameters: Record<string, string>) => ({
  instanceId: 'inst_1', sizing, parameters,
  network: { bind: '10.0.0.5', advertise: '10.0.0.5', ports: { cql: 1, storage: 2, jmx: 3 } },
  paths: { data: folder('data'), config: folder('config'), run: folder('run'), logs: folder('logs'), tls: folder('tls'), prefix: folder('build'), bin: folder('bin') },
});
const textOf = (parameters: Record<string, string>): string => renderServerConfig(contextOf(parameters), catalogue);
const fileOf = (parameters: Record<string, string>) => JSON.parse(textOf(parameters).replace(/^#.*$/m, '')) as Record<string, unknown>;

describe('the catalogue', () => {
  it('is sound, what its overlay says of it, and has all that sizing sets', () => {
    expect(catalogueProblems(catalogue)).toEqual([]);
    expect(withOverlay(catalogue, overlay)).toEqual(catalogue);
    expect(Object.keys(sizing).filter((name) => !name.startsWith('jvm.') && !specNamed(name))).toEqual([]);
  });
  it('leaves nobody a way around what Coffer owns', () => {
    const owned = Object.keys(ownedSettings(contextOf({})));
    expect(owned.filter((name) => specNamed(name) && specNamed(name).owned === undefined)).toEqual([]);
    for (const name of ['auth_read_consistency_level', 'credentials_update_interval', 'commitlog_disk_access_mode', 'allow_insecure_udfs', 'native_transport_max_requests_per_second', 'native_transport_allow_older_protocols', 'max_value_size', 'storage_compatibility_mode', 'paxos_variant', 'heap_dump_path']) {
      expect(specNamed(name).owned, name).toMatch(/\.$/);
    }
  });
  it('has words for everything that a group may set, and for nothing that is not there', () => {
    expect(settable.filter(({ description }) => description.includes('tells no more'))).toEqual([]);
    expect(Object.keys(overlay.parameters).filter((name) => !specNamed(name))).toEqual([]);
  });
  it('says of exactly those that the server takes live that it does', () => {
    expect(catalogue.filter(({ apply }) => apply === 'LIVE').map(({ name }) => name)).toEqual(catalogue.map(({ name }) => name).filter(isLive));
    expect(settable.filter(({ apply, default: usual, name }) => apply === 'LIVE' && (usual === null || name in sizing))).toEqual([]);
  });
});

describe('what the server tells of itself', () => {
  const text = 'noise\nsetting\tcas\torg.apache.cassandra.config.DurationSpec$LongMillisecondsBound\t\t1800ms\nsetting\tmode\torg.X$Mode\tauto direct\tauto\nsetting\tname\tjava.lang.String\t\nsetting\tempty\tjava.lang.String\t\t\n';
  it('is read from its class', () => {
    expect(parseTold(text)).toEqual([
      { name: 'cas', type: 'org.apache.cassandra.config.DurationSpec$LongMillisecondsBound', choices: [], value: '1800ms' }, { name: 'mode', type: 'org.X$Mode', choices: ['auto', 'direct'], value: 'auto' },
      { name: 'name', type: 'java.lang.String', choices: [], value: null }, { name: 'empty', type: 'java.lang.String', choices: [], value: '' },
    ]);
    expect(specOf(parseTold(text)[0]!, 'LIVE', 'words')).toEqual({ name: 'cas', type: 'INTEGER', unit: 'ms', default: '1800', min: 0, max: null, allowed: null, apply: 'LIVE', description: 'words' });
  });
  const config = 'org.apache.cassandra.config.';
  it.each([
    [`${config}DataStorageSpec$IntMebibytesBound`, { type: 'INTEGER', unit: 'MB', min: 0, max: 2147483646 }], [`${config}DataRateSpec$LongBytesPerSecondBound`, { unit: 'MB', max: null }],
    [`${config}DurationSpec$IntMinutesBound`, { unit: 'min' }], [`${config}DataStorageSpec$LongBytesBound`, { unit: 'B' }],
    ['java.lang.Float', { type: 'NUMBER', unit: null }], ['int', { min: -2147483648, max: 2147483647 }], ['java.lang.Boolean', { type: 'BOOLEAN' }],
  ])('%s is %j', (type, form) => expect(formOf({ type, choices: [] })).toMatchObject(form));
  it.each(['java.util.Set', `${config}ParameterizedClass`, '[Ljava.lang.String;'])('%s is not one value', (type) => expect(formOf({ type, choices: [] })).toBeNull());
});

describe('a value', () => {
  it('is written as the server spells it', () => {
    const written: [string, string, unknown][] = [['read_request_timeout', '5000', '5000ms'], ['compaction_throughput', '64', '64MiB/s'], ['index_summary_resize_interval', '60', '60m'], ['batch_size_warn_threshold', '5', '5KiB'], ['partition_size_warn_threshold', '5', '5B'], ['concurrent_reads', '8', 8], ['trickle_fsync', 'true', true], ['flush_compression', 'none', 'none']];
    expect(written.map(([name, value]) => toServer(specNamed(name), value))).toEqual(written.map(([, , told]) => told));
  });
  it.each([['index_summary_resize_interval', '2h', '120'], ['index_summary_resize_interval', '10m', '10'], ['key_cache_save_period', '14400', '14400'], ['key_cache_save_period', '4h', '14400'], ['read_request_timeout', '5s', '5000'], ['row_cache_size', '1GiB', '1024'], ['native_transport_max_request_data_in_flight', '19464192B', '19464192'], ['compaction_throughput', '64MiB/s', '64'], ['maximum_timestamp_warn_threshold', '5000ns', '5'], ['max_space_usable_for_compactions_in_percentage', '0.95', '0.95']])('%s that is told as %s is %s', (name, told, value) => {
    expect(fromServer(specNamed(name), told)).toBe(value);
  });
  const valueOf = (spec: ParameterSpec): fc.Arbitrary<string> => {
    if (spec.type === 'BOOLEAN') return fc.boolean().map(String);
    if (spec.type === 'ENUM') return fc.constantFrom(...spec.allowed!);
    const bounds = { min: spec.min ?? 0, max: spec.max ?? Number.MAX_SAFE_INTEGER };
    return spec.type === 'INTEGER' ? fc.integer(bounds).map(String) : fc.double({ ...bounds, noNaN: true }).map((one) => (canonicalValue(spec, one) as { value: string }).value);
  };
  it('comes back from the file as it was given, whatever the parameter', () => {
    fc.assert(fc.property(fc.constantFrom(...settable).chain((spec) => fc.tuple(fc.constant(spec), valueOf(spec))), ([spec, value]) => {
      expect(fromServer(spec, fileOf({ [spec.name]: value })[spec.name] as string)).toBe(value);
    }));
  });
});

describe('the file with a group', () => {
  it('has the values over sizing and below what is owned, each in its kind', () => {
    expect(fileOf({ concurrent_reads: '16', memtable_heap_space: '50', trickle_fsync: 'true', authenticator: 'AllowAllAuthenticator', commitlog_sync: 'periodic', heap_dump_path: '/tmp' })).toMatchObject({ concurrent_reads: 16, concurrent_writes: 8, memtable_heap_space: '50MiB', trickle_fsync: true, authenticator: 'PasswordAuthenticator', commitlog_sync: 'batch' });
    expect(fileOf({ heap_dump_path: '/tmp' })).toEqual(fileOf({}));
  });
  it('is the same in whatever order they come, and that of an instance without one when they are gone', () => {
    const given = { trickle_fsync: 'true', concurrent_reads: '16', allow_filtering_enabled: 'false' };
    expect(textOf(given)).toBe(textOf(Object.fromEntries(Object.entries(given).reverse())));
    expect(textOf({})).toBe(renderServerConfig(contextOf({}), []));
    expect(textOf({ concurrent_reads: sizing['concurrent_reads']! })).toBe(textOf({}));
  });
  it('is not for values that are none', () => {
    const problems = [['nonsense', '1'], ['concurrent_reads', '1'], ['concurrent_reads', '16'], ['authenticator', 'x'], ['flush_compression', 'x']].map(([name, value]) => problemOf(catalogue, name!, value!)[0]);
    expect(problems).toEqual(['nonsense: this version has no such parameter', 'concurrent_reads must be a whole number from 2 to 1024', undefined, 'authenticator: this version has no such parameter', 'flush_compression must be one of none, fast, table']);
    expect(problemOf(catalogue, 'commitlog_sync', 'periodic')).toEqual([]);
  });
});

describe('a trial', () => {
  const ended = (stdout: string, exitCode = 3) => ({ exitCode, stdout, stderr: '' });
  const startup = 'Exception (org.apache.cassandra.exceptions.ConfigurationException) encountered during startup: ';
  it('is refused in the server\'s words, of a file that it cannot read in the innermost', () => {
    expect(refusalIn(ended('Node 0 rack 0: [-1]', 0))).toBeNull();
    expect(refusalIn(ended(`${startup}concurrent_reads must be at least 2, but was 0\nconcurrent_reads must be at least 2, but was 0`))).toBe('concurrent_reads must be at least 2, but was 0');
    expect(refusalIn(ended(`${startup}Invalid yaml: file:/i\n\tat a.B(B.java:1)\nCaused by: org.yaml.X$YamlException: in reader\n\tat c\nCaused by: java.lang.IllegalArgumentException: Invalid duration: 5 apples\n\t... 3 more`))).toBe('Invalid duration: 5 apples');
    expect(refusalIn({ exitCode: 1, stdout: '', stderr: 'Error: no memory' })).toBe('Error: no memory');
  });
  it('is blamed on the longest name in it, or on all', () => {
    expect(namedIn('column_index_cache_size must', ['column_index', 'column_index_cache_size'])).toBe('column_index_cache_size');
    expect(namedIn('no', ['a_b', 'c_d'])).toBeNull();
  });
  it('that only a start can be is told without the server\'s code', () => {
    expect(wordsIn(['INFO x', 'ERROR [main] CassandraDaemon - Exception encountered during startup', 'org.apache.cassandra.exceptions.ConfigurationException: Invalid guardrails configuration: no', '\tat x.Y', 'Caused by: java.lang.IllegalArgumentException: no'])).toBe('Invalid guardrails configuration: no');
    expect(wordsIn(['INFO x', 'ERROR [main] CassandraDaemon - disk'])).toBe('ERROR [main] CassandraDaemon - disk');
    expect(wordsIn(['INFO x'])).toBe('its log has no reason');
  });
});

const known = catalogue.filter(({ name }) => ['read_request_timeout', 'trickle_fsync', 'concurrent_reads', 'memtable_flush_writers', 'partition_size_warn_threshold', 'key_cache_save_period'].includes(name));
const running = (more: Record<string, string | null> = {}) => new Map<string, string | null>(Object.entries({ read_request_timeout: '5000ms', trickle_fsync: 'false', concurrent_reads: '8', memtable_flush_writers: '2', partition_size_warn_threshold: null, key_cache_save_period: '14400', ...more }));

describe('what the running server is told', () => {
  const changes = (parameters: Record<string, string>, { live = {}, told = [] }: { live?: Record<string, string>; told?: string[] } = {}) => decideChanges({ catalogue: known, parameters, running: running(live), told: new Set(told) });
  it('is what it has otherwise and takes live', () => {
    expect(changes({ read_request_timeout: '7000', concurrent_reads: '16' })).toEqual([{ name: 'read_request_timeout', value: '7000', before: '5000' }]);
    expect(changes({ read_request_timeout: '5000' })).toEqual([]);
  });
  it('is its default for what only an earlier group had', () => {
    const live = { read_request_timeout: '7s' };
    expect(changes({}, { live })).toEqual([]);
    expect(changes({}, { live, told: ['read_request_timeout'] })).toEqual([{ name: 'read_request_timeout', value: '5000', before: '7000' }]);
  });
});

describe('what is told of values', () => {
  const told = (given: Record<string, string>, { started = {}, live = {} }: { started?: Record<string, string>; live?: Record<string, string> } = {}) => Object.fromEntries(
    tellParameters({ catalogue: known, running: running(live), started: valuesOf(contextOf(started), known), next: valuesOf(contextOf(given), known) }).map(({ name, value, pending }) => [name, pending === null ? value : [value, pending]]));
  const bare = { read_request_timeout: '5000', trickle_fsync: 'false', concurrent_reads: '8', memtable_flush_writers: '2', key_cache_save_period: '14400' };
  it('is what the server has, also what it worked out', () => expect(told({})).toEqual(bare));
  it('names what waits for a start, going and coming', () => {
    expect(told({ concurrent_reads: '16', trickle_fsync: 'true', partition_size_warn_threshold: '9', read_request_timeout: '7000' })).toEqual({ ...bare, concurrent_reads: ['8', '16'], trickle_fsync: ['false', 'true'], partition_size_warn_threshold: ['', '9'] });
    expect(told({}, { started: { concurrent_reads: '16', memtable_flush_writers: '3' }, live: { concurrent_reads: '16', memtable_flush_writers: '3' } })).toEqual({ ...bare, concurrent_reads: ['16', '8'], memtable_flush_writers: ['3', ''] });
  });
  it('has nothing wait for a value that the server came to by itself', () => expect(told({ memtable_flush_writers: '2' })).toEqual(bare));
  it('shows what was changed by hand', () => expect(told({ read_request_timeout: '7000' }, { live: { read_request_timeout: '9s' } })).toMatchObject({ read_request_timeout: '9000' }));
});

describe('values together', () => {
  const check = async (parameters: Record<string, string>) => (await control.checkParameters!({ track, flavor, volumeGb: 1, sizing, parameters })).map(({ path, message }) => `${path.join('.')}: ${message}`);
  it('that fit are taken, and sizing always fits', async () => {
    expect(await check({ memtable_heap_space: '50', row_cache_size: '64', tables_warn_threshold: '10', tables_fail_threshold: '20', native_transport_max_concurrent_connections: '-1' })).toEqual([]);
    await fc.assert(fc.asyncProperty(fc.integer({ min: 512, max: 262_144 }), fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 4_096 }), async (memoryMb, vcpus, volumeGb) => {
      const size = { track, flavor: { memoryMb, vcpus }, volumeGb };
      const own = sizeServer(size);
      // as a group that sets the same: else nothing is blamed
      const parameters = Object.fromEntries(Object.entries(own).filter(([name]) => !name.startsWith('jvm.')).map(([name, value]) => [name, fromServer(specNamed(name), value)]));
      expect(await control.checkParameters!({ ...size, sizing: own, parameters })).toEqual([]);
    }));
  });
  it.each([
    [{ memtable_heap_space: '90' }, 'memtable_heap_space: must leave half of the heap free: memtable_heap_space, key_cache_size, counter_cache_size, prepared_statements_cache_size, native_transport_max_frame_size are 116 MB of 192 together'],
    [{ file_cache_size: '100' }, 'file_cache_size: must fit into the 85 MB beside the heap: file_cache_size, networking_cache_size are 108 together'],
    [{ memtable_allocation_type: 'offheap_buffers', file_cache_size: '40' }, 'file_cache_size: must fit into the 85 MB beside the heap: file_cache_size, networking_cache_size, memtable_offheap_space are 86 together'],
    [{ row_cache_size: '200' }, 'row_cache_size: must leave room in the flavor\'s 512 MB: row_cache_size, index_summary_capacity are 200 MB together, and 105 are not taken'],
    [{ commitlog_total_space: '600' }, 'commitlog_total_space: must be at most half of the volume\'s 1024 MB'],
    [{ commitlog_segment_size: '64' }, 'commitlog_segment_size: must fit into commitlog_total_space twice: 64 MB have no room for two of 64'],
    [{ commitlog_total_space: '10' }, 'commitlog_total_space: must have room for two files of commitlog_segment_size: 10 MB have no room for two of 8'],
    [{ max_mutation_size: '5000' }, 'max_mutation_size: must be at most half of commitlog_segment_size: 5000 kB are more than half of 8 MB'],
    [{ min_free_space_per_drive: '900' }, 'min_free_space_per_drive: must be at most half of the volume\'s 1024 MB'],
    [{ native_transport_max_concurrent_connections: '3' }, 'native_transport_max_concurrent_connections: must be -1 or at least 16: management\'s own connections count, too'],
    [{ native_transport_idle_timeout: '500' }, 'native_transport_idle_timeout: must be 0 or at least 10000: drivers keep connections open'],
    [{ gc_log_threshold: '5000' }, 'gc_log_threshold: must not be above gc_warn_threshold: 1000 ms are below 5000'],
    [{ gc_warn_threshold: '100' }, 'gc_warn_threshold: must be 0 or not below gc_log_threshold: 100 ms are below 200'],
    [{ keyspaces_warn_threshold: '0' }, 'keyspaces_warn_threshold: must not be 0: -1 is no limit'],
    [{ tables_warn_threshold: '10', tables_fail_threshold: '5' }, 'tables_warn_threshold: must not be above tables_fail_threshold: 10 is more than 5'],
    [{ sai_string_term_size_warn_threshold: '9000' }, 'sai_string_term_size_warn_threshold: must not be above sai_string_term_size_fail_threshold: 9000 is more than 8192'],
    [{ sai_string_term_size_fail_threshold: '100' }, 'sai_string_term_size_fail_threshold: must not be below sai_string_term_size_warn_threshold: 1024 is more than 100'],
  ])('%j are told what does not work', async (parameters, message) => expect(await check(parameters)).toEqual([message]));
});
