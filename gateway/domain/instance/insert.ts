/** A new instance's row and its first event, in one statement: nobody else knows it yet, so there is nothing to lock. */
import { EVENT_CHANNEL } from '../../events/append.ts';
import type { OperationView } from '../../operations/workflow.ts';
import { instanceDocSql } from '../../store/instance-document.ts';
import type { Tx } from '../../store/tx.ts';
import type { GroupRevision, InstanceDoc, VolumeAutoscaling } from './document.ts';
import { taskOf } from './task.ts';

/** Fence epoch of the first exclusive operation on an instance, its create. */
export const firstEpoch = 1n;

export interface NewInstance {
  id: string; projectId: string; name: string; datastore: string; track: string; version: { id: string; revision: number }; flavorId: string; volumeGb: number; volumeType: string; volumeAutoscaling: VolumeAutoscaling | null;
  host: { id: string; region: string; zone: string }; deletionProtection: boolean; tags: InstanceDoc['tags']; managementSecret: Uint8Array;
  configuration: GroupRevision | null;
  /** that makes it */
  operation: OperationView;
  clientAddress: string | null; requestId: string | null;
}

// BUILDING without conditions is what the status table says of an instance that is being created and has never reported.
// Project, version and flavor are held until this commits: whoever deletes one at this moment sees the instance, or has
// gone before. The version and the configuration group must be as they were judged.
const INSERT = `with p as (select id from project where id = $2 and deleted_at is null for key share),
  v as (select id from datastore_version where id = $6 and revision = $22::int for key share),
  f as (select id from flavor where id = $7 and deleted_at is null for key share),
  c as (select id from configuration where id = $23 and project_id = $2 and revision = $24::int and deleted_at is null for key share),
  i as (
    insert into instance (id, project_id, name, datastore, track, version_id, flavor_id, volume_gb, volume_type, host_id, region, zone, intent, status,
                          deletion_protection, tags, management_secret, task, task_id, epoch, configuration_id, configuration_revision, volume_autoscaling)
    select $1, p.id, $3, $4, $5, v.id, f.id, $8::int, $9, $10, $11, $12, 'RUNNING', 'BUILDING', $13::boolean, $14::jsonb, $15::bytea, $16::jsonb, $17, $18::bigint, $23, $24::int, $25::jsonb
      from p cross join v cross join f left join c on true where $23::text is null or c.id is not null returning *),
  d as materialized (select i.id, i.project_id, i.task_id, ${instanceDocSql('i')} as doc from i),
  e as (insert into event (generation, type, phase, actor, client_address, request_id, subject, project_id, operation_id, doc)
    select g.generation, 'instance.created', 'INFO', $19, $20, $21, d.id, d.project_id, d.task_id, d.doc from d, installation g)
  select doc::text as doc from d`;

/** Null when its project or flavor is not there any more, or its version or group is not what it was. */
export async function insertInstance(tx: Tx, instance: NewInstance): Promise<InstanceDoc | null> {
  const { host, operation } = instance;
  const [row] = await tx.query<{ doc: string }>(INSERT, [
    instance.id, instance.projectId, instance.name, instance.datastore, instance.track, instance.version.id, instance.flavorId, instance.volumeGb, instance.volumeType,
    host.id, host.region, host.zone, instance.deletionProtection, JSON.stringify(instance.tags), instance.managementSecret, JSON.stringify(taskOf(operation)), operation.id,
    firstEpoch, operation.actor, instance.clientAddress, instance.requestId, instance.version.revision,
    instance.configuration?.id ?? null, instance.configuration?.revision ?? null, instance.volumeAutoscaling && JSON.stringify(instance.volumeAutoscaling),
  ]);
  if (!row) return null;
  tx.notify(EVENT_CHANNEL);
  return JSON.parse(row.doc) as InstanceDoc;
}
