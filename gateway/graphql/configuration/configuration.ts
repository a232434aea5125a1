import { invalidInput } from '../../../kernel/errors.ts';
import type { ConfigurationDiffTarget } from '../../domain/api.ts';
import type { StoredValue } from '../../domain/configuration/values.ts';
import { builder } from '../builder.ts';
import { versionOf } from '../catalogue/lookup.ts';
import { connectionCost, defineConnection, forwardArgs } from '../connection.ts';
import { EventConnection } from '../event/event.ts';
import { OperationConnection } from '../operation/operation.ts';
import {
  ConfigurationAttachmentRef, ConfigurationDifferenceRef, ConfigurationRef, ConfigurationRevisionRef, ConfigurationValueRef, DatastoreVersionRef, InstanceRef, NodeRef, OperationRef, ProjectRef, type VersionName,
} from '../refs.ts';

/** One statement each, for every group of a list. */
const STATEMENT = 50;

export const ConfigurationConnection = defineConnection('Configuration', ConfigurationRef, 'configuration groups');
const ConfigurationAttachmentConnection = defineConnection('ConfigurationAttachment', ConfigurationAttachmentRef, 'instances of a group');
const ConfigurationRevisionConnection = defineConnection('ConfigurationRevision', ConfigurationRevisionRef, 'revisions');

const ConfigurationValueKindEnum = builder.enumType('ConfigurationValueKind', {
  values: { LITERAL: { description: 'The same on every instance.' }, FORMULA: { description: 'Worked out for the flavor and volume of each instance.' } } as const,
});
const ConfigurationChangeEnum = builder.enumType('ConfigurationChange', { values: ['CREATED', 'PATCHED', 'REPLACED', 'RESTORED', 'CLONED'] as const });

ConfigurationValueRef.implement({
  description: 'A parameter that a group sets.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As the engine calls it.' }),
    value: t.exposeString('value', { description: 'Canonical: a number is counted in the unit of its parameter. Of a formula, as it was written: `{memoryMb} * 0.25`.' }),
    kind: t.expose('kind', { type: ConfigurationValueKindEnum }),
    warning: t.string({ nullable: true, description: 'What a person should know who sets it.', resolve: ({ version, ...value }, _args, ctx) => value.warning ?? (version ? ctx.domain.configurations.warning(version, value) : null) }),
  }),
});

const valuesOf = ({ values }: { values: readonly StoredValue[] }, version: VersionName): (StoredValue & { version: VersionName })[] => values.map((value) => ({ ...value, version }));

const ConfigurationDiffInput = builder.inputType('ConfigurationDiffInput', {
  description: 'One of: another group, another revision of this one, an instance as its engine is now.',
  isOneOf: true,
  fields: (t) => ({ configurationId: t.id(), revision: t.int(), instanceId: t.id() }),
});

function targetOf({ configurationId, revision, instanceId }: typeof ConfigurationDiffInput.$inferInput): ConfigurationDiffTarget {
  if (configurationId) return { configurationId };
  if (instanceId) return { instanceId };
  if (typeof revision === 'number') return { revision };
  throw invalidInput([{ path: ['to'], message: 'give a configurationId, a revision or an instanceId' }]);
}

ConfigurationRef.implement({
  description: 'A configuration group: parameters for instances of one version. Each change is a revision that comes to its instances one after the other.',
  interfaces: [NodeRef],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Unique within the project.' }),
    description: t.exposeString('description', { nullable: true }),
    project: t.field({ type: ProjectRef, extensions: { cost: { own: 5 } }, resolve: async ({ projectId, createdAt }, _args, ctx) => (await ctx.projects.load(projectId)) ?? { id: projectId, name: projectId, createdAt } }),
    datastoreVersion: t.field({ type: DatastoreVersionRef, resolve: (configuration, _args, ctx) => versionOf(ctx.domain.catalogue, configuration) }),
    revision: t.exposeInt('revision', { description: 'The newest; changes can ask for it to be the one you read.' }),
    values: t.field({ type: [ConfigurationValueRef], description: 'Of the newest revision, by name.', resolve: (configuration) => valuesOf(configuration, configuration) }),
    instances: t.field({
      type: ConfigurationAttachmentConnection, args: forwardArgs, ...connectionCost(STATEMENT), description: 'The instances that are to run it.',
      resolve: (configuration, args, ctx) => ctx.domain.configurations.attachments(configuration.id, args),
    }),
    history: t.field({
      type: ConfigurationRevisionConnection, args: forwardArgs, ...connectionCost(STATEMENT), description: 'Newest first.',
      async resolve(configuration, args, ctx) {
        const { edges, ...connection } = await ctx.domain.configurations.history(configuration, args);
        return { ...connection, edges: edges.map(({ cursor, node }) => ({ cursor, node: { ...node, version: configuration } })) };
      },
    }),
    diff: t.field({
      type: [ConfigurationDifferenceRef], nullable: { list: true, items: false }, args: { to: t.arg({ type: ConfigurationDiffInput, required: true }) }, extensions: { cost: { own: 100 } },
      description: 'What is not the same there. Null with an error beside it when the engine of the instance is silent.',
      resolve: (configuration, { to }, ctx) => ctx.domain.configurations.diff(ctx.caller, configuration, targetOf(to)),
    }),
    operations: t.field({
      type: OperationConnection, args: forwardArgs, ...connectionCost(STATEMENT), description: 'Its rollouts, newest first; their children are the operations on the instances.',
      resolve: (configuration, args, ctx) => ctx.domain.operations.list(ctx.caller, args, { subjectId: configuration.id }),
    }),
    events: t.field({
      type: EventConnection, args: forwardArgs, ...connectionCost(STATEMENT),
      resolve: (configuration, args, ctx) => ctx.domain.events.list(ctx.caller, args, { subject: configuration.id }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

ConfigurationAttachmentRef.implement({
  description: 'An instance of a group: what it is to run, and what it runs.',
  fields: (t) => ({
    instance: t.field({ type: InstanceRef, nullable: true, description: 'Null once it is gone.', resolve: ({ instanceId }, _args, ctx) => ctx.instances.load(instanceId) }),
    revision: t.exposeInt('revision', { description: 'That it is to run: lower than the group\'s while a rollout has not come to it, or was halted.' }),
    appliedRevision: t.int({ nullable: true, description: 'That its engine\'s files hold, as last reported; null when that is none of this group.', resolve: ({ applied, configurationId }) => (applied?.id === configurationId ? applied.revision : null) }),
    restartRequired: t.exposeStringList('restartRequired', { description: 'Parameters that wait for a restart.' }),
    operation: t.field({
      type: OperationRef, nullable: true, description: 'The last change of its configuration: of one that failed the fault says why. Null when there was none, as for one that was made with the group.',
      resolve: ({ operationId }, _args, ctx) => (operationId === null ? null : ctx.operations.load(operationId)),
    }),
  }),
});

ConfigurationDifferenceRef.implement({
  description: 'A parameter that is not the same on both sides.',
  fields: (t) => ({
    name: t.exposeString('name'),
    from: t.exposeString('from', { nullable: true, description: 'In this group; null: it does not set it.' }),
    to: t.exposeString('to', { nullable: true, description: 'There; null: not set there, or not known to the engine.' }),
    pending: t.exposeString('pending', { nullable: true, description: 'Of an instance: what its next start will take, where that is another.' }),
  }),
});

ConfigurationRevisionRef.implement({
  description: 'What a group was, from a change to the next. Never changed, and any can be restored.',
  fields: (t) => ({
    revision: t.exposeInt('revision'),
    values: t.field({ type: [ConfigurationValueRef], resolve: (revision) => valuesOf(revision, revision.version) }),
    change: t.expose('change', { type: ConfigurationChangeEnum }),
    origin: t.exposeString('origin', { nullable: true, description: 'What it was taken from: `<group>/<revision>`, or the id of an instance.' }),
    actor: t.exposeString('actor'),
    at: t.expose('at', { type: 'DateTime' }),
  }),
});
