/** What is MariaDB's own about configuration groups, and its family's; the kit looks at what every engine owes. */
import { describe, expect, it } from 'vitest';
import { overlay } from '../../../strategies/datastores/mariadb/catalogue/overlay.ts';
import plugin from '../../../strategies/datastores/mariadb/index.ts';
import { catalogueScenario, configurationScenarios, furtherConfigurationScenarios, useSqlConfigurationServer } from '../../support/sql-family/configuration.ts';
import { harnessOptions } from './fixture.ts';

/** Beside the folder's others. */
const portOf = (track: string): number => (track === '11.8' ? 21_530 : 21_531);

/** `isWhole`: with what takes longer, and the catalogue, at which the kit looks for the other track. */
export function configurationTests(track: string, isWhole = false): void {
  describe(`configuration of ${track}`, () => {
    const server = useSqlConfigurationServer({ ...harnessOptions(track), ports: { mariadb: portOf(track) } });
    const isolation = track === '11.8' ? 'transaction_isolation' : 'tx_isolation';

    if (isWhole) catalogueScenario(server, plugin, track, overlay);
    if (isWhole) furtherConfigurationScenarios(server);
    configurationScenarios(server, {
      live: {
        sort_buffer_size: ['524288', '524288'], sql_mode: ['strict_all_tables,ansi_quotes', 'ANSI_QUOTES,STRICT_ALL_TABLES'], innodb_flush_log_at_trx_commit: ['2', '2'], max_allowed_packet: ['33554432', '33554432'],
        long_query_time: ['1.5', '1.500000'], slow_query_log: ['true', '1'], [isolation]: ['READ-COMMITTED', 'READ-COMMITTED'], autocommit: ['false', '0'], character_set_server: ['latin1', 'latin1'],
        collation_server: ['latin1_bin', 'latin1_bin'], innodb_io_capacity: ['4000', '4000'], innodb_io_capacity_max: ['5000', '5000'], max_join_size: ['18446744073709551614', '18446744073709551614'], wait_timeout: ['1', '1'], lc_time_names: ['de_DE', 'de_DE'], time_zone: ['+2:00', '+02:00'],
        log_output: ['TABLE,FILE', 'FILE,TABLE'], event_scheduler: ['OFF', 'OFF'], thread_cache_size: ['5', '5'], sql_safe_updates: ['true', '1'], max_statement_time: ['0.000001', '0.000001'], innodb_buffer_pool_size: ['67108864', '67108864'],
      },
      restart: { ft_min_word_len: '5', innodb_ft_min_token_size: '2', table_open_cache_instances: '2', max_user_connections: '20', performance_schema: 'true' },
      refused: [
        ['sql_mode', 'sometimes', /Error while setting value|sometimes|in its place/], ['max_allowed_packet', '1048577', /it has 1048576 in its place/], ['nobody_knows', '1', /this version has no such parameter/],
        ['innodb_flush_method', 'bogus', /innodb.flush.method|in its place/i], ['collation_server', 'latin1_bin', /not valid for CHARACTER SET/], ['lc_time_names', 'tlh_QO', /tlh_QO|Unknown locale/i], ['sort_buffer_size', '1', /it has 1024 in its place/],
        ['max_connections', '5', /it has 10 in its place/], ['character_set_filesystem', 'x', /Character set 'x' is not a compiled character set/],
      ],
      narrow: { sort_buffer_size: '1024', max_session_mem_used: '1048576', tmp_disk_table_size: '1024', max_heap_table_size: '16384', join_buffer_size: '128', max_join_size: '1' },
      followed: { character_set_server: 'latin1', collation_server: 'utf8mb4_bin', ...(track === '11.8' ? { character_set_collations: 'utf8mb4=utf8mb4_general_ci' } : {}) },
    });

    it('switches that are left out are as the server has them, whatever an earlier group had', async () => {
      const bare = (await server.read('optimizer_switch'))?.value;
      await server.configureWith({ optimizer_switch: 'mrr=on,semijoin=off' });
      expect(await server.asManagement('select @@global.optimizer_switch')).toMatch(/semijoin=off.*mrr=on/);
      await server.configureWith({ optimizer_switch: 'rowid_filter=off' });
      expect(await server.asManagement('select @@global.optimizer_switch')).toMatch(/semijoin=on.*mrr=off.*rowid_filter=off/);
      expect(await server.read('optimizer_switch')).toEqual({ name: 'optimizer_switch', value: 'rowid_filter=off', pending: null });
      await server.configureWith({});
      expect((await server.read('optimizer_switch'))?.value).toBe(bare);
    });
  });
}
