/** One look at the server, over a connection that stays open: its loss is the fastest notice of a death. */
import type { Document } from 'bson';
import { hasEnded } from '../../../spi/engine-end.ts';
import type { GuestContext, Probe } from '../../../spi/guest.ts';
import type { Connection } from '../connection.ts';
import { manifest } from '../manifest.ts';
import { adminDatabase, managementName, managementRole } from '../names.ts';
import { dropKept, isManagementRefused, isSilent, keptManagement } from './management.ts';

/** Below the declared time, or the answer "hung" would come too late. */
const timeoutMs = manifest.timeouts.probeMs - 200;

const nothing = { detail: null, version: null, managementLost: false };

export async function probe(ctx: GuestContext): Promise<Probe> {
  if (ctx.engine.pid() === null) {
    dropKept(ctx.instanceId);
    return { ...nothing, state: 'down', detail: 'the server does not run' };
  }
  try {
    return await look(await keptManagement(ctx, timeoutMs));
  } catch (error) {
    dropKept(ctx.instanceId);
    return explain(ctx, error);
  }
}

/** Everything but the count of connections, which is all that is wanted: the whole answer has 40 kB. */
const without = [
  'asserts', 'batchedDeletes', 'catalogStats', 'changeStreamPreImages', 'defaultRWConcern', 'electionMetrics', 'extra_info', 'featureCompatibilityVersion', 'flowControl', 'freeMonitoring',
  'globalLock', 'indexBuilds', 'indexBulkBuilder', 'indexStats', 'internalTransactions', 'locks', 'logicalSessionRecordCache', 'mem', 'metrics', 'mirroredReads', 'network', 'opLatencies', 'opcounters',
  'opcountersRepl', 'oplogTruncation', 'readConcernCounters', 'readPreferenceCounters', 'repl', 'scramCache', 'security', 'storageEngine', 'tcmalloc', 'tenantMigrations', 'trafficRecording',
  'transactions', 'transportSecurity', 'twoPhaseCommitCoordinator', 'wiredTiger',
];
const question = { serverStatus: 1, ...Object.fromEntries(without.map((section) => [section, 0])) };

async function look(connection: Connection): Promise<Probe> {
  const ask = (command: Document): Promise<Document> => connection.command(adminDatabase, command, timeoutMs);
  const [hello, status, { connections, version }] = await Promise.all([ask({ hello: 1 }), ask({ connectionStatus: 1 }), ask(question)]);
  const base = { version: String(version), managementLost: isLost(status['authInfo'] as Document) };
  if (hello['isWritablePrimary'] !== true) return { ...base, state: 'starting', detail: 'the server does not take writes yet' };
  return { ...base, state: 'ok', detail: fullness(connections as Connections) };
}

const isLost = ({ authenticatedUsers, authenticatedUserRoles }: Document): boolean =>
  !(authenticatedUsers as Document[]).some((one) => one['user'] === managementName) || !(authenticatedUserRoles as Document[]).some((one) => one['role'] === managementRole);

export interface Connections { current: number; available: number; limitExempt: number }
/** Who comes over the socket file is let in beyond the limit, and counted all the same. */
export function fullness({ current, available, limitExempt }: Connections): string | null {
  const [limit, taken] = [current + available, current - limitExempt];
  return taken >= limit ? `all connections are taken (${taken} of ${limit}): clients are turned away` : null;
}

function explain(ctx: GuestContext, error: unknown): Probe {
  const detail = (error as Error).message;
  if (hasEnded(ctx.engine.pid())) return { ...nothing, state: 'down', detail };
  if (isManagementRefused(error)) return { ...nothing, state: 'ok', detail: `the server refuses the management account: ${detail}`, managementLost: true };
  if (isSilent(error)) return { ...nothing, state: 'hung', detail };
  // Nobody listens, or the connection broke: only just started, or about to be gone.
  return { ...nothing, state: 'starting', detail };
}
