/** What MariaDB does not tell of its parameters. */
import type { ParameterAddition } from '../../../spi/parameter-overlay.ts';
import { withCommon } from '../../sql-family/overlay.ts';

const otherName = (name: string): ParameterAddition => ({ owned: `It is another name of ${name}: set that.` });
const memory: ParameterAddition = { owned: 'How far the pool may grow and shrink is Coffer\'s, which shares out the memory of the machine.' };
const pool: ParameterAddition = { owned: 'Sessions have threads of their own: there is no pool of them.' };
const unused: ParameterAddition = { owned: 'It has been taken out of use: it changes nothing.' };

export const overlay = withCommon({
  log_slow_query: otherName('slow_query_log'), log_slow_query_time: otherName('long_query_time'), log_slow_min_examined_row_limit: otherName('min_examined_row_limit'), tmp_memory_table_size: otherName('tmp_table_size'),
  expire_logs_days: otherName('binlog_expire_logs_seconds'), old_alter_table: otherName('alter_algorithm'),
  innodb_buffer_pool_size_max: memory, innodb_buffer_pool_size_auto_min: memory,
  thread_pool_size: pool, thread_pool_max_threads: pool, thread_pool_stall_limit: pool, thread_pool_oversubscribe: pool, thread_pool_idle_timeout: pool, thread_pool_priority: pool,
  thread_pool_prio_kickup_timer: pool, thread_pool_dedicated_listener: pool, thread_pool_exact_stats: pool,
  optimizer_adjust_secondary_key_costs: unused, innodb_prefix_index_cluster_optimization: unused, innodb_buffer_pool_chunk_size: unused,
  innodb_log_file_buffering: { owned: 'The server finds out at its start what suits the disk.' },
  // With less it refuses every statement of a session, the one that lifts the limit for management's own too; with 8 kB it crashes.
  max_session_mem_used: { min: 1_048_576 },
  // Empty is that of other tables; it tells no default at all.
  default_tmp_storage_engine: { default: '' },
  // It says no to changes of these while it runs. Of the first, -1 is not "no limit": nobody but management would come in.
  max_user_connections: { apply: 'RESTART', min: 0 },
  tcp_nodelay: { apply: 'RESTART' },
  // It works it out at its start, and not again when it is told to forget a value.
  innodb_adaptive_hash_index_cells: { apply: 'RESTART', default: null },
});
