/**
 * Every object type with what stands behind it. Declared apart from their fields, because types name each other and
 * folders must not import in circles.
 */
import type { ErrorDetails } from '../../kernel/errors.ts';
import type { DatabaseLive, DatastoreDoc, EngineBuildDoc, EngineSourceDoc, EventDoc, FlavorDoc, ItemResult, PluginDoc, ProjectDoc, SystemDoc, TokenDoc, UserCredentials, VersionDoc, VolumeTypeDoc } from '../domain/api.ts';
import type { LiveDifference } from '../domain/configuration/diff.ts';
import type { AttachmentDoc, ConfigurationDoc, RevisionDoc } from '../domain/configuration/document.ts';
import type { EffectiveParameter } from '../domain/configuration/effective.ts';
import type { StoredValue } from '../domain/configuration/values.ts';
import type { ConditionDoc, InstanceDoc, TaskDoc, VolumeAutoscaling } from '../domain/instance/document.ts';
import type { OperationStepView, OperationView } from '../operations/workflow.ts';
import type { DatabaseOption, GrantSpec, UserRef } from '../../strategies/spi/control.ts';
import type { ParameterSpec } from '../../strategies/spi/parameters.ts';
import { builder } from './builder.ts';

/** `typeName` is there when it is not thrown but answered: GraphQL throws every `Error` that a resolver returns. */
export interface ApiErrorShape { code: string; message: string; remedy: string | null; details: ErrorDetails; typeName?: string }
/** An operation as a list of instances carries it: what is missing is loaded when asked for. */
export type OperationSource = OperationView | (TaskDoc & { subjectId: string; projectId: string | null });
export interface FaultSource { code: string; message: string; at: string; operationId: string | null }
export type UserSource = UserRef & { grants: GrantSpec[] };
export type Change = 'SNAPSHOT' | 'UPDATED' | 'DELETED' | 'RESET';
export interface InstanceUpdate { cursor: string; change: Change; instance: InstanceDoc | null; id: string }
export interface OperationUpdate { cursor: string; change: Change; operation: OperationView; id: string }
export type InstanceListUpdate =
  | { kind: 'InstanceListSnapshot'; cursor: string; reset: boolean; instances: InstanceDoc[] }
  | { kind: 'InstanceUpserted'; cursor: string; instance: InstanceDoc }
  | { kind: 'InstanceRemoved'; cursor: string; id: string };
type Update<Kind> = Extract<InstanceListUpdate, { kind: Kind }>;

export const NodeRef = builder.interfaceRef<{ id: string }>('Node');
export const ErrorRef = builder.interfaceRef<ApiErrorShape>('Error');

export const DatabaseOptionRef = builder.objectRef<DatabaseOption>('DatabaseOption');
export const DatastoreRef = builder.objectRef<DatastoreDoc>('Datastore');
export const DatastoreVersionRef = builder.objectRef<VersionDoc>('DatastoreVersion');
export const AbsentCapabilityRef = builder.objectRef<{ capability: string; reason: string }>('AbsentCapability');
export const PluginRef = builder.objectRef<PluginDoc>('Plugin');
export const EngineSourceRef = builder.objectRef<EngineSourceDoc>('EngineSource');
export const EngineBuildRef = builder.objectRef<EngineBuildDoc>('EngineBuild');
export const ConfigurationParameterRef = builder.objectRef<ParameterSpec>('ConfigurationParameter');
export const FlavorRef = builder.objectRef<FlavorDoc>('Flavor');
export const VolumeTypeRef = builder.objectRef<VolumeTypeDoc>('VolumeType');

export const InstanceRef = builder.objectRef<InstanceDoc>('Instance');
export const ConditionRef = builder.objectRef<ConditionDoc>('Condition');
export const EndpointRef = builder.objectRef<InstanceDoc['endpoints'][number]>('Endpoint');
export const VolumeAutoscalingRef = builder.objectRef<VolumeAutoscaling>('VolumeAutoscaling');
export const VolumeRef = builder.objectRef<InstanceDoc>('Volume');
export const FaultRef = builder.objectRef<FaultSource>('Fault');
export const TagRef = builder.objectRef<{ key: string; value: string }>('Tag');
export const MaintenanceWindowRef = builder.objectRef<NonNullable<InstanceDoc['maintenance']>>('MaintenanceWindow');
export const InstanceUpdateRef = builder.objectRef<InstanceUpdate>('InstanceUpdate');
export const InstanceListSnapshotRef = builder.objectRef<Update<'InstanceListSnapshot'>>('InstanceListSnapshot');
export const InstanceUpsertedRef = builder.objectRef<Update<'InstanceUpserted'>>('InstanceUpserted');
export const InstanceRemovedRef = builder.objectRef<Update<'InstanceRemoved'>>('InstanceRemoved');

export const DatabaseRef = builder.objectRef<DatabaseLive>('Database');
export const DatabaseUserRef = builder.objectRef<UserSource>('DatabaseUser');
export const GrantRef = builder.objectRef<GrantSpec>('Grant');
export const UserCredentialsRef = builder.objectRef<UserCredentials>('UserCredentials');
export const DatabaseResultRef = builder.objectRef<ItemResult>('DatabaseResult');
export const DatabaseUserResultRef = builder.objectRef<ItemResult>('DatabaseUserResult');

export const ConfigurationRef = builder.objectRef<ConfigurationDoc>('Configuration');
/** Of which catalogue a value is. */
export interface VersionName { datastore: string; track: string }
export const ConfigurationValueRef = builder.objectRef<StoredValue & { version?: VersionName }>('ConfigurationValue');
export const ConfigurationAttachmentRef = builder.objectRef<AttachmentDoc>('ConfigurationAttachment');
export const ConfigurationRevisionRef = builder.objectRef<RevisionDoc & { version: VersionName }>('ConfigurationRevision');
export const ConfigurationDifferenceRef = builder.objectRef<LiveDifference>('ConfigurationDifference');
export const EffectiveParameterRef = builder.objectRef<EffectiveParameter>('EffectiveParameter');

export const OperationRef = builder.objectRef<OperationSource>('Operation');
export const OperationStepRef = builder.objectRef<OperationStepView>('OperationStep');
export const OperationUpdateRef = builder.objectRef<OperationUpdate>('OperationUpdate');
export const EventRef = builder.objectRef<EventDoc>('Event');

export const ProjectRef = builder.objectRef<ProjectDoc>('Project');
export const ApiTokenRef = builder.objectRef<TokenDoc>('ApiToken');
export const SystemRef = builder.objectRef<SystemDoc>('System');
