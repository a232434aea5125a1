import { capabilities, type Capability } from '../../../strategies/spi/capability.ts';
import { builder } from '../builder.ts';
import { connectionCost, defineConnection, forwardArgs, pageOf } from '../connection.ts';
import { AbsentCapabilityRef, ConfigurationParameterRef, DatastoreRef, DatastoreVersionRef, EngineBuildRef, EngineSourceRef, FlavorRef, NodeRef, PluginRef, VolumeTypeRef } from '../refs.ts';
import { flavorsFor } from '../../domain/catalogue/flavors-for.ts';
import { seesVersion } from '../../domain/policy.ts';
import { upgradesOf } from '../../domain/upgrade/upgrade.ts';
import { ProjectConnection } from '../access/access.ts';
import { CapabilityEnum, MaturityEnum, PluginStateEnum, VisibilityEnum } from './enums.ts';
import { datastoreOf } from './lookup.ts';
import { ConfigurationParameterConnection, searchParameters } from './parameter.ts';
import { projectsOf } from './projects.ts';

/** From memory, but for the first time. */
const CATALOGUE_CALL = 2;

type Maturity = typeof MaturityEnum.$inferType;
const maturities: readonly string[] = ['EXPERIMENTAL', 'TECHNICAL_PREVIEW', 'STABLE'] satisfies Maturity[];
const isCapability = (name: string): name is Capability => (capabilities as readonly string[]).includes(name);
/** Agents of a later release may claim what this schema does not know yet. */
export const knownCapabilities = (names: readonly string[]): Capability[] => names.filter(isCapability);

export const DatastoreConnection = defineConnection('Datastore', DatastoreRef, 'datastores');
const DatastoreVersionConnection = defineConnection('DatastoreVersion', DatastoreVersionRef, 'versions');

PluginRef.implement({
  description: 'The part of Coffer that knows an engine.',
  fields: (t) => ({
    name: t.exposeString('name'),
    version: t.exposeString('version', { description: 'Of the plugin itself.' }),
    apiVersion: t.exposeString('apiVersion', { description: 'Versions of the plugin contract it works with.' }),
    maturity: t.field({ type: MaturityEnum, resolve: ({ maturity }) => (maturities.includes(maturity) ? (maturity as Maturity) : 'UNKNOWN') }),
    maturityReason: t.exposeString('maturityReason', { nullable: true, description: 'Why it is not further.' }),
    origin: t.exposeString('origin', { description: 'Where it comes from: built in, or the name of a package.' }),
    state: t.expose('state', { type: PluginStateEnum }),
    problem: t.exposeString('problem', { nullable: true, description: 'Why it is disabled.' }),
  }),
});

const DatabaseOptionKindRef = builder.objectRef<{ name: string; description: string }>('DatabaseOptionKind');
DatabaseOptionKindRef.implement({
  description: 'An option of databases.',
  fields: (t) => ({ name: t.exposeString('name'), description: t.exposeString('description') }),
});

DatastoreRef.implement({
  description: 'A kind of database server.',
  interfaces: [NodeRef],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Such as `postgresql`; accepted wherever a datastore is named.' }),
    title: t.exposeString('title'),
    description: t.exposeString('description'),
    plugin: t.expose('plugin', { type: PluginRef }),
    databaseOptions: t.field({
      type: [DatabaseOptionKindRef], description: 'What may be said about a database besides its name, character set and collation.',
      resolve: ({ name }, _args, ctx) => Object.entries(ctx.domain.catalogue.manifest(name)?.databaseOptions ?? {}).map(([option, description]) => ({ name: option, description })),
    }),
    versions: t.field({
      type: DatastoreVersionConnection, ...connectionCost(),
      args: { ...forwardArgs, includeInactive: t.arg.boolean({ description: 'Also those that new instances cannot use.' }) },
      resolve: (datastore, args, ctx) =>
        pageOf(ctx.domain.catalogue.versions(ctx.caller, datastore.id, args.includeInactive ?? false), args, (version) => version.id, ctx.limits.defaultListSize),
    }),
    defaultVersion: t.field({
      type: DatastoreVersionRef, nullable: true, description: 'What a new instance gets when it names no version: the operators\' choice, else the plugin\'s.',
      resolve: (datastore, _args, ctx) => ctx.domain.catalogue.defaultVersion(ctx.caller, datastore.id) ?? null,
    }),
  }),
});

AbsentCapabilityRef.implement({
  description: 'Something users may expect and this datastore does not do.',
  fields: (t) => ({
    capability: t.exposeString('capability'),
    reason: t.exposeString('reason', { description: 'Why, and what to use in its place.' }),
  }),
});

DatastoreVersionRef.implement({
  description: 'A version as users name it. Instances of it pin an exact build.',
  interfaces: [NodeRef],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Such as `17`.' }),
    datastore: t.field({ type: DatastoreRef, resolve: (version, _args, ctx) => datastoreOf(ctx.domain.catalogue, version) }),
    active: t.exposeBoolean('active', { description: 'New instances may use it.' }),
    deprecated: t.exposeBoolean('deprecated', { description: 'A warning: it still works, and will be taken away.' }),
    endOfLife: t.expose('endOfLife', { type: 'DateTime', nullable: true, description: 'When its makers stop caring for it.' }),
    visibility: t.expose('visibility', { type: VisibilityEnum }),
    projects: t.field({
      type: ProjectConnection, nullable: true, args: forwardArgs, ...connectionCost(10), description: 'Who sees it while it is PRIVATE. Operators only.',
      resolve: (version, args, ctx) => projectsOf(ctx, version, args),
    }),
    capabilities: t.field({ type: [CapabilityEnum], description: 'What the plugin really implements, never a promise.', resolve: (version) => knownCapabilities(version.capabilities) }),
    absentCapabilities: t.field({ type: [AbsentCapabilityRef], description: 'What it does not do, and why.', resolve: (version) => version.absent }),
    parameters: t.field({
      type: ConfigurationParameterConnection, nullable: true, ...connectionCost(CATALOGUE_CALL),
      args: { search: t.arg.string({ description: 'Only those with this text in their name or description.' }), ...forwardArgs },
      description: 'What can be said about the engine\'s configuration, by name. Null with an error beside it where `capabilities` has no CONFIGURATION.',
      resolve: async (version, args, ctx) => pageOf(searchParameters(await ctx.domain.parameters(version), args.search ?? ''), args, ({ name }) => name, ctx.limits.defaultListSize),
    }),
    parameter: t.field({
      type: ConfigurationParameterRef, nullable: true, args: { name: t.arg.string({ required: true }) }, extensions: { cost: { own: CATALOGUE_CALL } }, description: 'Null when there is none of that name.',
      resolve: async (version, { name }, ctx) => (await ctx.domain.parameters(version)).get(name) ?? null,
    }),
    flavors: t.field({ type: [FlavorRef], description: 'What new instances of it can have: of those it works in the ones that operators allow.', resolve: (version, _args, ctx) => flavorsFor(ctx.domain.catalogue, version) }),
    volumeTypes: t.field({ type: [VolumeTypeRef], resolve: (_version, _args, ctx) => ctx.domain.catalogue.volumeTypes() }),
    upgradesTo: t.field({
      type: [DatastoreVersionRef], description: 'Versions that an instance of this one can be brought to in one step.',
      resolve: (version, _args, ctx) => upgradesOf(ctx.domain.catalogue, version).filter((one) => one.active && seesVersion(ctx.caller, one)),
    }),
    revision: t.exposeInt('revision', { description: 'Rises with every change; `updateDatastoreVersion` can ask for it to be the one you read.' }),
    source: t.field({
      type: EngineSourceRef, extensions: { cost: { own: 20 } }, description: 'Where the binaries come from, and whether this installation has them now.',
      resolve: (version, _args, ctx) => ctx.domain.engineSource(version.id),
    }),
  }),
});

EngineSourceRef.implement({
  description: 'Where the binaries of a version come from.',
  fields: (t) => ({
    kinds: t.exposeStringList('kinds', { description: 'Ways to get them, tried in this order.' }),
    installed: t.boolean({ nullable: true, description: 'False: the first instance waits for a download; `installEngine` does it ahead. Null while no host answers.', resolve: ({ builds }) => builds && builds.length > 0 }),
    builds: t.field({ type: [EngineBuildRef], nullable: true, description: 'Null while no host answers.', resolve: (source) => source.builds }),
  }),
});

EngineBuildRef.implement({
  description: 'An exact set of binaries. It never changes; a restart of an instance keeps its build.',
  fields: (t) => ({
    id: t.exposeID('id'),
    version: t.exposeString('version', { description: 'In the words of the engine: `17.6`.' }),
    source: t.exposeString('source'),
    installedAt: t.expose('installedAt', { type: 'DateTime' }),
  }),
});
