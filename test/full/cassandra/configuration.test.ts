/** What is Cassandra's own about configuration groups; the kit looks at what every engine owes, the committed catalogue among it. */
import { execFile } from 'node:child_process';
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { GuestHarness } from '../../../strategies/conformance/index.ts';
import { catalogueOf } from '../../../strategies/datastores/cassandra/catalogue/index.ts';
import type { LiveParameter } from '../../../strategies/spi/parameters.ts';
import { useConfigurationServer } from '../../support/configuration-server.ts';
import { createDriver } from '../../e2e/cassandra/driver.ts';
import { harnessOptions } from '../../e2e/cassandra/fixture.ts';

const run = promisify(execFile);
const live = (await catalogueOf('5.0')).filter(({ apply }) => apply === 'LIVE');

describe('configuration', () => {
  let harness: GuestHarness;
  let bare: { files: Record<string, string>; parameters: LiveParameter[] };
  const { configureWith, read, refusal, restart } = useConfigurationServer(harnessOptions(4), async (made) => {
    harness = made;
    for (const method of ['configure', 'start'] as const) await harness.call(method, []);
    bare = { files: await files(), parameters: await harness.call('configuration.read', []) };
  });
  /** As the stock driver is told, in the server's words. */
  const settings = async (): Promise<Record<string, string>> => {
    const rows = await createDriver(harness.facts).ask({ user: 'coffer', password: harness.facts.managementSecret, database: null }, 'select name, value from system_views.settings');
    return Object.fromEntries(rows.map((row) => [row['name'], row['value']])) as Record<string, string>;
  };
  const files = async (): Promise<Record<string, string>> => {
    const { config } = harness.facts.paths;
    return Object.fromEntries(await Promise.all((await readdir(config)).sort().map(async (name) => [name, await readFile(join(config, name), 'utf8')] as const)));
  };
  const setByHand = async (readTimeoutMs: string): Promise<void> => {
    const { paths, ports } = harness.facts;
    await run(`${paths.bin}/java`, [`@${paths.config}/tool.options`, 'org.apache.cassandra.tools.NodeTool', '-h', '127.0.0.1', '-p', String(ports['jmx']), '-u', 'coffer', '-pwf', `${paths.data}/jmx.password`, 'settimeout', 'read', readTimeoutMs]);
  };
  const leftovers = async (): Promise<string[]> => (await readdir(harness.facts.paths.run)).filter((name) => /\.(java|yaml|new)$/.test(name));

  const expectBare = async (): Promise<void> => {
    expect(await files()).toEqual(bare.files);
    expect(await harness.call('configuration.read', [])).toEqual(bare.parameters);
    expect(await leftovers()).toEqual([]);
  };

  it('everything that the catalogue says the server takes live it takes, shows, and forgets', async () => {
    const group = Object.fromEntries(live.map(({ name, type, default: usual }) => [name, type === 'BOOLEAN' ? String(usual !== 'true') : String(Number(usual) + 100)]));
    expect(await configureWith(group)).toEqual({ changed: true, restartRequired: [] });
    expect(Object.fromEntries((await harness.call('configuration.read', [])).filter(({ name }) => name in group).map(({ name, value }) => [name, value]))).toEqual(group);
    expect(await settings()).toMatchObject({ read_request_timeout: '5100ms', compaction_throughput: '164MiB/s', tombstone_warn_threshold: '1100', allow_filtering_enabled: 'false' });
    expect(await configureWith(group)).toEqual({ changed: false, restartRequired: [] });
    expect(await configureWith({})).toEqual({ changed: true, restartRequired: [] });
    expect(await settings()).toMatchObject({ read_request_timeout: '5000ms', compaction_throughput: '64MiB/s', tombstone_warn_threshold: '1000', allow_filtering_enabled: 'true' });
    await expectBare();
  });

  it('what a start takes waits for one, is what the server runs then, also after a kill, and is forgotten by another', async () => {
    const group = {
      concurrent_reads: '12', commitlog_segment_size: '16', memtable_heap_space: '40', memtable_allocation_type: 'offheap_objects', file_cache_enabled: 'true', flush_compression: 'table', gc_warn_threshold: '2000',
      index_summary_resize_interval: '30', key_cache_save_period: '3600', max_space_usable_for_compactions_in_percentage: '0.9', partition_size_warn_threshold: '1000000', sai_string_term_size_fail_threshold: '9000', tables_fail_threshold: '150', row_cache_size: '8',
    };
    const names = Object.keys(group).sort();
    expect((await configureWith({ ...group, write_request_timeout: '3000' })).restartRequired).toEqual(names);
    expect([await read('concurrent_reads'), await read('partition_size_warn_threshold'), await read('write_request_timeout')]).toEqual([
      { name: 'concurrent_reads', value: '8', pending: '12' }, { name: 'partition_size_warn_threshold', value: '', pending: '1000000' }, { name: 'write_request_timeout', value: '3000', pending: null },
    ]);
    await harness.signalEngine('SIGKILL');
    await harness.call('start', []);
    expect(await configureWith({ ...group, write_request_timeout: '3000' })).toEqual({ changed: false, restartRequired: [] });
    expect(Object.fromEntries((await harness.call('configuration.read', [])).filter(({ name, pending }) => name in group && pending === null).map(({ name, value }) => [name, value]))).toEqual(group);
    expect(await settings()).toMatchObject({ concurrent_reads: '12', memtable_heap_space: '40MiB', memtable_allocation_type: 'offheap_objects', tables_fail_threshold: '150', write_request_timeout: '3000ms', row_cache_size: '8MiB' });
    expect((await configureWith({})).restartRequired).toEqual(names);
    expect(await files()).toEqual(bare.files);
    await restart();
    await expectBare();
  });

  it.each([
    [{ column_index_size: '2147483646' }, 'column_index_size', /must be positive value/], [{ max_mutation_size: '8192' }, 'max_mutation_size', /commitlog_segment_size must be at least twice/],
    [{ nobody_knows: '1' }, 'nobody_knows', /no such parameter/], [{ concurrent_reads: 'many' }, 'concurrent_reads', /whole number/], [{ memtable_flush_writers: '0' }, 'memtable_flush_writers', /from 1/],
  ])('%j is refused by name, with the reason, and nothing is changed', async (wrong, name, reason) => {
    const fault = await refusal({ read_request_timeout: '7000', ...wrong });
    expect(fault).toMatchObject({ code: 'REFUSED', message: expect.stringMatching(reason) });
    expect(fault.message).toMatch(new RegExp(`^${name}`));
    for (const folder of [harness.facts.paths.run, harness.facts.paths.config]) expect(fault.message).not.toContain(folder);
    harness.tune({});
    await expectBare();
  });

  it('a value that only a start judges keeps it from starting, with the reason in short', async () => {
    expect(await configureWith({ data_disk_usage_max_disk_size: String(2 ** 52) })).toEqual({ changed: true, restartRequired: ['data_disk_usage_max_disk_size'] });
    await harness.call('stop', ['orderly']);
    const fault = await harness.call('start', []).then(() => null, (error: Error) => error);
    expect(fault).toMatchObject({ code: 'FAILED_TO_START', message: expect.stringMatching(/^the server ended while it started: Invalid guardrails configuration: Invalid value for data_disk_usage_max_disk_size: .* available on disk$/) });
    await configureWith({});
    await harness.call('start', []);
    await expectBare();
  });

  it('loses to what Coffer owns', async () => {
    await configureWith({ auth_read_consistency_level: 'ONE', commitlog_sync: 'periodic', user_defined_functions_enabled: 'true' });
    await expectBare();
  });

  it('what was changed by hand shows, and is put right by the next change', async () => {
    await configureWith({ read_request_timeout: '7000' });
    await setByHand('9000');
    expect(await read('read_request_timeout')).toEqual({ name: 'read_request_timeout', value: '9000', pending: null });
    expect(await configureWith({ read_request_timeout: '7000' })).toEqual({ changed: false, restartRequired: [] });
    expect(await read('read_request_timeout')).toEqual({ name: 'read_request_timeout', value: '7000', pending: null });
  });

  it('what no group ever had is left as the server has it', async () => {
    await restart();
    await setByHand('9000');
    expect(await configureWith({ write_request_timeout: '3000' })).toEqual({ changed: true, restartRequired: [] });
    expect(await read('read_request_timeout')).toMatchObject({ value: '9000' });
    await configureWith({ read_request_timeout: '7000' });
    await configureWith({});
    await expectBare();
  });

  it('a change that dies in the middle leaves nothing behind', { timeout: 900_000 }, async () => {
    const kill = async (at: number): Promise<boolean> => {
      harness.tune({ read_request_timeout: '7000', concurrent_reads: '12' });
      const { finished } = await harness.callAndKill('configure', [], { atHandleCall: at });
      // As an agent that comes back: it adopts the engine first.
      harness.tune({});
      await harness.call('start', []);
      expect((await harness.call('configure', [])).restartRequired).toEqual([]);
      expect(await files()).toEqual(bare.files);
      expect(await harness.call('configuration.read', [])).toEqual(bare.parameters);
      return finished;
    };
    for (let at = 1; !(await kill(at)); at++);
    expect(await leftovers()).toEqual([]);
  });

  it('an engine that an earlier release started is known by what that one wrote', async () => {
    await rename(join(harness.facts.paths.run, 'started.json'), join(harness.facts.paths.config, 'started.json'));
    expect(await harness.call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    await restart();
    await expectBare();
  });
});
