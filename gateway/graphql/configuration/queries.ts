import { builder } from '../builder.ts';
import { connectionCost, forwardArgs } from '../connection.ts';
import { LookupInput, lookupOf } from '../lookup.ts';
import { ConfigurationRef } from '../refs.ts';
import { ConfigurationConnection } from './configuration.ts';

const ConfigurationFilterInput = builder.inputType('ConfigurationFilter', {
  description: 'All that is given must hold.',
  fields: (t) => ({ projectId: t.id(), name: t.string({ description: 'The whole name.' }), datastore: t.string({ description: 'By name, such as `postgresql`.' }) }),
});

builder.queryFields((t) => ({
  configurations: t.field({
    type: ConfigurationConnection, ...connectionCost(10), description: 'Configuration groups, oldest first. One statement, however long the list is.',
    args: { ...forwardArgs, filter: t.arg({ type: ConfigurationFilterInput }) },
    resolve: (_root, { filter, ...page }, ctx) => ctx.domain.configurations.list(ctx.caller, page, { ...filter }),
  }),
  configuration: t.field({
    type: ConfigurationRef, nullable: true, args: { by: t.arg({ type: LookupInput, required: true }) }, extensions: { cost: { own: 10 } },
    resolve: (_root, { by }, ctx) => ctx.domain.configurations.find(ctx.caller, lookupOf(by)),
  }),
}));
