/** What pg_settings does not tell: what is Coffer's, what is dangerous, and the parts that are asked only when they are loaded. */
import type { CatalogueOverlay, ParameterAddition } from '../../../spi/parameter-overlay.ts';
import { preloadable } from '../libraries.ts';

const network = 'Where the server listens and keeps its files is the instance\'s own: endpoints are changed with the instance.';
const encryption = 'Coffer issues the certificates, renews them, and lets nobody in without TLS 1.2 or newer.';
const logins = 'Users log in with a password over TLS; there is no other way in.';
const ownCode = 'Only code that came with the server\'s build is loaded.';
const durable = 'What a client was told to be stored has to survive a crash.';
const replication = 'Replicas, archives and restores are Coffer\'s to set up.';
const logs = 'The agent keeps what the server prints, turns its file over and removes what is old.';
const warnsOfContents = 'Statements go to the server\'s log as they were written, with whatever stands in them: personal data, passwords.';
const fillsVolume = 'What is kept lies on the instance\'s volume: it can fill it, and the server stops then.';
const warned = (warning: string): ParameterAddition => ({ warning });
const owned = (because: string): ParameterAddition => ({ owned: because });
/** Twice the size of a segment of the write-ahead log: the server does not start with less. */
const leastWalMb = 32;

export const overlay: CatalogueOverlay = {
  askedWith: { shared_preload_libraries: preloadable.join(',') },
  owned: [
    { names: /^(config_file|hba_file|ident_file|data_directory|external_pid_file|listen_addresses|port|unix_socket_.*|bonjour.*)$/, because: network },
    { names: /^ssl(_.*)?$/, because: encryption },
    { names: /^(password_encryption|db_user_namespace|oauth_.*|krb_.*|gss_.*)$/, because: logins },
    { names: /^((local|session)_preload_libraries|dynamic_library_path|extension_(control_path|destdir)|jit_provider|output_plugin_libraries)$/, because: ownCode },
    { names: /^(archive_.*|restore_command|recovery_(target.*|end_command|min_apply_delay|prefetch)|primary_.*|promote_trigger_file|hot_standby.*|max_standby_.*|wal_receiver_.*|wal_retrieve_.*)$/, because: replication },
    { names: /^(wal_level|max_wal_senders|max_replication_slots|synchronous_standby_names|synchronized_standby_slots|sync_replication_slots)$/, because: replication },
    { names: /^(logging_collector|log_destination|log_directory|log_filename|log_file_mode|log_rotation_.*|log_truncate_on_rotation|syslog_.*|event_source)$/, because: logs },
    { names: /^(fsync|full_page_writes)$/, because: durable },
  ],
  parameters: {
    allow_alter_system: owned('Values come from the configuration group alone: ALTER SYSTEM would be a second place that holds them.'),
    allow_system_table_mods: owned('Changed system tables cannot be repaired.'),
    dynamic_shared_memory_type: owned('Shared memory lies in the instance\'s own folder, so that a crash leaves nothing behind.'),
    shared_memory_type: owned('Shared memory must be gone when the server is: a crash would leave the other kind behind.'),
    max_prepared_transactions: owned('A prepared transaction that was forgotten holds its locks and keeps vacuum from its work, over restarts too.'),
    restart_after_crash: owned('The agent watches the server and starts it again.'),
    superuser_reserved_connections: owned('These connections are management\'s: reserve some for your own users with reserved_connections, where the version has it.'),
    lc_messages: owned('Coffer reads the server\'s messages, in English.'),

    max_stack_depth: { default: '2048' },
    client_encoding: { default: null },
    min_wal_size: { min: leastWalMb },
    max_wal_size: { min: leastWalMb },
    shared_preload_libraries: { description: `Lists shared libraries to preload into server: any of ${preloadable.join(', ')}, separated by commas.` },

    synchronous_commit: warned('With any value but on, a commit that a client was told of can be lost when the server crashes. The data stay sound.'),
    wal_sync_method: warned('Not every method is safe on every disk: measure and test it with the storage you have.'),
    data_sync_retry: warned('After a failed write the system may have thrown data away already: to try again can hide the loss.'),
    wal_log_hints: warned('More is written to the log for each first change of a page; with checksums, which are on, it changes nothing.'),
    session_replication_role: warned('With replica neither triggers run nor foreign keys are checked: data can end up inconsistent.'),
    autovacuum: warned('Without it tables grow without bounds and the server has to stop one day before transaction ids run out.'),
    track_counts: warned('Autovacuum does not know where to work without these counts: tables grow without bounds.'),
    autovacuum_freeze_max_age: warned('A high value leaves less time before the server stops to protect data from transaction ids that ran out.'),
    autovacuum_multixact_freeze_max_age: warned('A high value leaves less time before the server stops to protect data from transaction ids that ran out.'),
    vacuum_defer_cleanup_age: warned('Dead rows are kept for longer, in all tables.'),
    old_snapshot_threshold: warned('Long queries can fail with "snapshot too old".'),
    row_security: warned('With off a query fails that a policy would filter; it does not skip the policy.'),
    backslash_quote: warned('With on, programs that quote text by themselves can be open to injected statements.'),
    standard_conforming_strings: warned('With off a backslash in a text is an escape: programs that do not expect it can be open to injected statements.'),
    transform_null_equals: warned('Comparisons with NULL have another result than in standard SQL.'),
    lo_compat_privileges: warned('With true, everybody may read and change all large objects.'),
    event_triggers: warned('With false no event trigger runs.'),
    exit_on_error: warned('Any error ends the session.'),
    default_transaction_read_only: warned('With true nobody writes who does not ask to, tools for migrations and restores included.'),
    statement_timeout: warned('It ends dumps, migrations and index builds too.'),
    transaction_timeout: warned('It ends dumps, migrations and index builds too. It is 0, which is off, or at least 1000 ms: with less, sessions end while they are set up.'),
    idle_session_timeout: warned('Pools that keep connections open find them closed.'),
    log_statement: warned(warnsOfContents),
    log_min_duration_statement: warned(warnsOfContents),
    log_min_duration_sample: warned(warnsOfContents),
    log_transaction_sample_rate: warned(warnsOfContents),
    log_parameter_max_length_on_error: warned(warnsOfContents),
    debug_print_parse: warned(warnsOfContents),
    debug_print_rewritten: warned(warnsOfContents),
    debug_print_plan: warned(warnsOfContents),
    'auto_explain.log_min_duration': warned(warnsOfContents),
    wal_keep_size: warned(fillsVolume),
    max_slot_wal_keep_size: warned(fillsVolume),
    temp_file_limit: warned('With -1 or a high value a single query can fill the instance\'s volume, and the server stops then.'),
    huge_pages: warned('With on the server starts only where the machine has huge pages set aside for it.'),
    work_mem: warned('Each sort and each hash of each query may take that much.'),
    max_locks_per_transaction: warned('Memory for it is taken at the start, for each connection.'),
  },
};
