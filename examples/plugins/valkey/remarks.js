/** What Valkey does not tell of its parameters: what Coffer owns and why, what a few are for, count, and endanger. */

/** @typedef {Partial<import('@coffer/plugin-sdk').ParameterSpec>} Remark */

const unspoken = 'The engine tells no more of it than its name: see the valkey.conf of this version.';

/** @type {[RegExp, string][]} */
const owned = [
  [/^(bind|bind-source-addr|port|unixsocket|unixsocketperm|unixsocketgroup|protected-mode|socket-mark-id|(repl-)?mptcp|rdma-.*)$/, 'Coffer decides where the engine listens.'],
  [/^tls-/, 'Coffer makes and renews the certificates and demands TLS of every client.'],
  [/^(dir|dbfilename|append(dir|file)name|aclfile|pidfile|logfile)$/, 'Coffer decides where the engine keeps its files.'],
  [/^(requirepass|primaryauth|primaryuser|acl-pubsub-default)$/, 'Accounts are managed as users of the instance.'],
  [/^enable-(debug-command|module-command|protected-configs)$/, 'What these open reaches the host and Coffer\'s own account.'],
  [/^(daemonize|supervised|set-proc-title|proc-title-template|syslog-.*|shutdown-on-.*|always-show-logo)$/, 'Coffer starts, watches and stops the engine, and keeps what it prints.'],
  [/cpulist$|^oom-score-adj/, 'Coffer shares out the processors and memory of the machine.'],
  [/^(replicaof|replica-announce.*|replica-read-only|import-mode)$/, 'Which servers follow which is Coffer\'s to decide.'],
  [/^(cluster-|slot-migration-)/, 'Instances are servers of their own, not nodes of a cluster.'],
  [/^appendonly$/, 'Without the append-only file a crash loses all writes since the latest snapshot.'],
  [/^databases$/, 'The sixteen keyspaces are what the datastore promises.'],
];

/** @type {Record<string, Remark>} */
const said = {
  'appendfsync': {
    description: 'When writes are forced to the disk: everysec (a crash of the machine loses a second), always (before each answer), no (when the operating system likes).',
    warning: 'With no, a crash of the machine may lose half a minute of writes; with always every write waits for the disk.',
  },
  'auto-aof-rewrite-percentage': { description: 'By how many percent the append-only file grows before it is written anew.', warning: 'With 0 it grows until the volume is full.' },
  'client-output-buffer-limit': {
    description: 'What each class of clients may have waiting to be read: hard limit, soft limit in bytes and how many seconds above it, as "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60". 0: no limit.',
    warning: 'Without limits one slow client can take all memory.',
  },
  'hz': { description: 'How often per second work in the background is done, such as removing expired keys.', min: 1, max: 500 },
  'io-threads': { description: 'How many threads read from and write to clients. More than the flavor has processors makes it slower.' },
  'latency-monitor-threshold': { description: 'Events that take at least this long are noted for LATENCY. 0: none.', unit: 'ms' },
  'latency-tracking-info-percentiles': { description: 'Which percentiles INFO tells of the time commands take, such as "50 99 99.9".' },
  'loglevel': { description: 'How much the engine prints.' },
  'maxclients': { description: 'How many clients may be connected at once.', min: 16, max: 100_000 },
  'maxmemory': { description: 'Memory for data; what happens when it is full says maxmemory-policy.', warning: 'Close to the memory of the flavor, a snapshot under heavy writes may need more than there is, and the engine is ended.' },
  'maxmemory-policy': { description: 'What happens when maxmemory is reached: noeviction refuses writes, the others remove keys.', warning: 'Every policy but noeviction removes data when memory is full.' },
  'min-replicas-to-write': { description: 'With fewer replicas that follow closely writes are refused. 0: never.', warning: 'Above 0, an instance without replicas refuses every write.' },
  'notify-keyspace-events': { description: 'Which changes of keys are published to subscribers, as letters: K or E for the channel, then classes such as g (generic), x (expired), A (all). Empty: none.' },
  'repl-backlog-size': { description: 'How much is kept for replicas that were away.', min: 16_384 },
  'save': { description: 'When snapshots are written, as pairs of seconds and changes: "3600 1 300 100". Empty: never.', warning: 'Empty ends snapshots; the append-only file alone keeps the data then.' },
  'stop-writes-on-bgsave-error': { description: 'Whether writes are refused after a snapshot failed.', warning: 'With false nobody notices that snapshots fail.' },
  'tcp-backlog': { description: 'How many connections may wait to be taken. The kernel\'s net.core.somaxconn is a limit of its own.' },
  'tcp-keepalive': { description: 'How often an idle connection is looked after. 0: never.', unit: 's' },
  'commandlog-execution-slower-than': { description: 'Commands that take longer are noted in the command log. 0: every command, -1: none.', unit: 'us' },
  'commandlog-slow-execution-max-len': { description: 'How many slow commands the command log keeps.' },
  'locale-collate': { description: 'By which rules SORT orders text.' },
  'shutdown-timeout': { description: 'How long an end waits for replicas to catch up.', unit: 's', max: 60 },
  'timeout': { description: 'After how much idle time a client is disconnected. 0: never.', unit: 's' },
};

/** @returns {Remark} */
export function remarkOn(/** @type {string} */ name) {
  const reason = owned.find(([names]) => names.test(name))?.[1];
  return { description: unspoken, ...said[name], ...(reason === undefined ? {} : { owned: reason }) };
}
