/** Another version or build of an instance: asked for, or only asked about. */
import type { Finding } from '../../../strategies/spi/guest.ts';
import type { UpgradeCheck, UpgradeEstimate } from '../../domain/upgrade/judge.ts';
import { builder } from '../builder.ts';
import { ConfigurationValueInput } from '../configuration/mutations.ts';
import { defineMutation } from '../mutation.ts';
import type { GraphqlContext } from '../context.ts';
import { InstanceRef, OperationRef, type OperationSource } from '../refs.ts';

const FindingSeverityEnum = builder.enumType('FindingSeverity', {
  values: { ERROR: { description: 'It will not be done.' }, WARNING: { description: 'It can be, and a person should know.' } } as const,
});
const FindingRef = builder.objectRef<Finding>('Finding').implement({
  description: 'What a check found.',
  fields: (t) => ({
    severity: t.field({ type: FindingSeverityEnum, resolve: ({ severity }) => severity }),
    subject: t.exposeString('subject', { nullable: true, description: 'In the engine\'s words: a database, an extension. Null: the instance.' }),
    message: t.exposeString('message', { description: 'What is wrong, and what to do about it.' }),
  }),
});
const UpgradeEstimateRef = builder.objectRef<UpgradeEstimate>('UpgradeEstimate').implement({
  description: 'What an upgrade will take.',
  fields: (t) => ({
    dataBytes: t.exposeFloat('dataBytes'),
    freeBytes: t.exposeFloat('freeBytes', { description: 'On the disk; a copy of the data has to fit there.' }),
    reflink: t.exposeBoolean('reflink', { description: 'The file system makes copies without copying: the interruption does not grow with the data.' }),
    interruptionMs: t.exposeInt('interruptionMs', { description: 'How long clients will be without the engine, roughly.' }),
  }),
});
const checks: readonly string[] = ['instance.upgrade', 'instance.check-upgrade'];
const checkOf = async ({ id, kind }: OperationSource, ctx: GraphqlContext): Promise<UpgradeCheck | null> => (checks.includes(kind) ? ctx.domain.operations.upgradeCheck(id) : null);
builder.objectFields(OperationRef, (t) => ({
  findings: t.field({
    type: [FindingRef], nullable: true, extensions: { cost: { own: 5 } }, description: 'Of an upgrade and of a dry run: what the check found. Null until it has ended, and where it ended in a veto of the upgrade, which `fault` tells.',
    resolve: async (operation, _args, ctx) => (await checkOf(operation, ctx))?.findings ?? null,
  }),
  estimate: t.field({
    type: UpgradeEstimateRef, nullable: true, extensions: { cost: { own: 5 } }, description: 'Of an upgrade and of a dry run, once the check has ended.',
    resolve: async (operation, _args, ctx) => (await checkOf(operation, ctx))?.estimate ?? null,
  }),
}));
const ConfigurationMappingInput = builder.inputType('ConfigurationMappingInput', {
  description: 'Which configuration group the instance has afterwards. Empty: one with the values of its present one, which is made unless an upgrade of another instance has made it.',
  fields: (t) => ({
    configurationId: t.id({ description: 'A group for the new version.' }),
    drop: t.stringList({ description: 'Parameters that are not taken along. What the new version does not have, or does not take, must be named here, or set.' }),
    set: t.field({ type: [ConfigurationValueInput], description: 'Values that take the place of others, or come in addition: a parameter that has another name by now.' }),
  }),
});

defineMutation('upgradeInstance', {
  description: 'Brings an instance to another version of its datastore, or with its own version to the newest build of it. Whatever fails, it is on its old build with the data as they were.',
  errors: ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'ConflictError', 'PreconditionError', 'UnsupportedError', 'UnavailableError'],
  input: (t) => ({
    instanceId: t.id({ required: true }),
    version: t.string({ required: true, description: 'One of `upgradesTo` of its version, or its own.' }),
    dryRun: t.boolean({ description: 'Ask the running engine whether it can be done, and change nothing.' }),
    configuration: t.field({ type: ConfigurationMappingInput, description: 'Required when the instance has a group and the version is another one.' }),
  }),
  resolve: (ctx, input) => ctx.domain.instances.upgrade(ctx.caller, input),
  payload: (t) => ({
    instance: t.field({ type: InstanceRef, resolve: (answer) => answer.instance }),
    operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }),
    findings: t.field({ type: [FindingRef], nullable: true, description: 'Null when the check of a dry run still runs: they will be in its operation.', resolve: (answer) => answer.findings }),
    estimate: t.field({ type: UpgradeEstimateRef, nullable: true, description: 'Of a dry run.', resolve: (answer) => answer.estimate }),
  }),
});

defineMutation('rolloutUpgrade', {
  description: 'Operators: brings the newest installed build of a version to all its instances, each by an `instance.upgrade` of its own: a few first, then in waves. It halts at the first that fails; that one is as it was, and so are those whose turn had not come.',
  errors: ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'ConflictError', 'PreconditionError', 'UnsupportedError', 'UnavailableError'],
  input: (t) => ({
    datastore: t.string({ required: true }),
    version: t.string({ required: true, description: 'Such as `17`.' }),
    canary: t.int({ description: 'How many come first, 1 to 50; 1 when left out.' }),
    waveSize: t.int({ description: 'How many at a time after that, 1 to 50; 1 when left out.' }),
  }),
  resolve: async (ctx, input) => ({ operation: await ctx.domain.instances.rolloutUpgrade(ctx.caller, input) }),
  payload: (t) => ({ operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }) }),
});
