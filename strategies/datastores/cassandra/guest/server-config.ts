/**
 * cassandra.yaml: what Coffer owns, over what a group has, over what the size asks for. JSON is YAML, and quotes every name by itself.
 * https://cassandra.apache.org/doc/5.0/cassandra/managing/configuration/cass_yaml_file.html
 */
import type { GuestContext } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { dataCentre } from '../replication.ts';
import { groupSettings } from '../values.ts';
import { advertised, cqlPort, dataFolders, isWildcardBind, listenAddress, type PlaceContext, secretFiles, storagePort } from './places.ts';

/**
 * How long the server may go by what it remembers of a role. Without a memory every request reads three tables more; a
 * change of rights counts as done when this time is over, so it is kept short and waited for.
 */
export const authMemoryMs = 250;

const pem = { class_name: 'org.apache.cassandra.security.PEMBasedSslContextFactory' } as const;
const protocols = ['TLSv1.2', 'TLSv1.3'] as const;

export type ConfigContext = PlaceContext & Pick<GuestContext, 'instanceId' | 'sizing' | 'parameters'>;

export function ownedSettings(ctx: ConfigContext): Record<string, unknown> {
  const folders = dataFolders(ctx.paths.data);
  const keys = secretFiles(ctx);
  const address = listenAddress(ctx.network.bind);
  return {
    // Nodes of different names never speak to each other; it is kept in the data, too, and a node with another one does not start.
    cluster_name: ctx.instanceId,
    partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner', num_tokens: 16, endpoint_snitch: 'GossipingPropertyFileSnitch',
    seed_provider: [{ class_name: 'org.apache.cassandra.locator.SimpleSeedProvider', parameters: [{ seeds: `${address.includes(':') ? `[${address}]` : address}:${storagePort(ctx)}` }] }],
    listen_address: address, storage_port: storagePort(ctx),
    rpc_address: ctx.network.bind === '*' ? '0.0.0.0' : ctx.network.bind, native_transport_port: cqlPort(ctx), ...(isWildcardBind(ctx) ? { broadcast_rpc_address: advertised(ctx) } : {}),
    data_file_directories: [folders.tables], commitlog_directory: folders.commitLog, saved_caches_directory: folders.caches, hints_directory: folders.hints, cdc_raw_directory: folders.changes,

    authenticator: 'PasswordAuthenticator', authorizer: 'CassandraAuthorizer', role_manager: 'CassandraRoleManager', network_authorizer: 'AllowAllNetworkAuthorizer',
    credentials_validity: `${authMemoryMs}ms`, roles_validity: `${authMemoryMs}ms`, permissions_validity: `${authMemoryMs}ms`, auth_cache_warming_enabled: false,
    client_encryption_options: { enabled: true, optional: false, require_client_auth: false, ssl_context_factory: pem, keystore: keys.client, protocol: 'TLS', accepted_protocols: protocols },
    server_encryption_options: {
      internode_encryption: 'all', optional: false, legacy_ssl_storage_port_enabled: false, require_client_auth: true, require_endpoint_verification: false,
      ssl_context_factory: pem, keystore: keys.peer, truststore: keys.peerTrust, protocol: 'TLS', accepted_protocols: protocols,
    },

    // No code of a tenant's runs inside the server, and nothing is kept that nobody looks after.
    user_defined_functions_enabled: false, scripted_user_defined_functions_enabled: false, materialized_views_enabled: false, sasi_indexes_enabled: false, transient_replication_enabled: false,
    cdc_enabled: false, auto_snapshot: false, incremental_backups: false, snapshot_before_compaction: false,
    audit_logging_options: { enabled: false, audit_logs_dir: folders.scratch }, full_query_logging_options: { log_dir: '', allow_nodetool_archive_command: false }, dump_heap_on_uncaught_exception: false,

    // What was acknowledged is on disk. Periodic syncing acknowledges what a kill of the process loses: a replay goes no further than
    // the last mark in the log, which is set ten times a second.
    commitlog_sync: 'batch',
    // A node that cannot write ends, and is seen to: the alternative is one that runs on and answers nobody.
    disk_failure_policy: 'die', commit_failure_policy: 'die',
  };
}

export function renderServerConfig(ctx: ConfigContext, catalogue: readonly ParameterSpec[]): string {
  const sized = Object.fromEntries(Object.entries(ctx.sizing).filter(([name]) => !name.startsWith('jvm.')).map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value]));
  return `# Written by Coffer; changes made by hand are lost.\n${JSON.stringify({ ...sized, ...groupSettings(catalogue, ctx.parameters), ...ownedSettings(ctx) }, null, 1)}\n`;
}

export const renderRack = (): string => `dc=${dataCentre}\nrack=rack1\n`;

/** To standard output, which the agent keeps and rotates. */
export const renderLogging = (): string => `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level [%thread] %date{ISO8601, UTC} %logger{0} - %msg%n</pattern></encoder>
  </appender>
  <logger name="org.apache.cassandra.config.DatabaseDescriptor" level="WARN"/>
  <logger name="org.apache.cassandra.config.Config" level="WARN"/>
  <logger name="org.apache.cassandra.db.ColumnFamilyStore" level="WARN"/>
  <logger name="org.apache.cassandra.db.Memtable" level="WARN"/>
  <logger name="org.apache.cassandra.db.compaction" level="WARN"/>
  <logger name="org.apache.cassandra.io.sstable" level="WARN"/>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>
`;
