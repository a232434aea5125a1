/**
 * What Cassandra does not tell of its settings: what they are for, which Coffer owns and why, bounds that are narrower than those
 * of their types, and where one endangers data. A group's are those that mean something to one node; the others are told and owned. Pure.
 * https://cassandra.apache.org/doc/5.0/cassandra/managing/configuration/cass_yaml_file.html
 */
import type { CatalogueOverlay, ParameterAddition } from '../../../spi/parameter-overlay.ts';

const network = 'Where the server listens is the instance\'s own: endpoints are changed with the instance.';
const files = 'Coffer decides where the server keeps its files.';
const logins = 'Users log in with a password over TLS; there is no other way in, and rights are remembered no longer than Coffer waits for them.';
const data = 'It is fixed when the data are made.';
const peers = 'An instance is one node: it has no peers, and this would do nothing.';
const durable = 'What a client was told to be stored has to survive a crash.';
const snapshots = 'Copies that nobody looks after would fill the instance\'s volume.';
const code = 'No code of a user\'s runs inside the server.';
const format = 'How files are written goes with the version, which Coffer changes.';
const management = 'It would keep management out, or slow it down.';
const expert = 'It stays as the server has it: it is for clusters, for what comes from earlier versions, or for people who develop the server.';

type Said = ParameterAddition & { description: string };
const said = (description: string, more: ParameterAddition = {}): Said => ({ description, ...more });
const warned = (warning: string): ParameterAddition => ({ warning });
const threads = { min: 2, max: 1_024 };
/** Management's own requests have these times, too. */
const shortest = { min: 100 };

/** -1 is none of it; 0 is refused by the server. */
const counted = (name: string, what: string, most: number | null = null): Record<string, Said> => ({
  [`${name}_warn_threshold`]: said(`From how many ${what} on clients are warned; -1: never.`, { min: -1, ...(most === null ? {} : { max: most }) }),
  [`${name}_fail_threshold`]: said(`From how many ${what} on requests of users are refused; -1: never.`, { min: -1, ...(most === null ? {} : { max: most }) }),
});
const sized = (name: string, what: string, min = 1): Record<string, Said> => ({
  [`${name}_warn_threshold`]: said(`From which size of ${what} on clients are warned; left out: never.`, { min }),
  [`${name}_fail_threshold`]: said(`From which size of ${what} on requests are refused; left out: never.`, { min }),
});
/** Of what a read takes: management reads, too. */
const mebibyte = 1_048_576;
const allowed = (what: string): Said => said(`Whether users may ${what}.`);

const documented: Readonly<Record<string, Said>> = {
  // requests
  request_timeout: said('How long requests of no other kind may take.', shortest),
  read_request_timeout: said('How long a read of one partition may take.', shortest),
  range_request_timeout: said('How long a read over partitions may take.', shortest),
  write_request_timeout: said('How long a write may take.', shortest),
  counter_write_request_timeout: said('How long a write to a counter may take.', shortest),
  cas_contention_timeout: said('How long a conditional write is tried again when others are at the same row.', shortest),
  truncate_request_timeout: said('How long the emptying of a table may take.', shortest),
  native_transport_timeout: said('How long a request may be in the server, from its arrival on, before it is dropped.', { min: 1_000 }),
  slow_query_log_timeout: said('From which time on a request is slow and told in the log; 0: none is.', warned('What is slow is told as it was asked, with whatever stands in it: personal data.')),
  concurrent_reads: said('How many reads are worked on at once.', threads),
  concurrent_writes: said('How many writes are worked on at once.', threads),
  concurrent_counter_writes: said('How many writes to counters are worked on at once.', threads),
  native_transport_max_threads: said('How many threads take clients\' requests.', { min: 4, max: 1_024 }),
  native_transport_max_concurrent_connections: said('How many connections clients may have; -1: no limit.', { min: -1, ...warned('Management\'s own are counted, too: keep it above what your clients open.') }),
  native_transport_idle_timeout: said('After how long without use a connection is closed; 0: never.', { max: 86_400_000 }),
  native_transport_max_frame_size: said('How large a request may be.', { min: 1, max: 256, ...warned('Requests of that size are in the heap while they are worked on.') }),
  native_transport_max_request_data_in_flight: said('How much of requests may be in the server at once; left out: a tenth of the heap.', { min: mebibyte }),
  native_transport_max_request_data_in_flight_per_ip: said('The same for the clients of one address; left out: a fortieth of the heap.', { min: mebibyte }),
  max_mutation_size: said('How large one write may be; left out: half a segment of the commit log.', { min: 1_024 }),

  // memory
  memtable_heap_space: said('How much of the heap new data may take before they are written to files.', { min: 4 }),
  memtable_offheap_space: said('How much memory beside the heap new data may take, where they are kept there.', { min: 0 }),
  memtable_allocation_type: said('Where new data are kept: in the heap, or beside it.'),
  memtable_flush_writers: said('How many threads write new data to files; left out: by the processors.', { default: null, min: 1, max: 64 }),
  file_cache_size: said('How much memory beside the heap the cache of pieces of files may take.', { min: 8 }),
  file_cache_enabled: said('Whether pieces of files are kept in that memory, beside the cache of the system.'),
  networking_cache_size: said('How much memory beside the heap connections may take for what they read and write.', { min: 4 }),
  key_cache_size: said('How much of the heap the cache of places of partitions may take; 0: there is none.'),
  key_cache_save_period: said('How often that cache is written down; 0: never.'),
  key_cache_keys_to_save: said('How many of its entries are written down.', { min: 0 }),
  row_cache_size: said('How much memory beside the heap the cache of rows may take, for tables that ask for it; 0: there is none.'),
  row_cache_save_period: said('How often that cache is written down; 0: never.'),
  row_cache_keys_to_save: said('How many of its entries are written down.', { min: 0 }),
  counter_cache_size: said('How much of the heap the cache of counters may take; 0: there is none.'),
  counter_cache_save_period: said('How often that cache is written down; 0: never.'),
  counter_cache_keys_to_save: said('How many of its entries are written down.', { min: 0 }),
  prepared_statements_cache_size: said('How much of the heap prepared statements may take.', { min: 1 }),
  cache_load_timeout: said('How long a start waits for what was written down of caches.', { min: 0, max: 120 }),
  column_index_size: said('Of how much of a partition one entry of its index tells; left out: as the format of files has it.', { min: 1 }),
  column_index_cache_size: said('Up to which size the index of a partition is kept in the cache of places.'),
  index_summary_capacity: said('How much memory beside the heap summaries of indexes may take; left out: a twentieth of the heap.', { min: 1 }),
  index_summary_resize_interval: said('How often that memory is shared out anew by use.', { min: 1 }),
  gc_log_threshold: said('From which pause of the collector of memory on it is told in the log.', { min: 1 }),
  gc_warn_threshold: said('From which pause on it is told as a warning; 0: never.'),

  // files
  commitlog_segment_size: said('How large a file of the commit log is.', { min: 4, max: 1_024 }),
  commitlog_total_space: said('How much of the volume the commit log may take before data are written out to free it.', { min: 32 }),
  flush_compression: said('How files of new data are compressed: not, fast, or as their table has it.'),
  trickle_fsync: said('Whether files are brought to the disk piece by piece while they are written.'),
  trickle_fsync_interval: said('After how much of a file that is.', { min: 64 }),
  disk_optimization_strategy: said('For which kind of disk reads are sized.'),
  compaction_throughput: said('How many megabytes a second compaction may write; 0: no limit.', { max: 2 ** 31 - 2 }),
  concurrent_compactors: said('How many compactions may run at once.', { min: 1, max: 64 }),
  concurrent_index_builders: said('How many threads build indexes.', { min: 1, max: 64 }),
  min_free_space_per_drive: said('How much of the volume compaction leaves free.'),
  max_space_usable_for_compactions_in_percentage: said('Which share of the free space compaction may take.', { min: 0, max: 1 }),
  sstable_preemptive_open_interval: said('After how much of a file that compaction makes it is read already; left out: when it is done.', { min: 1 }),
  autocompaction_on_startup_enabled: said('Whether compaction begins by itself when the server starts.', warned('Without it reads become slower and the volume fills.')),
  sstable_read_rate_persistence_enabled: said('Whether it is written down how often each file is read.'),
  corrupted_tombstone_strategy: said('Whether a marker of deletion that cannot be right is told in the log.', { allowed: ['disabled', 'warn'] }),

  // what is told
  trace_type_query_ttl: said('How long traces are kept.', { min: 0 }),
  client_request_size_metrics_enabled: said('Whether sizes of requests are counted.'),
  top_partitions_enabled: said('Whether the largest partitions are written down.'),
  max_top_size_partition_count: said('How many of the largest.', { min: 0, max: 1_000 }),
  max_top_tombstone_partition_count: said('How many of those with most markers of deletion.', { min: 0, max: 1_000 }),
  min_tracked_partition_size: said('From which size on.'),
  min_tracked_partition_tombstone_count: said('From how many markers of deletion on.', { min: 0 }),

  // limits
  batch_size_warn_threshold: said('From which size of a batch on it is told in the log.', { min: 0 }),
  batch_size_fail_threshold: said('From which size of a batch on it is refused.', { min: 1 }),
  unlogged_batch_across_partitions_warn_threshold: said('From how many partitions in an unlogged batch on clients are warned.', { min: 1 }),
  tombstone_warn_threshold: said('From how many markers of deletion in one read on clients are warned.', { min: 1 }),
  tombstone_failure_threshold: said('From how many markers of deletion in one read on it is refused.', { min: 1_000, ...warned('Users who come and go leave some, too: with a small value nobody can log in any more.') }),
  read_thresholds_enabled: said('Whether the limits of what a read may take are looked at.'),
  ...sized('coordinator_read_size', 'what a read answers', mebibyte),
  ...sized('local_read_size', 'what a read takes from files', mebibyte),
  ...sized('row_index_read_size', 'the index of a partition that is read', mebibyte),
  ...counted('keyspaces', 'keyspaces'),
  ...counted('tables', 'tables'),
  ...counted('columns_per_table', 'columns of a table'),
  ...counted('secondary_indexes_per_table', 'indexes of a table'),
  ...counted('fields_per_udt', 'fields of a type of a user\'s'),
  ...counted('items_per_collection', 'items of a collection'),
  ...counted('vector_dimensions', 'dimensions of a vector'),
  ...counted('page_size', 'rows of a page'),
  ...counted('partition_keys_in_select', 'keys of partitions in a select'),
  ...counted('in_select_cartesian_product', 'combinations of values in a select'),
  ...counted('sai_sstable_indexes_per_query', 'files of an index in a select'),
  ...counted('data_disk_usage_percentage', 'percent of the disk in use', 100),
  data_disk_usage_max_disk_size: said('What the whole of these percent is; left out: the volume.', { min: 1 }),
  ...sized('collection_size', 'a collection'),
  ...sized('column_value_size', 'a value'),
  ...sized('sai_string_term_size', 'a text in an index'),
  ...sized('sai_frozen_term_size', 'a frozen value in an index'),
  ...sized('sai_vector_term_size', 'a vector in an index'),
  partition_size_warn_threshold: said('From which size of a partition on it is told in the log; left out: never.', { min: 1 }),
  partition_tombstones_warn_threshold: said('From how many markers of deletion in a partition on it is told in the log; -1: never.', { min: -1 }),
  alter_table_enabled: allowed('change tables'),
  allow_filtering_enabled: allowed('ask with ALLOW FILTERING'),
  compact_tables_enabled: allowed('make tables with COMPACT STORAGE'),
  drop_keyspace_enabled: allowed('drop keyspaces'),
  drop_truncate_table_enabled: allowed('drop and empty tables'),
  group_by_enabled: allowed('ask with GROUP BY'),
  read_before_write_list_operations_enabled: allowed('set and delete items of a list by their places'),
  secondary_indexes_enabled: allowed('make indexes'),
  simplestrategy_enabled: allowed('make keyspaces with SimpleStrategy'),
  uncompressed_tables_enabled: allowed('make tables without compression'),
  user_timestamps_enabled: allowed('give times of their own to what they write'),
  vector_type_enabled: allowed('make columns of vectors'),
  non_partition_restricted_index_query_enabled: allowed('ask an index without naming a partition'),
  intersect_filtering_query_enabled: allowed('ask an index and filter what it answers'),
  intersect_filtering_query_warned: said('Whether clients are warned when they do that.'),
  zero_ttl_on_twcs_enabled: allowed('make tables with time windows whose data never expire'),
  zero_ttl_on_twcs_warned: said('Whether clients are warned when they do that.'),
  dynamic_data_masking_enabled: said('Whether columns can be masked for users without the right to see them.', warned('With false columns that are masked already are shown to all who may read them.')),
};

export const overlay: CatalogueOverlay = {
  owned: [
    { names: /^(listen_|rpc_|broadcast_|storage_port|ssl_storage_port|start_native_transport|native_transport_port)/, because: network },
    { names: /_director(y|ies)$|^heap_dump_path$|^dump_heap/, because: files },
    { names: /^(permissions|roles|credentials)_|^auth_|^(authenticator|authorizer|role_manager|traverse_auth_from_root)$/, because: logins },
    { names: /^(cluster_name|partitioner|num_tokens|initial_token|allocate_tokens_.*|endpoint_snitch|auto_bootstrap)$/, because: data },
    { names: /^commitlog_(sync|disk_access)|^periodic_commitlog|^(disk|commit)_failure_policy$/, because: durable },
    { names: /^max_value_size$/, because: 'A larger value that is there already would count as damage, and the server would end.' },
    { names: /snapshot|^incremental_backups$|^cdc_/, because: snapshots },
    { names: /user_defined_functions|^user_function_|insecure_udfs$/, because: code },
    { names: /materialized_view|^(sasi_indexes|transient_replication)_enabled$/, because: 'What the server itself calls experimental is off.' },
    { names: /hint|^(dynamic_snitch|internode_|inter_dc_|stream|entire_sstable_|repair|batchlog_|phi_|failure_detector|severity_|ideal_consistency_level|auto_optimise_|default_keyspace_rf)|replication_factor|^block_for_peers|_merkle_tree/, because: peers },
    { names: /^(storage_compatibility_mode|uuid_sstable_identifiers_enabled|automatic_sstable_upgrade|max_concurrent_automatic_sstable_upgrades|drop_compact_storage_enabled)$/, because: format },
    { names: /^native_transport_(max_concurrent_connections_per_ip|max_auth_threads|rate_limiting_enabled|max_requests_per_second|throw_on_overload|allow_older_protocols|.*queue.*|max_message_size|flush_in_batches_legacy)$|^use_statements_enabled$/, because: management },
    { names: /denylist/, because: 'Which partitions are kept from clients is told in a table that users have no right to.' },
    { names: /^disk_access_mode$|^available_processors$/, because: 'It follows from the size of the instance.' },
    { names: new RegExp(`^(?!(${Object.keys(documented).join('|')})$)`), because: expert },
  ],
  parameters: {
    ...documented,
    // of the machine that was asked, or larger than any number that means something
    native_transport_queue_max_item_age_threshold: { default: null },
  },
};
