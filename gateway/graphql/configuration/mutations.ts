/**
 * Configuration groups. A change of values is saved, as a revision, when it is answered; what it does to instances is
 * the operation that comes with it.
 */
import type { ChangedConfiguration, EvaluatedFlavor } from '../../domain/api.ts';
import { builder } from '../builder.ts';
import type { ApiErrorName } from '../error-types.ts';
import { defineMutation, type PayloadBuilder } from '../mutation.ts';
import { ConfigurationRef, ConfigurationValueRef, FlavorRef, InstanceRef, OperationRef } from '../refs.ts';

const refusals: readonly ApiErrorName[] = ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'ConflictError', 'PreconditionError', 'UnsupportedError', 'UnavailableError'];

export const ConfigurationValueInput = builder.inputType('ConfigurationValueInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    value: t.field({ type: 'JSON', required: true, description: 'A number, a boolean, a text (`"64MB"`), or a formula over the flavor and the volume: `"{memoryMb} * 0.25"`.' }),
  }),
});

const ParameterValueRef = builder.objectRef<{ name: string; value: string }>('ParameterValue').implement({
  description: 'A parameter with a value, canonical.',
  fields: (t) => ({ name: t.exposeString('name'), value: t.exposeString('value') }),
});
const ParameterIssueRef = builder.objectRef<EvaluatedFlavor['issues'][number]>('ParameterIssue').implement({
  description: 'Why values would not work on a flavor.',
  fields: (t) => ({ name: t.string({ description: 'The parameter.', resolve: ({ path }) => path.join('.') }), message: t.exposeString('message') }),
});
const ConfigurationEvaluationRef = builder.objectRef<EvaluatedFlavor>('ConfigurationEvaluation').implement({
  description: 'What values come to on a flavor.',
  fields: (t) => ({
    flavor: t.field({ type: FlavorRef, resolve: ({ flavor }) => flavor }),
    volumeGb: t.exposeInt('volumeGb'),
    values: t.field({ type: [ParameterValueRef], description: 'Formulas with their result.', resolve: ({ parameters }) => parameters }),
    issues: t.field({ type: [ParameterIssueRef], description: 'Empty when they work there.', resolve: ({ issues }) => issues }),
  }),
});

const rollout = {
  waveSize: 'How many instances take the change at a time, 1 to 50; 1 when left out. It halts at the first that fails.',
  apply: 'False: it is saved and no instance is touched. True when left out.',
};
const changed = (t: PayloadBuilder<ChangedConfiguration>) => ({
  configuration: t.field({ type: ConfigurationRef, resolve: (answer) => answer.configuration }),
  operation: t.field({ type: OperationRef, nullable: true, description: 'The rollout; null when no instance has anything to do.', resolve: (answer) => answer.operation }),
});

defineMutation('validateConfiguration', {
  description: 'Says what a group with these values would be, and what its formulas come to. Nothing is saved.',
  errors: ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'UnsupportedError', 'UnavailableError'],
  input: (t) => ({
    datastore: t.string({ required: true }),
    version: t.string({ required: true }),
    values: t.field({ type: [ConfigurationValueInput], required: true }),
    flavors: t.stringList({ description: 'By name or id; all that the version allows when left out.' }),
    volumeGb: t.int({ description: 'The smallest volume there is when left out.' }),
  }),
  resolve: (ctx, input) => ctx.domain.configurations.validate(ctx.caller, input),
  payload: (t) => ({
    values: t.field({ type: [ConfigurationValueRef], description: 'As they would be kept.', resolve: (answer) => answer.values }),
    evaluations: t.field({ type: [ConfigurationEvaluationRef], resolve: (answer) => answer.evaluations }),
  }),
});

defineMutation('createConfiguration', {
  description: 'Makes a configuration group for a version of a datastore.',
  errors: refusals,
  input: (t) => ({
    projectId: t.id({ description: 'The only project of the caller when left out.' }),
    name: t.string({ required: true, description: 'Unique among the groups of the project: lower-case letters, digits and dashes.' }),
    description: t.string(),
    datastore: t.string({ required: true, description: 'Such as `postgresql`.' }),
    version: t.string({ required: true, description: 'Such as `17`.' }),
    values: t.field({ type: [ConfigurationValueInput], required: true }),
  }),
  resolve: async (ctx, input) => ({ configuration: await ctx.domain.configurations.create(ctx.caller, input) }),
  payload: (t) => ({ configuration: t.field({ type: ConfigurationRef, resolve: (answer) => answer.configuration }) }),
});

defineMutation('cloneConfiguration', {
  description: 'Makes a group of what there is: a group, one of its revisions, or what the engine of an instance has now besides the usual values of its flavor.',
  errors: refusals,
  input: (t) => ({
    name: t.string({ required: true }),
    description: t.string({ description: 'That of the group when left out.' }),
    configurationId: t.id({ description: 'This or `instanceId`.' }),
    revision: t.int({ description: 'Of the group; its newest when left out.' }),
    instanceId: t.id(),
  }),
  resolve: async (ctx, input) => ({ configuration: await ctx.domain.configurations.clone(ctx.caller, input) }),
  payload: (t) => ({ configuration: t.field({ type: ConfigurationRef, resolve: (answer) => answer.configuration }) }),
});

defineMutation('patchConfiguration', {
  description: 'Sets some values and takes others out. With neither, the newest revision comes to instances that do not run it, as after a rollout that was halted.',
  errors: refusals,
  input: (t) => ({
    configurationId: t.id({ required: true }),
    revision: t.int({ description: 'Refused with a ConflictError when this is no longer the newest.' }),
    set: t.field({ type: [ConfigurationValueInput] }),
    unset: t.stringList({ description: 'These are as the engine and the flavor have them again.' }),
    waveSize: t.int({ description: rollout.waveSize }),
    apply: t.boolean({ description: rollout.apply }),
  }),
  resolve: (ctx, input) => ctx.domain.configurations.patch(ctx.caller, input),
  payload: changed,
});

defineMutation('replaceConfiguration', {
  description: 'Gives a group another name, description, or other values: all of them. What is left out stays; a null description clears.',
  errors: refusals,
  input: (t) => ({
    configurationId: t.id({ required: true }),
    revision: t.int({ description: 'Refused with a ConflictError when this is no longer the newest.' }),
    name: t.string(),
    description: t.string(),
    values: t.field({ type: [ConfigurationValueInput], description: 'Those not named go.' }),
    waveSize: t.int({ description: rollout.waveSize }),
    apply: t.boolean({ description: rollout.apply }),
  }),
  resolve: (ctx, input) => ctx.domain.configurations.replace(ctx.caller, input),
  payload: changed,
});

defineMutation('restoreConfigurationRevision', {
  description: 'Makes the values of an earlier revision the newest one: how a change is taken back, on all instances.',
  errors: refusals,
  input: (t) => ({
    configurationId: t.id({ required: true }),
    revision: t.int({ required: true, description: 'To be restored.' }),
    waveSize: t.int({ description: rollout.waveSize }),
    apply: t.boolean({ description: rollout.apply }),
  }),
  resolve: (ctx, input) => ctx.domain.configurations.restore(ctx.caller, input),
  payload: changed,
});

defineMutation('revertConfigurationRollout', {
  description: 'Takes the latest rollout of a group back, also one that was halted or cancelled: each instance that it reached gets the revision it had before. The group\'s newest revision stays; to change that too, restore one.',
  errors: refusals,
  input: (t) => ({
    operationId: t.id({ required: true, description: 'The rollout.' }),
    waveSize: t.int({ description: rollout.waveSize }),
  }),
  resolve: (ctx, input) => ctx.domain.configurations.revertRollout(ctx.caller, input),
  payload: changed,
});

defineMutation('deleteConfiguration', {
  description: 'Removes a group. Refused while instances have it.',
  errors: ['NotFoundError', 'ForbiddenError', 'ConflictError'],
  input: (t) => ({ configurationId: t.id({ required: true }) }),
  resolve: async (ctx, { configurationId }) => ({ configuration: await ctx.domain.configurations.delete(ctx.caller, configurationId) }),
  payload: (t) => ({ configuration: t.field({ type: ConfigurationRef, description: 'As it was.', resolve: (answer) => answer.configuration }) }),
});

defineMutation('attachConfiguration', {
  description: 'Gives an instance a group, in its newest revision. What the engine can take at once it takes; for the rest see its condition RestartRequired. Attaching the same group again applies it anew.',
  errors: refusals,
  input: (t) => ({
    configurationId: t.id({ required: true }),
    instanceId: t.id({ required: true }),
    replace: t.boolean({ description: 'Take the place of the group that it has. Without it a second one is refused.' }),
  }),
  resolve: (ctx, input) => ctx.domain.configurations.attach(ctx.caller, input),
  payload: (t) => ({
    instance: t.field({ type: InstanceRef, resolve: (answer) => answer.instance }),
    operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }),
  }),
});

defineMutation('detachConfiguration', {
  description: 'Takes the group off an instance: its files, and what the engine can take at once, are as if it had never had one.',
  errors: refusals,
  input: (t) => ({ instanceId: t.id({ required: true }) }),
  resolve: (ctx, input) => ctx.domain.configurations.detach(ctx.caller, input),
  payload: (t) => ({
    instance: t.field({ type: InstanceRef, resolve: (answer) => answer.instance }),
    operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }),
  }),
});
