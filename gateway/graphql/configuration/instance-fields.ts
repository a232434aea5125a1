/** What an instance shows of its configuration. */
import { builder } from '../builder.ts';
import { connectionCost, defineConnection, forwardArgs, pageOf } from '../connection.ts';
import { ConfigurationRef, EffectiveParameterRef, InstanceRef } from '../refs.ts';

/** A call to the agent and statements on the engine. */
const LIVE_CALL = 100;
const EffectiveParameterConnection = defineConnection('EffectiveParameter', EffectiveParameterRef, 'parameters of an engine');

const ParameterSourceEnum = builder.enumType('ParameterSource', {
  description: 'Each wins over those before it.',
  values: {
    DEFAULT: { description: 'The engine has it so.' },
    FLAVOR: { description: 'It follows from the flavor and the volume.' },
    GROUP: { description: 'The configuration group sets it.' },
    COFFER: { description: 'Nobody but Coffer sets it.' },
    HAND: { description: 'Somebody changed it in the engine itself.' },
  } as const,
});

EffectiveParameterRef.implement({
  description: 'A parameter of an engine, as it is now.',
  fields: (t) => ({
    name: t.exposeString('name'),
    value: t.exposeString('value', { nullable: true, description: 'Canonical; null when it is not known.' }),
    source: t.expose('source', { type: ParameterSourceEnum }),
    wanted: t.exposeString('wanted', { nullable: true, description: 'What it should be, by flavor, group and default; null when that is not known, or Coffer\'s own.' }),
    pending: t.exposeString('pending', { nullable: true, description: 'What the next start will take, where that is another.' }),
    drifted: t.exposeBoolean('drifted', { description: 'Changed by hand; the next start undoes that.' }),
  }),
});

builder.objectFields(InstanceRef, (t) => ({
  configuration: t.field({
    type: ConfigurationRef, nullable: true, extensions: { cost: { own: 5 } }, description: 'The group that it is to run.',
    resolve: ({ configuration }, _args, ctx) => (configuration ? ctx.configurations.load(configuration.id) : null),
  }),
  configurationRevision: t.int({ nullable: true, description: 'Of the group, that it is to run.', resolve: ({ configuration }) => configuration?.revision ?? null }),
  effectiveParameters: t.field({
    type: EffectiveParameterConnection, nullable: true, ...connectionCost(LIVE_CALL),
    args: { ...forwardArgs, search: t.arg.string({ description: 'Part of the name.' }) },
    description: 'Read from the engine, now, with where each value comes from. Null with an error beside it when the engine is silent.',
    resolve: async (instance, { search, ...page }, ctx) => pageOf(await ctx.domain.configurations.effectiveParameters(ctx.caller, instance.id, search ?? null), page, ({ name }) => name, ctx.limits.defaultListSize),
  }),
}));
