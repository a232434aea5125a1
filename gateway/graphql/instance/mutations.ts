/** The life of an instance. Each answers at once, with the instance and the operation that does the work. */
import type { Accepted, Caller, Domain } from '../../domain/api.ts';
import { DatabaseInput, DatabaseUserInput, withoutNulls } from '../engine-object/types.ts';
import type { ApiErrorName } from '../error-types.ts';
import { defineMutation } from '../mutation.ts';
import { builder } from '../builder.ts';
import { InstanceRef, OperationRef, UserCredentialsRef } from '../refs.ts';
import { MaintenanceWindowInput, TagInput, VolumeAutoscalingInput } from './parts.ts';

const VolumeInput = builder.inputType('VolumeInput', {
  fields: (t) => ({ sizeGb: t.int({ required: true }), type: t.string({ description: 'By name; the usual one when left out. An instance keeps it.' }), autoscaling: t.field({ type: VolumeAutoscalingInput }) }),
});

defineMutation('createInstance', {
  description: 'Makes a database server. Watch the operation, or subscribe to the instance, to see it become ACTIVE.',
  errors: ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'ConflictError', 'PreconditionError', 'UnsupportedError', 'UnavailableError'],
  input: (t) => ({
    projectId: t.id({ description: 'The only project of the caller when left out.' }),
    name: t.string({ required: true, description: 'Unique in the project: lower-case letters, digits and dashes.' }),
    datastore: t.string({ required: true, description: 'Such as `postgresql`.' }),
    version: t.string({ description: 'Such as `17`; the default of the datastore when left out.' }),
    flavor: t.string({ required: true, description: 'Such as `small`.' }),
    volume: t.field({ type: VolumeInput, required: true }),
    databases: t.field({ type: [DatabaseInput] }),
    users: t.field({ type: [DatabaseUserInput] }),
    configurationId: t.id({ description: 'A configuration group for this datastore and version, of the same project.' }),
    zone: t.string(),
    deletionProtection: t.boolean(),
    tags: t.field({ type: [TagInput] }),
    idempotencyKey: t.string({ description: 'The same key and input answers the same instance; with another input it is a ConflictError.' }),
  }),
  resolve: (ctx, input) => ctx.domain.instances.create(ctx.caller, { ...input, databases: input.databases?.map(withoutNulls) }),
  payload: (t) => ({
    instance: t.field({ type: InstanceRef, resolve: (answer) => answer.instance }),
    operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }),
    userCredentials: t.field({ type: [UserCredentialsRef], description: 'Passwords are told here and never again.', resolve: (answer) => answer.userCredentials }),
  }),
});

defineMutation('updateInstance', {
  description: 'Changes what needs no work on the server: name, tags, deletion protection, maintenance window, how the volume grows by itself. What is left out stays; null clears.',
  errors: ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'ConflictError'],
  input: (t) => ({
    instanceId: t.id({ required: true }),
    revision: t.int({ description: 'Refused with a ConflictError when this is no longer the newest.' }),
    name: t.string(),
    tags: t.field({ type: [TagInput], description: 'All of them; those not named go.' }),
    deletionProtection: t.boolean(),
    maintenance: t.field({ type: MaintenanceWindowInput }),
    volumeAutoscaling: t.field({ type: VolumeAutoscalingInput, description: 'Null: the volume does not grow by itself any more.' }),
  }),
  resolve: async (ctx, input) => ({ instance: await ctx.domain.instances.update(ctx.caller, input) }),
  payload: (t) => ({ instance: t.field({ type: InstanceRef, resolve: (answer) => answer.instance }) }),
});

defineMutation('resizeVolume', {
  description: 'Makes the volume of an instance larger, under the running engine, also when it is full. Volumes do not shrink.',
  errors: ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'ConflictError', 'PreconditionError', 'UnsupportedError', 'UnavailableError'],
  input: (t) => ({
    instanceId: t.id({ required: true }),
    sizeGb: t.int({ required: true, description: 'From now on; more than it has.' }),
  }),
  resolve: (ctx, input) => ctx.domain.instances.resizeVolume(ctx.caller, input),
  payload: (t) => ({
    instance: t.field({ type: InstanceRef, resolve: (answer) => answer.instance }),
    operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }),
  }),
});

type Act = (domain: Domain, caller: Caller, instanceId: string) => Promise<Accepted>;

function defineAction(name: string, description: string, errors: readonly ApiErrorName[], act: Act): void {
  defineMutation(name, {
    description,
    errors,
    input: (t) => ({ instanceId: t.id({ required: true }) }),
    resolve: (ctx, { instanceId }) => act(ctx.domain, ctx.caller, instanceId),
    payload: (t) => ({
      instance: t.field({ type: InstanceRef, resolve: (answer) => answer.instance }),
      operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }),
    }),
  });
}

const refusals: readonly ApiErrorName[] = ['NotFoundError', 'ForbiddenError', 'ConflictError', 'PreconditionError'];
/** A deletion alone does not need the host. */
const refusalsWithHost: readonly ApiErrorName[] = [...refusals, 'UnavailableError'];

defineAction('startInstance', 'Starts a stopped instance.', refusalsWithHost, (domain, caller, id) => domain.instances.start(caller, id));
defineAction('stopInstance', 'Stops an instance. It stays stopped, also after a restart of the machine, until it is started.', refusalsWithHost, (domain, caller, id) => domain.instances.stop(caller, id));
defineAction('restartInstance', 'Restarts the engine, not the machine. The build stays.', refusalsWithHost, (domain, caller, id) => domain.instances.restart(caller, id));

defineMutation('resizeInstance', {
  description: 'Gives an instance another flavor. Its engine is tuned for it, and restarted only where it asks for that; address and data stay. When it does not come up, the instance has its former flavor again and the operation tells why.',
  errors: ['InvalidInputError', ...refusalsWithHost, 'UnsupportedError'],
  input: (t) => ({ instanceId: t.id({ required: true }), flavor: t.string({ required: true, description: 'Such as `small`; one that its version allows.' }) }),
  resolve: (ctx, input) => ctx.domain.instances.resize(ctx.caller, input),
  payload: (t) => ({
    instance: t.field({ type: InstanceRef, resolve: (answer) => answer.instance }),
    operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }),
  }),
});

defineAction('resetInstance', 'Operators: looks again, clears the fault and repairs the management access. What is being done to it is ended, unless that is its making, its deletion, a resize or an upgrade.', refusalsWithHost, (domain, caller, id) => domain.instances.reset(caller, id));

defineMutation('deleteInstance', {
  description: 'Removes an instance and its data, whatever state it is in. What else is being done to it is ended.',
  errors: refusals,
  input: (t) => ({
    instanceId: t.id({ required: true }),
    force: t.boolean({ description: 'Wait neither for the agent (engine and agent are killed) nor for a host that is away (it removes what it has when it returns). Also takes over from a deletion that still waits.' }),
  }),
  resolve: (ctx, input) => ctx.domain.instances.delete(ctx.caller, input),
  payload: (t) => ({
    instance: t.field({ type: InstanceRef, resolve: (answer) => answer.instance }),
    operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }),
  }),
});

defineMutation('pingInstance', {
  description: 'Asks the agent and the engine, now, and tells how long they took.',
  errors: ['NotFoundError', 'UnavailableError'],
  input: (t) => ({ instanceId: t.id({ required: true }) }),
  resolve: (ctx, { instanceId }) => ctx.domain.instances.ping(ctx.caller, instanceId),
  payload: (t) => ({
    instance: t.field({ type: InstanceRef, resolve: (answer) => answer.instance }),
    agentRoundTripMs: t.float({ resolve: (answer) => answer.agentRoundTripMs }),
    engineRoundTripMs: t.float({ nullable: true, description: 'Null when the engine did not answer.', resolve: (answer) => answer.engineRoundTripMs }),
    engineState: t.string({ description: 'As the agent sees it.', resolve: (answer) => answer.engineState }),
    detail: t.string({ nullable: true, resolve: (answer) => answer.detail }),
  }),
});
