/**
 * The one way an instance row changes: lock it, apply the patch, derive the status anew, write, append the event with
 * the document right after the change. All in the caller's transaction.
 */
import { appendEvent } from '../../events/append.ts';
import type { Tx } from '../../store/tx.ts';
import { deriveStatus, type StatusInput } from './status.ts';
import type { NewerBuild } from '../upgrade/newer-build.ts';
import type { GroupRevision, InstanceDoc } from './document.ts';
import { groupName } from './observation.ts';

export interface ChangeMeta { type?: string; actor: string; clientAddress?: string | null; requestId?: string | null; operationId?: string | null; data?: unknown }

/** Columns others may set; `undefined` leaves a column as it is. */
export interface InstancePatch {
  name?: string; tags?: InstanceDoc['tags']; deletion_protection?: boolean; maintenance?: InstanceDoc['maintenance'];
  intent?: 'RUNNING' | 'STOPPED'; build_id?: string; build_version?: string; endpoints?: InstanceDoc['endpoints'];
  task?: InstanceDoc['task']; task_id?: string | null; fault?: InstanceDoc['fault'];
  observation?: unknown; observed_at?: Date; report_counter?: number | bigint; incarnation?: number | bigint;
  agent?: unknown; agent_connected?: boolean; agent_gateway?: string | null; agent_seen_at?: Date;
  prepared?: boolean; released?: boolean; root_enabled_ever?: boolean; engine_ca?: string; volume_used_bytes?: number | bigint | null;
  configuration_id?: string | null; configuration_revision?: number | null;
  version_id?: string; track?: string; flavor_id?: string; wanted_flavor_id?: string | null; volume_gb?: number; wanted_volume_gb?: number | null;
  volume_used_at?: Date | null; volume_autoscaling?: InstanceDoc['volumeAutoscaling']; newer_build?: NewerBuild | null;
  deleted_at?: Date;
}
const jsonColumns = new Set(['tags', 'maintenance', 'endpoints', 'task', 'fault', 'observation', 'agent', 'conditions', 'volume_autoscaling', 'newer_build']);

export interface InstanceRow {
  id: string; project_id: string; name: string; datastore: string; track: string; build_id: string | null; intent: 'RUNNING' | 'STOPPED'; status: string;
  conditions: InstanceDoc['conditions']; task: InstanceDoc['task']; task_id: string | null; fault: InstanceDoc['fault'];
  observation: StatusInput['observation']; observed_at: Date | null; agent: { refused?: string | null; guest?: string | null; capabilities?: string[] } | null;
  agent_connected: boolean; agent_gateway: string | null; agent_seen_at: Date | null;
  incarnation: string; report_counter: string; prepared: boolean; released: boolean; revision: number;
  deleted_at: Date | null; host_id: string; volume_gb: number; volume_used_bytes: string | null; root_enabled_ever: boolean; deletion_protection: boolean;
  engine_ca: string | null; created_at: Date; version_id: string; flavor_id: string; configuration_id: string | null; configuration_revision: number | null;
  wanted_flavor_id: string | null; wanted_volume_gb: number | null; volume_used_at: Date | null; volume_autoscaling: InstanceDoc['volumeAutoscaling']; volume_type: string;
  newer_build: NewerBuild | null;
}
/** Not the document: it is long, and every change makes it anew. */
const rowColumns: Record<keyof InstanceRow, true> = {
  id: true, project_id: true, name: true, datastore: true, track: true, build_id: true, intent: true, status: true, conditions: true, task: true, task_id: true, fault: true,
  observation: true, observed_at: true, agent: true, agent_connected: true, agent_gateway: true, agent_seen_at: true, incarnation: true, report_counter: true, prepared: true,
  released: true, revision: true, deleted_at: true, host_id: true, volume_gb: true, volume_used_bytes: true, root_enabled_ever: true, deletion_protection: true, engine_ca: true, created_at: true,
  version_id: true, flavor_id: true, configuration_id: true, configuration_revision: true, wanted_flavor_id: true, wanted_volume_gb: true, volume_used_at: true, volume_autoscaling: true, volume_type: true, newer_build: true,
};
const LOCK = `select ${Object.keys(rowColumns).join(', ')} from instance where id = $1 for update`;

export async function lockInstance(tx: Tx, id: string): Promise<InstanceRow | null> {
  return (await tx.query<InstanceRow>(LOCK, [id]))[0] ?? null;
}

/** Null when the instance does not exist. `decide` may look at the locked row and return null to change nothing. */
export async function changeInstance(
  tx: Tx, id: string, patch: InstancePatch | ((row: InstanceRow) => InstancePatch | null), meta: ChangeMeta, now: Date = new Date(),
): Promise<InstanceRow | null> {
  const row = await lockInstance(tx, id);
  if (!row) return null;
  const wanted = typeof patch === 'function' ? patch(row) : patch;
  if (wanted === null) return row;
  const next = { ...row, ...wanted } as InstanceRow;
  const derived = deriveStatus(statusInput(next, now));
  const columns: Record<string, unknown> = { ...wanted, status: derived.status, conditions: derived.conditions };
  const names = Object.keys(columns).filter((name) => columns[name] !== undefined);
  const values = names.map((name) => (jsonColumns.has(name) && columns[name] !== null ? JSON.stringify(columns[name]) : columns[name]));
  await tx.query(
    `update instance set ${names.map((name, i) => `${name} = $${i + 2}`).join(', ')}, revision = revision + 1, updated_at = now() where id = $1`,
    [id, ...values],
  );
  await appendEvent(tx, {
    type: meta.type ?? 'instance.updated', phase: 'INFO', actor: meta.actor, clientAddress: meta.clientAddress ?? null, requestId: meta.requestId ?? null,
    subject: id, projectId: row.project_id, operationId: meta.operationId ?? null, data: meta.data ?? {}, doc: 'instance',
  });
  return { ...next, status: derived.status, conditions: derived.conditions, revision: row.revision + 1 };
}

/** The revision that the instance is to run. */
export const groupOf = (row: Pick<InstanceRow, 'configuration_id' | 'configuration_revision'>): GroupRevision | null =>
  (row.configuration_id === null ? null : { id: row.configuration_id, revision: row.configuration_revision! });

export function statusInput(row: InstanceRow, now: Date): StatusInput {
  return {
    now, intent: row.intent, task: row.task, prepared: row.prepared, released: row.released, deleted: row.deleted_at !== null, fault: row.fault,
    observation: row.observation, observedAt: row.observed_at, agentConnected: row.agent_connected, agentSeenAt: row.agent_seen_at,
    agentRefused: row.agent?.refused ?? null, guestState: row.agent?.guest ?? null, volumeGb: row.volume_gb, volumeAutoscaling: row.volume_autoscaling, previous: row.conditions, createdAt: row.created_at,
    group: groupName(groupOf(row)),
    offer: row.newer_build?.than === row.build_id ? { ...row.newer_build, datastore: row.datastore, track: row.track, canUpgrade: row.agent?.capabilities?.includes('UPGRADE') ?? true } : null,
  };
}
