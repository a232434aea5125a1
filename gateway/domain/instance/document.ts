/**
 * An instance as lists, subscriptions and events carry it: one JSON document, made by the store whenever the row is
 * written (`gateway/store/instance-document.ts`). Times are RFC 3339 in UTC.
 */
export interface InstanceDoc {
  id: string; projectId: string; name: string; datastore: string; track: string; versionId: string;
  buildId: string | null; buildVersion: string | null; flavorId: string;
  volumeGb: number; volumeType: string; volumeUsedBytes: number | null;
  /** when the use was measured */
  volumeUsedAt: string | null;
  volumeAutoscaling: VolumeAutoscalingDoc | null;
  hostId: string; region: string; zone: string;
  intent: 'RUNNING' | 'STOPPED';
  status: InstanceStatus;
  role: 'STANDALONE' | 'PRIMARY' | 'REPLICA' | 'MEMBER';
  conditions: ConditionDoc[];
  endpoints: { role: 'PRIMARY' | 'REPLICA'; host: string; port: number; uri: string; tls: boolean }[];
  task: TaskDoc | null;
  fault: { code: string; message: string; at: string; operationId: string | null } | null;
  /** what the agent said it can do; null until it has connected once */
  capabilities: string[] | null;
  rootEnabledEver: boolean; deletionProtection: boolean;
  maintenance: { day: string; start: string; durationMinutes: number } | null;
  tags: { key: string; value: string }[];
  caCertificate: string | null;
  /** its group, and the revision of it that it is to run */
  configuration: GroupRevision | null;
  revision: number;
  createdAt: string; updatedAt: string; deletedAt: string | null;
}
/** At `thresholdPercent` of use the volume grows by `stepGb`, up to `maxGb`, and then not again for `coolDownSeconds`. */
export interface VolumeAutoscaling { thresholdPercent: number; stepGb: number; maxGb: number; coolDownSeconds: number }
/** `refused`: why the last step was not even begun, and `refusal` its code; they go when one is. */
export interface VolumeAutoscalingDoc extends VolumeAutoscaling { refused?: string | null; refusal?: string | null }
export interface GroupRevision { id: string; revision: number }
export type InstanceStatus = 'BUILDING' | 'ACTIVE' | 'STOPPED' | 'UNHEALTHY' | 'UNKNOWN' | 'ERROR' | 'DELETING';
export interface ConditionDoc { type: string; status: 'TRUE' | 'FALSE' | 'UNKNOWN'; reason: string; message: string; since: string }
/** the running exclusive operation, as small as a list needs it */
export interface TaskDoc {
  id: string; kind: string; state: string; step: string | null; progress: number; attempt: number; actor: string;
  cancellable: boolean; deadline: string; createdAt: string; startedAt: string | null; finishedAt: string | null;
}
