/**
 * Options of the configuration file. The server tells of its command line's alone (`mongod --help`), under other names: this
 * says which is which, and what help leaves out. https://www.mongodb.com/docs/v6.0/reference/configuration-options/
 */
import type { ParameterSpec } from '../../spi/parameters.ts';

export interface Option extends Pick<ParameterSpec, 'name' | 'type' | 'unit' | 'apply'> {
  /** on the command line */
  flag: string;
  /** the server parameter that is the same thing while the server runs */
  parameter?: string;
}

type More = Partial<Pick<Option, 'unit' | 'apply' | 'parameter'>>;
const option = (name: string, flag: string, type: Option['type'], more: More = {}): Option => ({ name, flag, type, unit: null, apply: 'RESTART', ...more });

const wiredTiger = 'storage.wiredTiger';
export const cacheSize = `${wiredTiger}.engineConfig.cacheSizeGB`;
export const oplogSize = 'replication.oplogSizeMB';
export const engineConfig = `${wiredTiger}.engineConfig.configString`;
export const slowThreshold = 'operationProfiling.slowOpThresholdMs';
export const slowSampleRate = 'operationProfiling.slowOpSampleRate';
export const maxConnections = 'net.maxIncomingConnections';

export const options: readonly Option[] = [
  option('cloud.monitoring.free.state', 'enableFreeMonitoring', 'ENUM'),
  option('cloud.monitoring.free.tags', 'freeMonitoringTag', 'STRING'),
  option('net.bindIp', 'bind_ip', 'STRING'),
  option('net.bindIpAll', 'bind_ip_all', 'BOOLEAN'),
  option('net.compression.compressors', 'networkMessageCompressors', 'STRING'),
  option('net.ipv6', 'ipv6', 'BOOLEAN'),
  option('net.listenBacklog', 'listenBacklog', 'INTEGER'),
  option(maxConnections, 'maxConns', 'INTEGER'),
  option('net.port', 'port', 'INTEGER'),
  option('net.tls.CAFile', 'tlsCAFile', 'STRING'),
  option('net.tls.CRLFile', 'tlsCRLFile', 'STRING'),
  option('net.tls.allowConnectionsWithoutCertificates', 'tlsAllowConnectionsWithoutCertificates', 'BOOLEAN'),
  option('net.tls.allowInvalidCertificates', 'tlsAllowInvalidCertificates', 'BOOLEAN'),
  option('net.tls.allowInvalidHostnames', 'tlsAllowInvalidHostnames', 'BOOLEAN'),
  option('net.tls.certificateKeyFile', 'tlsCertificateKeyFile', 'STRING'),
  option('net.tls.certificateKeyFilePassword', 'tlsCertificateKeyFilePassword', 'STRING'),
  option('net.tls.clusterCAFile', 'tlsClusterCAFile', 'STRING'),
  option('net.tls.clusterFile', 'tlsClusterFile', 'STRING'),
  option('net.tls.clusterPassword', 'tlsClusterPassword', 'STRING'),
  option('net.tls.disabledProtocols', 'tlsDisabledProtocols', 'STRING'),
  option('net.tls.logVersions', 'tlsLogVersions', 'STRING'),
  option('net.tls.mode', 'tlsMode', 'ENUM'),
  option('net.unixDomainSocket.enabled', 'nounixsocket', 'BOOLEAN'),
  option('net.unixDomainSocket.filePermissions', 'filePermissions', 'INTEGER'),
  option('net.unixDomainSocket.pathPrefix', 'unixSocketPrefix', 'STRING'),
  option('operationProfiling.mode', 'profile', 'STRING'),
  option(slowSampleRate, 'slowOpSampleRate', 'NUMBER'),
  option(slowThreshold, 'slowms', 'INTEGER', { unit: 'ms' }),
  option('processManagement.fork', 'fork', 'BOOLEAN'),
  option('processManagement.pidFilePath', 'pidfilepath', 'STRING'),
  option('processManagement.timeZoneInfo', 'timeZoneInfo', 'STRING'),
  option('replication.enableMajorityReadConcern', 'enableMajorityReadConcern', 'BOOLEAN'),
  option(oplogSize, 'oplogSize', 'INTEGER', { unit: 'MB', apply: 'CREATE' }),
  option('replication.replSetName', 'replSet', 'STRING'),
  option('security.authorization', 'auth', 'STRING'),
  option('security.clusterAuthMode', 'clusterAuthMode', 'ENUM'),
  option('security.clusterIpSourceAllowlist', 'clusterIpSourceAllowlist', 'STRING'),
  option('security.javascriptEnabled', 'noscripting', 'BOOLEAN'),
  option('security.keyFile', 'keyFile', 'STRING'),
  option('security.transitionToAuth', 'transitionToAuth', 'BOOLEAN'),
  option('sharding.clusterRole', 'shardsvr', 'STRING'),
  option('storage.dbPath', 'dbpath', 'STRING'),
  option('storage.directoryPerDB', 'directoryperdb', 'BOOLEAN', { apply: 'CREATE' }),
  option('storage.engine', 'storageEngine', 'STRING', { apply: 'CREATE' }),
  option('storage.journal.commitIntervalMs', 'journalCommitInterval', 'INTEGER', { unit: 'ms', apply: 'LIVE', parameter: 'journalCommitInterval' }),
  option('storage.journal.enabled', 'journal', 'BOOLEAN'),
  option('storage.oplogMinRetentionHours', 'oplogMinRetentionHours', 'NUMBER', { unit: 'h' }),
  option('storage.syncPeriodSecs', 'syncdelay', 'NUMBER', { unit: 's', apply: 'LIVE', parameter: 'syncdelay' }),
  option(`${wiredTiger}.collectionConfig.blockCompressor`, 'wiredTigerCollectionBlockCompressor', 'ENUM'),
  option(cacheSize, 'wiredTigerCacheSizeGB', 'NUMBER', { unit: 'GB', apply: 'LIVE' }),
  option(engineConfig, 'wiredTigerEngineConfigString', 'STRING'),
  option(`${wiredTiger}.engineConfig.directoryForIndexes`, 'wiredTigerDirectoryForIndexes', 'BOOLEAN', { apply: 'CREATE' }),
  option(`${wiredTiger}.engineConfig.journalCompressor`, 'wiredTigerJournalCompressor', 'ENUM'),
  option(`${wiredTiger}.engineConfig.zstdCompressionLevel`, 'zstdDefaultCompressionLevel', 'INTEGER'),
  option(`${wiredTiger}.indexConfig.prefixCompression`, 'wiredTigerIndexPrefixCompression', 'BOOLEAN'),
  option('systemLog.destination', 'syslog', 'STRING'),
  option('systemLog.logAppend', 'logappend', 'BOOLEAN'),
  option('systemLog.logRotate', 'logRotate', 'ENUM'),
  option('systemLog.path', 'logpath', 'STRING'),
  option('systemLog.quiet', 'quiet', 'BOOLEAN'),
  option('systemLog.syslogFacility', 'syslogFacility', 'STRING'),
  option('systemLog.timeStampFormat', 'timeStampFormat', 'STRING'),
  option('systemLog.verbosity', 'verbose', 'INTEGER'),
];

/** What the server calls it where it refuses it: by the name of the file, of the command line, or of the parameter alone. */
export const spellingsOf = (name: string): string[] => [name, ...[optionOf.get(name)?.flag, parameterOf(name)].filter((one) => one !== undefined)];

const optionOf = new Map(options.map((one) => [one.name, one]));
/** Server parameters are told under the file's section for them. */
export const section = 'setParameter.';
/** Known by the name of their option. */
export const doubled: ReadonlySet<string> = new Set(options.flatMap(({ parameter }) => parameter ?? []));

/** The server parameter behind a name; undefined: an option that only a start reads, or the cache. */
export const parameterOf = (name: string): string | undefined => (name.startsWith(section) ? name.slice(section.length) : optionOf.get(name)?.parameter);
