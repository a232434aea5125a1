/** What the servers of the family do not tell of their parameters: what is Coffer's and why, what a number counts, what is dangerous. */
import type { CatalogueOverlay, ParameterAddition } from '../../spi/parameter-overlay.ts';

const network = 'Where the server listens is the instance\'s own: endpoints are changed with the instance.';
const places = 'Where the server keeps its files and finds its programs is Coffer\'s.';
const encryption = 'Coffer issues the certificates, renews them, and lets nobody in without TLS 1.2 or newer.';
const logins = 'Who may log in and how is managed as users and grants of the instance.';
const ownCode = 'Only code and statements of Coffer\'s own run as the server starts.';
const replication = 'Replicas and the log they follow are Coffer\'s to set up.';
const logs = 'The agent keeps what the server prints, turns its file over and removes what is old.';
const writes = 'Whether the server takes changes is Coffer\'s to decide.';
const rescue = 'It is for getting data out of a damaged server by hand.';
const action = 'It is an order that the server carries out at once, not a value to keep.';
const keys = 'Encryption of files needs a keyring, which instances do not have.';
const machine = 'Coffer shares out the processors, files and memory of the machine.';
const developers = 'It is for people who look for faults in the server itself.';
const persisted = 'Values come from the configuration group alone: persisted ones would be a second place that holds them.';

const fillsVolume = 'What is kept lies on the instance\'s volume: it can fill it, and the server stops then.';
const perSession = 'Every session may take that much, some of them several times.';
const losesCommits = 'With any value but 1, a commit that a client was told of can be lost when the server or the machine crashes.';
const tells = 'Statements are kept as they were written, with whatever stands in them: personal data, passwords.';

const of = (addition: ParameterAddition, names: string): Record<string, ParameterAddition> => Object.fromEntries(names.trim().split(/\s+/).map((name) => [name, addition]));
const owned = (because: string, names: string): Record<string, ParameterAddition> => of({ owned: because }, names);
/** Each of them may get several additions. */
function merged(...parts: Readonly<Record<string, ParameterAddition>>[]): Record<string, ParameterAddition> {
  const found: Record<string, ParameterAddition> = {};
  for (const part of parts) for (const [name, addition] of Object.entries(part)) found[name] = { ...found[name], ...addition };
  return found;
}

const units = merged(
  of({ unit: 'B' }, `
    aria_log_file_size aria_checkpoint_log_activity aria_max_sort_file_size aria_pagecache_buffer_size aria_sort_buffer_size binlog_cache_size binlog_file_cache_size binlog_gtid_index_page_size
    binlog_large_commit_threshold binlog_row_event_max_size binlog_stmt_cache_size bulk_insert_buffer_size connection_memory_chunk_size connection_memory_limit connection_memory_status_limit
    global_connection_memory_limit global_connection_memory_status_limit group_concat_max_len histogram_generation_max_mem_size innodb_buffer_pool_chunk_size innodb_buffer_pool_size
    innodb_buffer_pool_size_auto_min innodb_buffer_pool_size_max innodb_ddl_buffer_size innodb_fsync_threshold innodb_ft_cache_size innodb_ft_result_cache_limit innodb_ft_total_cache_size
    innodb_log_buffer_size innodb_log_file_size innodb_log_write_ahead_size innodb_max_undo_log_size innodb_online_alter_log_max_size innodb_page_size innodb_redo_log_capacity innodb_sort_buffer_size
    join_buffer_size join_buffer_space_limit key_buffer_size key_cache_block_size log_bin_compress_min_len max_allowed_packet max_binlog_cache_size max_binlog_size max_binlog_stmt_cache_size
    max_binlog_total_size max_digest_length max_heap_table_size max_rowid_filter_size max_session_mem_used max_sort_length max_tmp_session_space_usage max_tmp_total_space_usage mhnsw_max_cache_size
    mrr_buffer_size myisam_max_sort_file_size myisam_mmap_size myisam_sort_buffer_size net_buffer_length optimizer_trace_max_mem_size parser_max_mem_size preload_buffer_size query_alloc_block_size
    query_cache_limit query_cache_min_res_unit query_cache_size query_prealloc_size range_alloc_block_size range_optimizer_max_mem_size read_buffer_size read_rnd_buffer_size rowid_merge_buff_size
    regexp_stack_limit select_into_buffer_size set_operations_buffer_size sort_buffer_size temptable_max_mmap temptable_max_ram thread_stack tmp_disk_table_size tmp_memory_table_size tmp_table_size
    transaction_alloc_block_size transaction_prealloc_size
    performance_schema_max_digest_length performance_schema_max_sql_text_length`),
  of({ unit: 'MB' }, 'innodb_autoextend_increment'),
  of({ unit: 's' }, `
    aria_checkpoint_interval binlog_expire_logs_seconds connect_timeout delayed_insert_timeout flush_time idle_readonly_transaction_timeout idle_transaction_timeout idle_write_transaction_timeout
    information_schema_stats_expiry innodb_flush_log_at_timeout innodb_lock_wait_timeout interactive_timeout lock_wait_timeout log_slow_always_query_time log_slow_query_time long_query_time
    max_statement_time net_read_timeout net_write_timeout performance_schema_max_digest_sample_age progress_report_time slow_launch_time ssl_session_cache_timeout tcp_keepalive_interval
    tcp_keepalive_time thread_pool_idle_timeout wait_timeout`),
  of({ unit: 'ms' }, 'innodb_old_blocks_time max_execution_time select_into_disk_sync_delay thread_pool_prio_kickup_timer thread_pool_stall_limit'),
  of({ unit: 'us' }, 'aria_group_commit_interval binlog_commit_wait_usec binlog_group_commit_sync_delay deadlock_timeout_long deadlock_timeout_short innodb_max_purge_lag_delay innodb_thread_sleep_delay'),
  of({ unit: 'd' }, 'default_password_lifetime password_reuse_interval'),
);

const ours = merged(
  owned(network, 'port bind_address socket extra_port extra_max_connections admin_address admin_port create_admin_listener_thread skip_networking proxy_protocol_networks redirect_url back_log'),
  owned(places, `basedir datadir tmpdir plugin_dir character_sets_dir lc_messages_dir pid_file secure_file_priv innodb_data_home_dir innodb_data_file_path innodb_directories innodb_doublewrite_dir
    innodb_log_group_home_dir innodb_temp_data_file_path innodb_temp_tablespaces_dir innodb_tmpdir innodb_undo_directory innodb_buffer_pool_filename innodb_redo_log_archive_dirs aria_log_dir_path ft_stopword_file
    ignore_db_dirs general_log_file slow_query_log_file log_slow_query_file`),
  owned(encryption, 'require_secure_transport auto_generate_certs tls_version tls_ciphersuites tls_certificates_enforced_validation caching_sha2_password_auto_generate_rsa_keys sha256_password_auto_generate_rsa_keys'),
  owned(logins, `skip_name_resolve host_cache_size skip_grant_tables partial_revokes mandatory_roles activate_mandatory_roles authentication_policy check_proxy_users caching_sha2_password_proxy_users sha256_password_proxy_users
    caching_sha2_password_enforce_storage_format caching_sha2_password_storage_format caching_sha2_password_private_key_path caching_sha2_password_public_key_path sha256_password_private_key_path
    sha256_password_public_key_path strict_password_validation old_passwords secure_auth secure_timestamp automatic_sp_privileges`),
  owned(ownCode, 'init_file init_replica init_slave plugin_maturity allow_suspicious_udfs local_infile log_bin_trust_function_creators enforce_storage_engine disabled_storage_engines ignore_builtin_innodb'),
  owned(persisted, 'persisted_globals_load persist_only_admin_x509_subject persist_sensitive_variables_in_plaintext'),
  owned(writes, 'read_only super_read_only offline_mode transaction_read_only innodb_read_only innodb_read_only_compressed'),
  owned(rescue, 'innodb_force_recovery innodb_force_load_corrupted aria_force_start_after_recovery_failures'),
  owned(action, `innodb_buffer_pool_dump_now innodb_buffer_pool_load_now innodb_buffer_pool_load_abort innodb_log_checkpoint_now innodb_truncate_temporary_tablespace_now innodb_max_purge_lag_wait
    innodb_monitor_enable innodb_monitor_disable innodb_monitor_reset innodb_monitor_reset_all innodb_ft_aux_table binlog_rotate_encryption_master_key_at_startup`),
  owned(keys, `binlog_encryption default_table_encryption table_encryption_privilege_check innodb_redo_log_encrypt innodb_undo_log_encrypt innodb_encrypt_log innodb_encrypt_tables innodb_encrypt_temporary_tables
    innodb_encryption_threads innodb_encryption_rotate_key_age innodb_encryption_rotation_iops innodb_default_encryption_key_id aria_encrypt_tables encrypt_binlog encrypt_tmp_disk_tables encrypt_tmp_files`),
  owned(machine, 'open_files_limit large_pages innodb_numa_interleave innodb_dedicated_server container_aware server_memory core_file innodb_use_native_aio innodb_linux_aio thread_handling'),
  owned(developers, `innodb_api_bk_commit_interval innodb_api_disable_rowlock innodb_api_enable_binlog innodb_api_enable_mdl innodb_api_trx_level innodb_buffer_pool_in_core_file innodb_buffer_pool_in_core_dump
    innodb_fatal_semaphore_wait_threshold debug_no_thread_alarm innodb_log_spin_wait_delay old flush`),
  owned('The server logs rows, whatever a session asks for: replicas and functions of users rely on it.', 'binlog_format'),
  owned('What is committed has to be in the log: without it the server stops.', 'binlog_error_action'),
  owned('The agent reads the server\'s messages, in English.', 'lc_messages'),
  owned('Statements of everybody would be kept, with the passwords in them, where nobody looks.', 'general_log log_raw'),
  owned('It has been taken out of use: it changes nothing.', 'metadata_locks_cache_size metadata_locks_hash_instances sync_frm date_format datetime_format time_format max_tmp_tables'),
);

const warnings: Readonly<Record<string, string>> = {
  innodb_flush_log_at_trx_commit: losesCommits, sync_binlog: losesCommits,
  innodb_doublewrite: 'Without it a page that was half written when the machine crashed cannot be repaired: data can be lost.',
  innodb_flush_method: 'Not every method is safe on every disk: with nosync, data are lost when the machine crashes.',
  innodb_checksum_algorithm: 'Without checksums a damaged page is not noticed.', innodb_log_checksums: 'Without checksums a damaged log is not noticed.',
  innodb_fast_shutdown: 'With 2 an orderly stop is like a crash: the next start has to recover.',
  innodb_flush_log_at_timeout: 'With innodb_flush_log_at_trx_commit other than 1, that much of the latest commits can be lost.',
  innodb_use_atomic_writes: 'On a disk that does not write pages whole, data can be lost when the machine crashes.',
  innodb_validate_tablespace_paths: 'Files that were moved by hand are not noticed.',
  innodb_rollback_on_timeout: 'With true a whole transaction is undone where only a statement was before.',
  innodb_strict_mode: 'With false, tables are made otherwise than they were asked for, with a warning only.',
  innodb_snapshot_isolation: 'With false a transaction may change rows that it has not seen change.',
  innodb_deadlock_detect: 'Without it sessions that wait for each other do so until innodb_lock_wait_timeout.',
  aria_recover_options: 'Without recovery a table that was open in a crash stays damaged.', myisam_recover_options: 'Without recovery a table that was open in a crash stays damaged.',
  delay_key_write: 'Tables of MyISAM are damaged by a crash when their keys are written late.', myisam_use_mmap: 'On a full volume the server crashes.',
  sql_mode: 'Without the strict modes, values that do not fit are cut or replaced with a warning only.',
  explicit_defaults_for_timestamp: 'With false, columns with times get values by themselves.', enable_cascade_triggers: 'Triggers run that did not run before.',
  restrict_fk_on_non_standard_key: 'With false, foreign keys may refer to columns that are not unique.',
  innodb_autoinc_lock_mode: 'Numbers that a statement draws need not follow each other, with 2.',
  transaction_isolation: 'With READ-UNCOMMITTED, what others have not committed is read; SERIALIZABLE makes readers wait.',
  tx_isolation: 'With READ-UNCOMMITTED, what others have not committed is read; SERIALIZABLE makes readers wait.',
  autocommit: 'With false nothing is stored until a program says so, and what it read stays locked or old until then.',
  completion_type: 'With RELEASE every commit ends the session.',
  low_priority_updates: 'Changes may wait for ever where there is always a reader.',
  init_connect: 'It runs in every new session of a user: one that fails ends the session.',
  skip_show_database: 'Users see no databases at all.',
  max_statement_time: 'It ends dumps, migrations and index builds too.', max_execution_time: 'It ends long reports too.',
  wait_timeout: 'Pools that keep connections open find them closed.', interactive_timeout: 'Clients that people type in find their connection closed.',
  idle_transaction_timeout: 'A session that pauses in a transaction is ended.', idle_write_transaction_timeout: 'A session that pauses in a transaction is ended.', idle_readonly_transaction_timeout: 'A session that pauses in a transaction is ended.',
  sql_safe_updates: 'Programs that change rows without a key in their condition fail.', sql_require_primary_key: 'Programs that make tables without a primary key fail.', innodb_force_primary_key: 'Programs that make tables without a primary key fail.',
  max_connect_errors: 'A host with so many broken logins is shut out until somebody flushes the hosts.', max_password_errors: 'An account with so many wrong passwords is shut out until somebody flushes the privileges.',
  default_password_lifetime: 'Users whose password has become too old can do nothing but change it.',
  print_identified_with_as_hex: 'How accounts are shown changes for programs that read it.',
  slow_query_log: fillsVolume, log_slow_query: fillsVolume, log_queries_not_using_indexes: fillsVolume, long_query_time: `${tells} With a small value much is kept: it can fill the instance's volume.`, log_slow_query_time: tells, log_output: tells,
  binlog_rows_query_log_events: tells, binlog_annotate_row_events: tells, innodb_print_all_deadlocks: tells,
  binlog_expire_logs_seconds: fillsVolume, binlog_expire_logs_auto_purge: fillsVolume, expire_logs_days: fillsVolume, max_binlog_size: fillsVolume, max_binlog_total_size: fillsVolume, innodb_redo_log_capacity: fillsVolume, innodb_log_file_size: fillsVolume, innodb_max_undo_log_size: fillsVolume,
  innodb_undo_log_truncate: fillsVolume, temptable_max_mmap: fillsVolume, tmp_disk_table_size: fillsVolume, max_tmp_session_space_usage: fillsVolume, max_tmp_total_space_usage: fillsVolume, aria_log_file_size: fillsVolume,
  sort_buffer_size: perSession, join_buffer_size: perSession, read_buffer_size: perSession, read_rnd_buffer_size: perSession, tmp_table_size: perSession, max_heap_table_size: perSession, binlog_cache_size: perSession,
  thread_stack: `${perSession} With too little, deeply nested statements fail.`, mrr_buffer_size: perSession, myisam_sort_buffer_size: perSession, aria_sort_buffer_size: perSession,
  performance_schema: 'It takes 100 to 200 MB of the flavor\'s memory.', query_cache_type: 'All sessions wait for one lock of the cache: with many of them it is slower.', userstat: 'Every statement is counted, which makes the server slower.',
};

const common: Readonly<Record<string, ParameterAddition>> = merged(
  units, ours, Object.fromEntries(Object.entries(warnings).map(([name, warning]) => [name, { warning }])),
  // Management's own statements have to fit.
  of({ min: 1_048_576 }, 'max_allowed_packet'),
  of({ min: 16 }, 'max_connections'),
  of({ max: 31_536_000 }, 'long_query_time'),
  // A server that was started with DISABLED takes no other until its next start.
  of({ allowed: ['OFF', 'ON'], description: 'Whether the server carries out events when their time has come.' }, 'event_scheduler'),
  of({ apply: 'CREATE', owned: 'It is fixed when the data are made.' }, 'lower_case_table_names innodb_page_size innodb_undo_tablespaces aria_block_size myisam_block_size'),
  of({ default: 'SYSTEM', description: 'The time zone of sessions that do not set their own: SYSTEM, which is UTC, or an offset such as +02:00. Names of zones are not known to the server.' }, 'time_zone'),
  // They differ from machine to machine.
  of({ default: null }, `back_log open_files_limit host_cache_size general_log_file slow_query_log_file log_slow_query_file pid_file relay_log relay_log_index log_error report_host socket tmpdir
    innodb_page_cleaners innodb_purge_threads innodb_read_io_threads innodb_parallel_read_threads innodb_log_writer_threads innodb_buffer_pool_instances innodb_numa_interleave server_memory thread_pool_size
    wsrep_node_name wsrep_node_address wsrep_data_home_dir log_bin log_bin_index innodb_adaptive_hash_index_parts`),
);

/** `more` is the engine's own, laid over what both have. */
export const withCommon = (more: Readonly<Record<string, ParameterAddition>>): CatalogueOverlay => ({
  owned: [
    { names: /^(ssl_(?!session_cache).*|admin_(ssl|tls)_.*)$/, because: encryption },
    { names: /^(log_error.*|log_warnings|log_timestamps|log_tc_size|log_slow_(replica|slave)_statements)$/, because: logs },
    { names: /^(server_id.*|log_bin|log_bin_index|log_bin_compress|binlog_checksum|log_(replica|slave)_updates|gtid_.*|enforce_gtid_consistency|binlog_(gtid|row_(image|metadata|value_options)|direct|alter|legacy|order|transaction_dependency).*)$/, because: replication },
    { names: /^((replica|slave|relay|rpl|replicate|replication|source|master|report|sync_(source|master|relay))_.*|skip_(replica|slave)_start|max_relay_log_size|read_binlog_speed_limit|innodb_replication_delay|group_replication_.*)$/, because: replication },
    { names: /^wsrep_.*$/, because: 'Instances are servers of their own, not of a Galera cluster.' },
    { names: /^(external_table|secondary_engine|enable_secondary_engine|show_create_table).*$/, because: 'There is no secondary engine.' },
  ],
  parameters: merged(common, more),
});
