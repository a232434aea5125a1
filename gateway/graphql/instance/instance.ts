import type { ProjectDoc } from '../../domain/api.ts';
import type { InstanceDoc } from '../../domain/instance/document.ts';
import { identityKey } from '../../domain/user-identity.ts';
import { flavorOf, versionOf } from '../catalogue/lookup.ts';
import { knownCapabilities } from '../catalogue/datastore.ts';
import { CapabilityEnum } from '../catalogue/enums.ts';
import { connectionCost, defineConnection, forwardArgs, pageOf } from '../connection.ts';
import { DatabaseConnection, DatabaseUserConnection } from '../engine-object/types.ts';
import { EventConnection } from '../event/event.ts';
import { OperationConnection } from '../operation/operation.ts';
import { ConditionRef, DatastoreVersionRef, EndpointRef, FaultRef, FlavorRef, InstanceRef, MaintenanceWindowRef, NodeRef, OperationRef, ProjectRef, TagRef, VolumeRef } from '../refs.ts';
import { InstanceRoleEnum, InstanceStatusEnum, RunIntentEnum } from './enums.ts';

export const InstanceConnection = defineConnection('Instance', InstanceRef, 'instances');

/** One statement each, for every instance of a list. */
const STATEMENT = 50;
/** A call to the agent and a statement on the engine. */
const LIVE_CALL = 100;

/** Operators see deleted instances, also of projects that are deleted themselves. */
const goneProject = ({ projectId, createdAt }: InstanceDoc): ProjectDoc => ({ id: projectId, name: projectId, createdAt });

InstanceRef.implement({
  description: 'A database server.',
  interfaces: [NodeRef],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Unique within the project.' }),
    project: t.field({ type: ProjectRef, extensions: { cost: { own: 5 } }, resolve: async (instance, _args, ctx) => (await ctx.projects.load(instance.projectId)) ?? goneProject(instance) }),
    datastoreVersion: t.field({ type: DatastoreVersionRef, resolve: (instance, _args, ctx) => versionOf(ctx.domain.catalogue, instance) }),
    build: t.exposeString('buildId', { nullable: true, description: 'The exact set of packages that runs, by its version and hash (`engine-17.6-1a2b3c4d`); null until it has been chosen. A restart never changes it.' }),
    newerBuild: t.string({
      nullable: true, extensions: { cost: { own: 20 } }, description: 'A build of its version that is installed and newer than its own: `upgradeInstance` with its version brings it there. Null while no host answers.',
      resolve: (instance, _args, ctx) => ctx.domain.instances.newerBuild(instance),
    }),
    flavor: t.field({ type: FlavorRef, resolve: (instance, _args, ctx) => flavorOf(ctx.domain.catalogue, instance) }),
    volume: t.field({ type: VolumeRef, resolve: (instance) => instance }),
    capabilities: t.field({ type: [CapabilityEnum], description: 'Of this build and agent; empty until the agent has connected once.', resolve: (instance) => knownCapabilities(instance.capabilities ?? []) }),
    intent: t.expose('intent', { type: RunIntentEnum, description: 'What was last asked for.' }),
    status: t.expose('status', { type: InstanceStatusEnum, description: 'What was last observed.' }),
    conditions: t.expose('conditions', { type: [ConditionRef] }),
    task: t.field({
      type: OperationRef, nullable: true, description: 'What is being done to it now.',
      resolve: ({ task, id, projectId }) => (task ? { ...task, subjectId: id, projectId } : null),
    }),
    fault: t.field({ type: FaultRef, nullable: true, description: 'Why the last operation failed, until one succeeds or it is reset.', resolve: (instance) => instance.fault }),
    role: t.expose('role', { type: InstanceRoleEnum }),
    region: t.exposeString('region'),
    zone: t.exposeString('zone', { nullable: true }),
    hostId: t.id({ nullable: true, description: 'The host it runs or ran on. Operators only.', resolve: (instance, _args, ctx) => (ctx.caller.role === 'OPERATOR' ? instance.hostId : null) }),
    endpoints: t.field({ type: [EndpointRef], extensions: { cost: { items: 2 } }, resolve: (instance) => instance.endpoints }),
    caCertificate: t.exposeString('caCertificate', { nullable: true, description: 'PEM. With it clients verify the server (`sslmode=verify-full` and its like).' }),
    databases: t.field({
      type: DatabaseConnection, nullable: true, args: forwardArgs, ...connectionCost(LIVE_CALL),
      description: 'Read from the engine, now. Null with an error beside it when the engine is silent.',
      resolve: async (instance, args, ctx) => pageOf(await ctx.domain.engine.listDatabases(ctx.caller, instance.id), args, (database) => database.name, ctx.limits.defaultListSize),
    }),
    users: t.field({
      type: DatabaseUserConnection, nullable: true, args: forwardArgs, ...connectionCost(LIVE_CALL),
      description: 'Read from the engine, now. Null with an error beside it when the engine is silent.',
      resolve: async (instance, args, ctx) => pageOf(await ctx.domain.engine.listUsers(ctx.caller, instance.id), args, identityKey, ctx.limits.defaultListSize),
    }),
    rootEnabledEver: t.exposeBoolean('rootEnabledEver', { description: 'Whether somebody had root once; it is never taken back.' }),
    operations: t.field({
      type: OperationConnection, args: forwardArgs, ...connectionCost(STATEMENT), description: 'Newest first.',
      resolve: (instance, args, ctx) => ctx.domain.operations.list(ctx.caller, args, { subjectId: instance.id }),
    }),
    events: t.field({
      type: EventConnection, args: forwardArgs, ...connectionCost(STATEMENT),
      resolve: (instance, args, ctx) => ctx.domain.events.list(ctx.caller, args, { subject: instance.id }),
    }),
    deletionProtection: t.exposeBoolean('deletionProtection', { description: 'While it is on, the instance cannot be deleted.' }),
    maintenance: t.field({ type: MaintenanceWindowRef, nullable: true, resolve: (instance) => instance.maintenance }),
    tags: t.expose('tags', { type: [TagRef] }),
    revision: t.exposeInt('revision', { description: 'Rises with every change; `updateInstance` can ask for it to be the one you read.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
    deletedAt: t.expose('deletedAt', { type: 'DateTime', nullable: true, description: 'Only operators see deleted instances.' }),
  }),
});
