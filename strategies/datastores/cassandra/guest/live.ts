/** What a running server takes, over its management port: settings that it has an attribute for, shows when they are changed, and has a default for. */
import type { GuestContext } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { refusal, refusalOf } from '../../../spi/refused-values.ts';
import { fromServer } from '../values.ts';
import { setAttributes } from './jmx.ts';
import { readSettings, readTold, type Settings, writeTold } from './parameters.ts';

/** By the value as the catalogue counts it. */
const attributes: Readonly<Record<string, readonly [bean: string, attribute: string]>> = {
  ...within('StorageProxy', {
    request_timeout: 'RpcTimeout', read_request_timeout: 'ReadRpcTimeout', range_request_timeout: 'RangeRpcTimeout', write_request_timeout: 'WriteRpcTimeout',
    counter_write_request_timeout: 'CounterWriteRpcTimeout', cas_contention_timeout: 'CasContentionTimeout', truncate_request_timeout: 'TruncateRpcTimeout',
    client_request_size_metrics_enabled: 'ClientRequestSizeMetricsEnabled', sstable_read_rate_persistence_enabled: 'SStableReadRatePersistenceEnabled',
  }),
  ...within('StorageService', {
    compaction_throughput: 'CompactionThroughputMbPerSec', native_transport_timeout: 'NativeTransportTimeoutMillis',
    tombstone_warn_threshold: 'TombstoneWarnThreshold', tombstone_failure_threshold: 'TombstoneFailureThreshold',
    batch_size_warn_threshold: 'BatchSizeWarnThresholdInKiB', batch_size_fail_threshold: 'BatchSizeFailureThreshold', read_thresholds_enabled: 'ReadThresholdsEnabled',
    max_top_size_partition_count: 'MaxTopSizePartitionCount', max_top_tombstone_partition_count: 'MaxTopTombstonePartitionCount', min_tracked_partition_tombstone_count: 'MinTrackedPartitionTombstoneCount',
  }),
  ...within('Guardrails', {
    allow_filtering_enabled: 'AllowFilteringEnabled', alter_table_enabled: 'AlterTableEnabled', compact_tables_enabled: 'CompactTablesEnabled', drop_keyspace_enabled: 'DropKeyspaceEnabled',
    drop_truncate_table_enabled: 'DropTruncateTableEnabled', group_by_enabled: 'GroupByEnabled', intersect_filtering_query_enabled: 'IntersectFilteringQueryEnabled',
    intersect_filtering_query_warned: 'IntersectFilteringQueryWarned', non_partition_restricted_index_query_enabled: 'NonPartitionRestrictedQueryEnabled',
    read_before_write_list_operations_enabled: 'ReadBeforeWriteListOperationsEnabled', secondary_indexes_enabled: 'SecondaryIndexesEnabled', simplestrategy_enabled: 'SimpleStrategyEnabled',
    uncompressed_tables_enabled: 'UncompressedTablesEnabled', user_timestamps_enabled: 'UserTimestampsEnabled', vector_type_enabled: 'VectorTypeEnabled',
    zero_ttl_on_twcs_enabled: 'ZeroTTLOnTWCSEnabled', zero_ttl_on_twcs_warned: 'ZeroTTLOnTWCSWarned',
  }),
};
function within(bean: string, names: Readonly<Record<string, string>>): Record<string, readonly [string, string]> {
  return Object.fromEntries(Object.entries(names).map(([name, attribute]) => [name, [bean, attribute]]));
}

export const isLive = (name: string): boolean => Object.hasOwn(attributes, name);

export interface Change { name: string; value: string; before: string }

interface Known { catalogue: readonly ParameterSpec[]; parameters: Readonly<Record<string, string>>; running: Settings; /** at its start or since */ told: ReadonlySet<string> }

/** What the group has, and for what only an earlier one had, the server's default. */
export function decideChanges({ catalogue, parameters, running, told }: Known): Change[] {
  return catalogue.filter(({ apply, owned }) => apply === 'LIVE' && owned === undefined).flatMap((spec) => {
    const words = running.get(spec.name) ?? null;
    const before = words === null ? null : fromServer(spec, words);
    const value = parameters[spec.name] ?? (told.has(spec.name) ? spec.default : null);
    return before === null || value === null || before === value ? [] : [{ name: spec.name, value, before }];
  });
}

/** All of it, or what was before. */
export async function setLive(ctx: GuestContext, catalogue: readonly ParameterSpec[]): Promise<void> {
  const { parameters } = ctx;
  const told = await readTold(ctx);
  const changes = decideChanges({ catalogue, parameters, running: await readSettings(ctx), told });
  if (changes.length === 0) return;
  // Before it is done: who dies in the middle leaves a server that can be told to forget.
  await writeTold(ctx, new Set([...told, ...changes.map(({ name }) => name)]));
  const set = (which: 'value' | 'before'): ReturnType<typeof setAttributes> => setAttributes(ctx, changes.map((change) => {
    const [bean, name] = attributes[change.name]!;
    return { bean, name, value: change[which] };
  }));
  const refused = await set('value');
  const [other] = refused === null ? decideChanges({ catalogue, parameters, running: await readSettings(ctx), told }) : [];
  if (refused === null && other === undefined) return;
  await set('before');
  if (other) throw refusal(other.name, `it has ${other.before} in its place`);
  const name = changes.find((one) => attributes[one.name]![1] === refused!.name)?.name ?? null;
  throw refusalOf(name, changes.map((one) => one.name), refused!.reason);
}
