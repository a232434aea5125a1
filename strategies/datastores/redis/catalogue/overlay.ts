/**
 * What Redis does not tell of its parameters: what they are for, what they count, which Coffer owns and why, and where one
 * endangers data. Merged into the catalogues of both tracks; a name that a track lacks is left out there. Pure.
 */
import type { CatalogueOverlay, ParameterAddition } from '../../../spi/parameter-overlay.ts';

const said = (description: string, more: ParameterAddition = {}): ParameterAddition => ({ description, ...more });
const owned = (reason: string, description: string, names: readonly string[]): Record<string, ParameterAddition> =>
  Object.fromEntries(names.map((name) => [name, { description, owned: reason }]));

const seconds: ParameterAddition = { unit: 's' };
const millis: ParameterAddition = { unit: 'ms' };
const micros: ParameterAddition = { unit: 'us' };
const encoding = (what: string): ParameterAddition => said(`Up to this ${what} is kept in a compact form that takes less memory and more processor time.`);
const lazily = (when: string): ParameterAddition => said(`Whether memory of keys is freed by a thread of its own ${when}, so that nobody waits for a large one.`);
const replicaOnly = (what: string, more: ParameterAddition = {}): ParameterAddition => said(`${what} Of use with replicas only.`, more);

const network = owned('Coffer decides where the engine listens.', 'Where the engine listens and how it is reached.', [
  'bind', 'bind-source-addr', 'port', 'tls-port', 'unixsocket', 'unixsocketperm', 'protected-mode', 'socket-mark-id',
]);
const encryption = owned('Coffer makes and renews the certificates and demands TLS of every client.', 'Encryption of connections.', [
  'tls-auth-clients', 'tls-ca-cert-dir', 'tls-ca-cert-file', 'tls-cert-file', 'tls-ciphers', 'tls-ciphersuites', 'tls-client-cert-file', 'tls-client-key-file',
  'tls-client-key-file-pass', 'tls-cluster', 'tls-dh-params-file', 'tls-key-file', 'tls-key-file-pass', 'tls-prefer-server-ciphers', 'tls-protocols', 'tls-replication',
  'tls-session-cache-size', 'tls-session-cache-timeout', 'tls-session-caching',
]);
const files = owned('Coffer decides where the engine keeps its files.', 'Where the engine keeps a file.', [
  'dir', 'dbfilename', 'appenddirname', 'appendfilename', 'aclfile', 'pidfile', 'logfile', 'cluster-config-file',
]);
const accounts = owned('Accounts are managed as users and grants of the instance.', 'Accounts and their rights.', ['requirepass', 'masterauth', 'masteruser', 'acl-pubsub-default']);
const administration = owned('What these open reaches the host and Coffer\'s own account.', 'Opens commands or data forms that can harm the server.', [
  'enable-debug-command', 'enable-module-command', 'enable-protected-configs', 'sanitize-dump-payload',
]);
const ownProcess = owned('Coffer starts, watches and stops the engine, and keeps what it prints.', 'How the engine runs as a process.', [
  'daemonize', 'supervised', 'set-proc-title', 'proc-title-template', 'syslog-enabled', 'syslog-facility', 'syslog-ident', 'shutdown-on-sigint', 'shutdown-on-sigterm', 'always-show-logo',
]);
const machine = owned('Coffer shares out the processors and memory of the machine.', 'The engine\'s share of the machine.', [
  'server-cpulist', 'bio-cpulist', 'aof-rewrite-cpulist', 'bgsave-cpulist', 'server_cpulist', 'bio_cpulist', 'aof_rewrite_cpulist', 'bgsave_cpulist', 'oom-score-adj', 'oom-score-adj-values',
]);
const followers = owned('Which servers follow which is Coffer\'s to decide.', 'How servers follow each other.', [
  'replicaof', 'replica-announce-ip', 'replica-announce-port', 'replica-announced', 'replica-read-only',
]);
const cluster = owned('Instances are servers of their own, not nodes of a Redis Cluster.', 'How nodes of a Redis Cluster work together.', [
  'cluster-allow-pubsubshard-when-down', 'cluster-allow-reads-when-down', 'cluster-allow-replica-migration', 'cluster-announce-bus-port', 'cluster-announce-hostname',
  'cluster-announce-human-nodename', 'cluster-announce-ip', 'cluster-announce-port', 'cluster-announce-tls-port', 'cluster-compatibility-sample-ratio', 'cluster-enabled',
  'cluster-link-sendbuf-limit', 'cluster-migration-barrier', 'cluster-node-timeout', 'cluster-port', 'cluster-preferred-endpoint-type', 'cluster-replica-no-failover',
  'cluster-replica-validity-factor', 'cluster-require-full-coverage',
]);

const parameters: Readonly<Record<string, ParameterAddition>> = {
  ...network, ...encryption, ...files, ...accounts, ...administration, ...ownProcess, ...machine, ...followers, ...cluster,
  'appendonly': said('Whether every write is kept in the append-only file.', { owned: 'Without the append-only file a crash loses all writes since the latest snapshot.' }),
  'databases': said('How many numbered keyspaces there are.', { owned: 'The sixteen keyspaces are what the datastore promises, and an engine with fewer does not start with data in the others.' }),
  'locale-collate': said('By which rules SORT orders text.', { owned: 'Another order than that of bytes depends on what is installed on the machine.' }),

  'maxmemory': said('Memory for data; what happens when it is full says maxmemory-policy. Without it Coffer leaves room for buffers and for the pages that are copied while a snapshot is written.',
    { warning: 'Close to the memory of the flavor, a snapshot or rewrite under heavy writes may need more than there is, and the engine is ended.' }),
  'maxmemory-policy': said('What happens when maxmemory is reached: noeviction refuses writes, the others remove keys.', { warning: 'Every policy but noeviction removes data when memory is full.' }),
  'maxmemory-samples': said('How many keys are looked at to find one that may be removed: more is more exact and takes more processor time.'),
  'maxmemory-clients': said('Memory for the buffers of all clients together; the one with the largest is closed when it is reached. 0: no limit.'),
  'maxmemory-eviction-tenacity': said('How much of the time goes into removing keys while memory is full, from 0 (least) to 100.'),
  'replica-ignore-maxmemory': replicaOnly('Whether a replica leaves the removal of keys to the server it follows.'),

  'appendfsync': said('When writes are forced to the disk: everysec (a crash of the machine loses a second), always (before each answer), no (when the operating system likes).',
    { warning: 'With no, a crash of the machine may lose half a minute of writes; with always every write waits for the disk.' }),
  'no-appendfsync-on-rewrite': said('Whether forcing writes to the disk pauses while a snapshot or rewrite runs.', { warning: 'With true, a crash of the machine meanwhile may lose half a minute of writes.' }),
  'auto-aof-rewrite-percentage': said('By how many percent the append-only file grows before it is written anew.', { warning: 'With 0 the file is never written anew and grows until the volume is full.' }),
  'auto-aof-rewrite-min-size': said('The append-only file is not written anew while it is smaller.'),
  'aof-load-truncated': said('Whether a start goes on after an append-only file that ends in the middle of a command, as after a crash.', { warning: 'With false the engine does not start after such a crash until the file is repaired by hand.' }),
  'aof-use-rdb-preamble': said('Whether the append-only file begins with a snapshot, which is smaller and loads faster.'),
  'aof-timestamp-enabled': said('Whether the append-only file notes times, which earlier versions cannot read.'),
  'aof-rewrite-incremental-fsync': said('Whether a rewrite of the append-only file is forced to the disk piece by piece.'),
  'aof-disable-auto-gc': said('Whether append-only files that are no longer needed stay.', { warning: 'With true they fill the volume.' }),
  'save': said('When snapshots are written, as pairs of seconds and changes: "3600 1 300 100" is after an hour with one change or five minutes with a hundred. Empty: never.',
    { warning: 'Empty ends snapshots; the append-only file alone keeps the data then.' }),
  'stop-writes-on-bgsave-error': said('Whether writes are refused after a snapshot failed.', { warning: 'With false nobody notices that snapshots fail.' }),
  'rdbchecksum': said('Whether snapshots carry a checksum.', { warning: 'With false a damaged snapshot is loaded without a word.' }),
  'rdbcompression': said('Whether text in snapshots is compressed.'),
  'rdb-save-incremental-fsync': said('Whether a snapshot is forced to the disk piece by piece.'),
  'rdb-del-sync-files': replicaOnly('Whether snapshots that were made for replicas alone are removed.'),

  'maxclients': said('How many clients may be connected at once.', { min: 16, max: 100_000 }),
  'timeout': said('After how much idle time a client is disconnected. 0: never.', seconds),
  'tcp-keepalive': said('How often an idle connection is looked after, so that dead ones are noticed. 0: never.', seconds),
  'tcp-backlog': said('How many connections may wait to be taken. The kernel\'s net.core.somaxconn is a limit of its own.'),
  'client-output-buffer-limit': said('What a class of clients (normal, replica, pubsub) may have waiting to be read before it is disconnected: hard limit, soft limit and how many seconds above it. '
    + 'One class or several, "pubsub 64mb 16mb 60"; classes that are left out keep the engine’s defaults. 0: no limit.', { warning: 'Without limits one slow client can take all memory.' }),
  'client-query-buffer-limit': said('The longest command a client may send, with its arguments.'),
  'proto-max-bulk-len': said('The longest single argument a client may send, and the longest string value.'),
  'max-new-connections-per-cycle': said('How many new connections are taken at once without TLS.'),
  'max-new-tls-connections-per-cycle': said('How many new connections are taken at once: more lets a crowd in sooner and makes others wait longer.'),
  'io-threads': said('How many threads read from and write to clients. More than the flavor has processors makes it slower.'),
  'io-threads-do-reads': said('Whether the further threads also read.'),

  'slowlog-log-slower-than': said('Commands that take longer are noted in the slow log. 0: every command, -1: none.', micros),
  'slowlog-max-len': said('How many commands the slow log keeps.'),
  'latency-monitor-threshold': said('Events that take at least this long are noted for LATENCY. 0: none.', millis),
  'latency-tracking': said('Whether INFO tells how long each command takes.'),
  'latency-tracking-info-percentiles': said('Which percentiles INFO tells of the time commands take, such as "50 99 99.9".'),
  'acllog-max-len': said('How many refused logins and commands ACL LOG keeps.'),
  'loglevel': said('How much the engine prints.'),
  'hide-user-data-from-log': said('Whether keys and values are kept out of what the engine prints.'),
  'crash-log-enabled': said('Whether a crash is told with its stack.'),
  'crash-memcheck-enabled': said('Whether memory is tested after a crash.'),
  'ignore-warnings': said('Warnings of a start that are not to keep the engine from starting.'),

  'notify-keyspace-events': said('Which changes of keys are published to subscribers, as letters: K or E for the channel, then classes such as g (generic), $ (strings), x (expired), e (evicted), A (all). Empty: none.'),
  'busy-reply-threshold': said('How long a script or function may run before others are answered BUSY and it can be ended.', millis),
  'tracking-table-max-keys': said('How many keys are remembered for clients that cache. 0: no limit.'),
  'hz': said('How often per second work in the background is done, such as removing expired keys.', { min: 1, max: 500 }),
  'dynamic-hz': said('Whether work in the background is done more often with many clients.'),
  'active-expire-effort': said('How hard expired keys are looked for, from 1 to 10.'),
  'activerehashing': said('Whether hash tables that grow are moved in the background.'),
  'lfu-log-factor': said('How many uses it takes for a key to count as often used, for the policies with lfu.'),
  'lfu-decay-time': said('After how long without use a key counts as less often used, for the policies with lfu.', { unit: 'min' }),
  'lazyfree-lazy-eviction': lazily('when maxmemory removes them'),
  'lazyfree-lazy-expire': lazily('when they expire'),
  'lazyfree-lazy-server-del': lazily('when a command overwrites them'),
  'lazyfree-lazy-user-del': lazily('on DEL, as UNLINK does'),
  'lazyfree-lazy-user-flush': lazily('on FLUSHALL and FLUSHDB without SYNC'),
  'hash-max-listpack-entries': encoding('many fields a hash'), 'hash-max-listpack-value': encoding('size of its longest field a hash'),
  'list-max-listpack-size': said('The size of a node of a list: above 0 in entries, from -1 (4 kB) to -5 (64 kB) in bytes.'),
  'list-compress-depth': said('How many nodes at each end of a list stay uncompressed. 0: all.'),
  'set-max-intset-entries': encoding('many members a set of numbers'), 'set-max-listpack-entries': encoding('many members a set'), 'set-max-listpack-value': encoding('size of its longest member a set'),
  'zset-max-listpack-entries': encoding('many members a sorted set'), 'zset-max-listpack-value': encoding('size of its longest member a sorted set'),
  'hll-sparse-max-bytes': encoding('size a HyperLogLog'),
  'stream-node-max-bytes': said('The size of a node of a stream. 0: no limit.'), 'stream-node-max-entries': said('How many entries a node of a stream has. 0: no limit.'),
  'activedefrag': said('Whether memory is moved together while the engine runs. Only builds with their own memory allocator can.'),
  'active-defrag-cycle-min': said('The least share of processor time, in percent, that moving memory together takes.'), 'active-defrag-cycle-max': said('The most of it.'),
  'active-defrag-ignore-bytes': said('Waste below this size is left alone.'), 'active-defrag-max-scan-fields': said('Up to this many fields are moved at once.'),
  'active-defrag-threshold-lower': said('The waste, in percent, from which memory is moved together.'), 'active-defrag-threshold-upper': said('The waste, in percent, from which it is done with all effort.'),
  'jemalloc-bg-thread': said('Whether a thread of its own gives unused memory back.'),
  'disable-thp': said('Whether huge pages of memory are switched off for the engine.', { warning: 'With false, snapshots under writes may take far more memory.' }),
  'shutdown-timeout': said('How long an end waits for replicas to catch up.', { ...seconds, max: 60 }),
  'propagation-error-behavior': said('What happens when a command that replicas were sent fails there.', { warning: 'Both forms of panic end the engine.' }),

  'min-replicas-to-write': replicaOnly('With fewer replicas that follow closely writes are refused. 0: never.', { warning: 'Above 0, an instance without replicas refuses every write.' }),
  'min-replicas-max-lag': replicaOnly('How far behind a replica may be to count for min-replicas-to-write.', seconds),
  'repl-backlog-size': replicaOnly('How much is kept for replicas that were away.', { min: 16_384 }),
  'repl-backlog-ttl': replicaOnly('For how long that is kept when there is no replica. 0: for ever.', seconds),
  'repl-timeout': replicaOnly('After how long without a word the other side counts as gone.', seconds),
  'repl-ping-replica-period': replicaOnly('How often replicas are told that the server lives.', seconds),
  'repl-disable-tcp-nodelay': replicaOnly('Whether fewer and larger packets are sent to replicas, with some delay.'),
  'repl-diskless-sync': replicaOnly('Whether a full copy is sent without a file.'), 'repl-diskless-sync-delay': replicaOnly('How long a full copy waits for further replicas.', seconds),
  'repl-diskless-sync-max-replicas': replicaOnly('A full copy does not wait longer when so many replicas have come. 0: always waits.'), 'repl-diskless-load': replicaOnly('Whether a full copy is loaded without a file.'),
  'replica-full-sync-buffer-limit': replicaOnly('How much a replica keeps of writes while it loads a full copy.'), 'replica-ignore-disk-write-errors': replicaOnly('Whether a replica goes on when its disk fails.'),
  'replica-lazy-flush': replicaOnly('Whether a replica frees its earlier data by a thread of its own.'), 'replica-priority': replicaOnly('Which replica is chosen first to take over.'),
  'replica-serve-stale-data': replicaOnly('Whether a replica answers while it has lost its server.'),
};

export const overlay: CatalogueOverlay = { parameters };
