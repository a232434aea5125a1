/** What is MySQL's own about configuration groups, and its family's; the kit looks at what every engine owes. */
import { describe, expect, it } from 'vitest';
import { configurationScenarios, useSqlConfigurationServer } from '../../support/sql-family/configuration.ts';
import { harnessOptions } from './fixture.ts';

describe('configuration', () => {
  const server = useSqlConfigurationServer({ ...harnessOptions(), ports: { mysql: 21_506 } });

  configurationScenarios(server, {
    live: {
      sort_buffer_size: ['524288', '524288'], sql_mode: ['strict_all_tables,ansi_quotes', 'ANSI_QUOTES,STRICT_ALL_TABLES'], innodb_flush_log_at_trx_commit: ['2', '2'], max_allowed_packet: ['33554432', '33554432'],
      long_query_time: ['1.5', '1.500000'], slow_query_log: ['true', '1'], transaction_isolation: ['READ-COMMITTED', 'READ-COMMITTED'], autocommit: ['false', '0'], character_set_server: ['latin1', 'latin1'],
      collation_server: ['latin1_bin', 'latin1_bin'], innodb_io_capacity: ['30000', '30000'], innodb_io_capacity_max: ['40000', '40000'], max_join_size: ['18446744073709551614', '18446744073709551614'], wait_timeout: ['1', '1'], lc_time_names: ['de_DE', 'de_DE'], time_zone: ['+2:00', '+02:00'],
      log_output: ['TABLE,FILE', 'FILE,TABLE'], event_scheduler: ['OFF', 'OFF'], thread_cache_size: ['5', '5'], sql_require_primary_key: ['true', '1'], innodb_buffer_pool_size: ['134217728', '134217728'],
    },
    restart: { ft_min_word_len: '5', innodb_ft_min_token_size: '2', table_open_cache_instances: '2', innodb_doublewrite: 'DETECT_ONLY' },
    refused: [
      ['sql_mode', 'sometimes', /Error while setting value|sometimes|in its place/], ['max_allowed_packet', '1048577', /it has 1048576 in its place/], ['nobody_knows', '1', /this version has no such parameter/],
      ['innodb_flush_method', 'bogus', /innodb.flush.method|in its place/i], ['collation_server', 'latin1_bin', /not valid for CHARACTER SET/], ['lc_time_names', 'tlh_QO', /tlh_QO|Unknown locale/i], ['sort_buffer_size', '1', /it has 32768 in its place/],
    ],
    narrow: { sort_buffer_size: '32768', max_heap_table_size: '16384', tmp_table_size: '1024', join_buffer_size: '128', max_join_size: '1' },
    followed: { character_set_server: 'latin1', collation_server: 'utf8mb4_bin' },
  });

  it('switches that are left out are as the server has them, whatever an earlier group had', async () => {
    const bare = (await server.read('optimizer_switch'))?.value;
    await server.configureWith({ optimizer_switch: 'mrr=off,subquery_to_derived=on' });
    expect(await server.asManagement('select @@global.optimizer_switch')).toMatch(/mrr=off.*subquery_to_derived=on/);
    await server.configureWith({ optimizer_switch: 'hash_join=off' });
    expect(await server.asManagement('select @@global.optimizer_switch')).toMatch(/mrr=on.*hash_join=off,subquery_to_derived=off/);
    expect(await server.read('optimizer_switch')).toEqual({ name: 'optimizer_switch', value: 'hash_join=off', pending: null });
    await server.configureWith({});
    expect((await server.read('optimizer_switch'))?.value).toBe(bare);
  });
  it('what the server changed by itself goes back with the parameter that made it do so', async () => {
    const name = 'innodb_thread_sleep_delay';
    const own = await server.read(name);
    await server.configureWith({ innodb_thread_concurrency: '4' });
    // It does so at its start at the latest, where there is nothing to wait for.
    await server.restart();
    expect((await server.read(name))?.value).not.toBe(own?.value);
    expect(await server.configureWith({})).toEqual({ changed: true, restartRequired: [] });
    expect(await server.read(name)).toEqual(own);
  });
  it('nothing is persisted in the server', async () => {
    await server.configureWith({ sort_buffer_size: '524288' });
    expect(await server.asManagement('select count(*) from performance_schema.persisted_variables')).toBe('0');
  });
});
