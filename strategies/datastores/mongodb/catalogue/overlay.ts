/**
 * What MongoDB does not tell of its parameters: what they are for, what they count, which Coffer owns and why, and where one
 * endangers data. Of server parameters those are a group's that the manual describes; the others are told and owned. Pure.
 * https://www.mongodb.com/docs/v6.0/reference/parameters/
 */
import type { CatalogueOverlay, ParameterAddition } from '../../../spi/parameter-overlay.ts';
import { cacheSize, engineConfig, maxConnections, section, slowSampleRate, slowThreshold } from '../options.ts';

const network = 'Where the server listens is the instance\'s own: endpoints are changed with the instance.';
const encryption = 'Coffer issues the certificates, renews them, and lets nobody in without TLS 1.2 or newer.';
const logins = 'Users log in with a password over TLS; there is no other way in.';
const files = 'Coffer decides where the server keeps its files.';
const replication = 'Every instance is a replica set, which is Coffer\'s to set up.';
const logs = 'The agent keeps what the server prints; told more, the server would write verifiers of passwords there.';
const diagnostics = 'The recorder of diagnostic data and telemetry are off: the recorder would take up to 200 MB of the volume.';
const javascript = 'JavaScript in the server is off.';
const profiling = 'Who is dbAdmin profiles its own database; for all of them it would record the database of accounts too.';
const undocumented = 'MongoDB does not document it: it is for people who develop the server itself.';
const warnsOfMemory = 'Each operation may take that much beside the cache.';

type Said = ParameterAddition & { description: string };
const said = (description: string, more: ParameterAddition = {}): Said => ({ description, ...more });
const counted = (unit: string, description: string, more: ParameterAddition = {}): Said => ({ unit, description, ...more });
const warned = (warning: string): ParameterAddition => ({ warning });
const owned = (because: string): ParameterAddition => ({ owned: because });

/** By the server's names, without the section. */
const documented: Readonly<Record<string, Said>> = {
  allowDiskUseByDefault: said('Whether stages of a pipeline that need more memory than they may have go on in files, where an operation does not say otherwise.'),
  authorizationManagerCacheSize: said('How many users\' rights are kept in memory.', { min: 1 }),
  batchedDeletesTargetBatchDocs: said('How many documents a deletion of many takes out in one step; 0: no limit.'),
  batchedDeletesTargetBatchTimeMS: counted('ms', 'How long a step of a deletion of many may take; 0: no limit.'),
  batchedDeletesTargetStagedDocBytes: counted('B', 'How large the documents of a step of a deletion of many may be together; 0: no limit.'),
  connPoolMaxConnsPerHost: said('How many connections to another server are kept open.', { min: 0 }),
  cursorTimeoutMillis: counted('ms', 'After how long without use a cursor is closed.', { min: 1, ...warned('Programs that read slowly lose their cursor with a small value; with a large one forgotten cursors keep their memory.') }),
  enableFlowControl: said('Whether writes are slowed while most of the set is behind.'),
  flowControlTargetLagSeconds: counted('s', 'How far most of the set may be behind before writes are slowed.'),
  flowControlWarnThresholdSeconds: counted('s', 'After how long a set that makes no progress is told in the log.'),
  indexMaxNumGeneratedKeysPerDocument: said('How many entries one document may have in one index.', { min: 1 }),
  internalDocumentSourceGroupMaxMemoryBytes: counted('B', 'How much memory a $group stage may take before it goes on in files.', warned(warnsOfMemory)),
  internalDocumentSourceSetWindowFieldsMaxMemoryBytes: counted('B', 'How much memory a $setWindowFields stage may take.', warned(warnsOfMemory)),
  internalInsertMaxBatchSize: said('How many documents of one insert are written in one step.'),
  internalQueryFacetBufferSizeBytes: counted('B', 'How much memory a $facet stage may take.', warned(warnsOfMemory)),
  internalQueryMaxAddToSetBytes: counted('B', 'How much memory an $addToSet accumulator may take.', warned(warnsOfMemory)),
  internalQueryMaxBlockingSortMemoryUsageBytes: counted('B', 'How much memory a sort without an index may take before it goes on in files.', warned(warnsOfMemory)),
  internalQueryMaxPushBytes: counted('B', 'How much memory a $push accumulator may take.', warned(warnsOfMemory)),
  internalQueryPlannerMaxIndexedSolutions: said('How many plans with an index are weighed for a query.'),
  localLogicalSessionTimeoutMinutes: counted('min', 'After how long without use a session ends, with its cursors and its transaction.', { min: 1, ...warned('A cursor that is read slowly ends with its session.') }),
  logicalSessionRefreshMillis: counted('ms', 'How often the times of last use of sessions are written down.', { min: 1 }),
  maxIndexBuildMemoryUsageMegabytes: counted('MB', 'How much memory the building of indexes may take, all of it together.', warned('It is taken beside the cache.')),
  maxNumActiveUserIndexBuilds: said('How many indexes may be built at once; others wait.'),
  maxSessions: said('How many sessions are kept.', { min: 1_000 }),
  maxTransactionLockRequestTimeoutMillis: counted('ms', 'How long a transaction waits for a lock before it ends; -1: as long as the operation may take.', { min: -1 }),
  maxValidateMBperSec: said('How many megabytes a second validate reads; 0: no limit.'),
  maxValidateMemoryUsageMB: counted('MB', 'How much memory validate may take.'),
  minSnapshotHistoryWindowInSeconds: counted('s', 'How far back a read with read concern snapshot may look.', warned('With a large value the cache fills with what was overwritten, and everything becomes slow.')),
  notablescan: said('Whether queries that find no index are refused.', warned('Every query without an index fails, those of tools and migrations too.')),
  planCacheSize: said('How much memory the plans of the slot-based engine may take: with a unit (100MB) or as a share (5%).'),
  storeFindAndModifyImagesInSideCollection: said('Whether what a findAndModify needs to be repeated is kept beside the oplog.'),
  taskExecutorPoolSize: said('How many pools of threads send operations to other servers; 0: as many as there are cores.'),
  tcmallocAggressiveMemoryDecommit: said('Whether memory that is free is given back to the system at once: 1 yes, 0 no.', { max: 1 }),
  tcmallocMaxTotalThreadCacheBytes: counted('B', 'How much free memory threads may keep for themselves.', { default: null, min: 0 }),
  tcmallocReleaseRate: said('How readily free memory is given back to the system, from 0 (never) to 10.', { min: 0, max: 10 }),
  temporarilyUnavailableBackoffBaseMs: counted('ms', 'How long a write that the cache has no room for waits before it is tried again.'),
  temporarilyUnavailableMaxRetries: said('How often a write that the cache has no room for is tried again.'),
  timeseriesIdleBucketExpiryMemoryUsageThreshold: counted('B', 'From how much memory on open buckets of time series are closed.', { min: 0 }),
  transactionLifetimeLimitSeconds: counted('s', 'After how long a transaction is ended.', warned('Long transactions keep what was overwritten in the cache, and everything becomes slow.')),
  transactionTooLargeForCacheThreshold: said('From which share of the changes that the cache can hold on a transaction is too large to be tried again.'),
  ttlMonitorEnabled: said('Whether documents whose time is over are deleted.', warned('With false nothing expires: collections grow that are meant not to.')),
  ttlMonitorSleepSecs: counted('s', 'How often documents whose time is over are looked for.'),
  watchdogPeriodSeconds: counted('s', 'How often the server looks whether its files can be written, and ends where they cannot; -1: never.', { apply: 'RESTART', min: -1 }),
  wiredTigerConcurrentReadTransactions: said('How many operations may read at once; left out: 128.', { apply: 'RESTART', min: 5 }),
  wiredTigerConcurrentWriteTransactions: said('How many operations may write at once; left out: 128.', { apply: 'RESTART', min: 5 }),
  wiredTigerEvictionDirtyMaxGB: counted('GB', 'At how much changed data in the cache operations have to help to write it; 0: a share of the cache.', { min: 0 }),
  wiredTigerEvictionDirtyTargetGB: counted('GB', 'From how much changed data in the cache on it is written; 0: a share of the cache.', { min: 0 }),
  wiredTigerFileHandleCloseIdleTime: counted('s', 'After how long without use the file of a collection or an index is closed; 0: never.', { min: 0, max: 100_000 }),
  writePeriodicNoops: said('Whether the oplog gets an entry now and then while nothing is written.'),
};

export const overlay: CatalogueOverlay = {
  owned: [
    { names: /^net\.(bindIp|bindIpAll|ipv6|port|unixDomainSocket\..*)$/, because: network },
    { names: /^net\.tls\.|^setParameter\.(tls|ssl|openssl|ocsp|suppressNoTLS|disableNon(SSL|TLS))/, because: encryption },
    { names: /^security\.(authorization|clusterAuthMode|clusterIpSourceAllowlist|keyFile|transitionToAuth)$/, because: logins },
    { names: /^setParameter\.(enableLocalhostAuthBypass|sasl.*|scram.*|allowRolesFromX509Certificates|aws.*|startupAuthSchemaValidation|enforceUserClusterSeparation)$/, because: logins },
    { names: /^storage\.(dbPath|directoryPerDB|engine)$|directoryForIndexes$|^processManagement\.|^setParameter\.(processUmask|honorSystemUmask)$/, because: files },
    { names: /^replication\.(replSetName|enableMajorityReadConcern)$|^sharding\./, because: replication },
    { names: /^systemLog\.|^setParameter\.(logLevel|quiet|trace.*|maxLogSizeKB|backtraceLogFile)$/, because: logs },
    { names: /^cloud\.|^setParameter\.(diagnosticDataCollection.*|cloudFreeMonitoringEndpointURL|heapProfiling.*)$/, because: diagnostics },
    { names: /javascript|^setParameter\.(jsHeapLimitMB|scriptingEngine.*)/i, because: javascript },
    { names: /^operationProfiling\.mode$/, because: profiling },
    { names: /^setParameter\.(enableTestCommands|testing.*|.*ForTest|wiredTigerStressConfig)$/, because: 'It opens commands that are for tests: they can stop the server and damage data.' },
    { names: /^setParameter\.(recover.*|startupRecovery.*|takeUnstableCheckpointOnShutdown|wiredTigerSkipTableLoggingChecksOnStartup|skipCorruptDocumentsWhenCloning)$/, because: 'What a client was told to be stored has to survive a crash.' },
    { names: /^setParameter\.shutdownTimeoutMillisForSignaledShutdown$/, because: 'Nobody takes over from a single member, so clients gain nothing by its waiting for them.' },
    { names: new RegExp(`^setParameter\\.(?!(${Object.keys(documented).join('|')})$)`), because: undocumented },
  ],
  parameters: {
    ...Object.fromEntries(Object.entries(documented).map(([name, addition]) => [section + name, addition])),

    // of the machine that was asked
    'setParameter.diagnosticDataCollectionDirectoryPath': { default: null },
    'setParameter.saslHostName': { default: null },
    'net.compression.compressors': owned('Compression by zlib discloses memory of the server to who has not even logged in, in the versions that can be had; the others are on.'),
    'net.listenBacklog': { default: null, min: 1, max: 65_535, description: 'How many connections may wait to be taken.' },
    [maxConnections]: { min: 5, max: 1_000_000, description: 'How many connections clients may have. Management\'s do not count.', ...warned('Each connection is a thread with its stack, beside the cache.') },
    [slowThreshold]: { min: 0, description: 'From which time on an operation is slow and told in the log.', ...warned('What is slow is told as it was written, with whatever stands in it: personal data.') },
    [slowSampleRate]: { min: 0, max: 1, description: 'Which share of the slow operations is told.' },
    'security.javascriptEnabled': { description: 'Whether operations may run JavaScript in the server.' },
    'storage.journal.commitIntervalMs': { min: 1, max: 500, description: 'How often the journal is written, for writes whose client does not ask for it.', ...warned('What was written since is lost when the server crashes, where the client did not ask for the journal.') },
    'storage.journal.enabled': owned('A replica set needs its journal.'),
    'storage.oplogMinRetentionHours': { min: 0, description: 'For how many hours entries of the oplog are kept whatever its size; 0: only by size.', ...warned('The oplog grows beyond its size then: it can fill the instance\'s volume.') },
    'storage.syncPeriodSecs': { min: 1, max: 3600, description: 'How often data are written to their files.', ...warned('With a large value the journal grows, and a start after a crash takes longer.') },
    'storage.wiredTiger.collectionConfig.blockCompressor': { description: 'How documents of collections that are made from now on are compressed.' },
    [cacheSize]: { min: 0.25, max: 10_000, description: 'How much memory the cache of documents and indexes may take.' },
    [engineConfig]: owned('Its words could undo everything else: where files lie, whether there is a journal. The usual ones have a parameter of their own.'),
    'storage.wiredTiger.engineConfig.journalCompressor': { description: 'How the journal is compressed.', owned: 'What a crash left in the journal cannot be read with another compression: the server would not start.' },
    'storage.wiredTiger.engineConfig.zstdCompressionLevel': { min: 1, max: 22, description: 'How hard zstd compresses: higher is smaller and slower.' },
    'storage.wiredTiger.indexConfig.prefixCompression': { description: 'Whether beginnings that entries of an index share are kept once, in indexes that are made from now on.' },
    'replication.oplogSizeMB': { default: null, description: 'How large the oplog is made: how far a change stream may be behind.' },
  },
};
