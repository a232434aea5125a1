import { builder } from '../builder.ts';
import { connectionCost, forwardArgs, pageOf } from '../connection.ts';
import { defineMutation } from '../mutation.ts';
import { DatastoreRef, OperationRef } from '../refs.ts';
import { DatastoreConnection } from './datastore.ts';

builder.queryFields((t) => ({
  datastores: t.field({
    type: DatastoreConnection, args: forwardArgs, ...connectionCost(), description: 'The kinds of database servers that can be had here.',
    resolve: (_root, args, ctx) => pageOf(ctx.domain.catalogue.datastores(), args, (datastore) => datastore.id, ctx.limits.defaultListSize),
  }),
  datastore: t.field({
    type: DatastoreRef, nullable: true, args: { name: t.arg.string({ required: true, description: 'Or its id.' }) },
    resolve: (_root, { name }, ctx) => ctx.domain.catalogue.datastore(name) ?? null,
  }),
}));

defineMutation('installEngine', {
  description: 'Operators: fetch the binaries of a version ahead, so that the first instance need not wait for them, or with `refresh` a newer build of them. What runs keeps the build that it has; instances with an older one get the condition NewerBuild.',
  errors: ['NotFoundError', 'ForbiddenError', 'PreconditionError'],
  input: (t) => ({
    datastore: t.string({ required: true }),
    version: t.string({ required: true, description: 'Such as `17`.' }),
    refresh: t.boolean({ description: 'Ask the source for a newer build although one is installed. The operation succeeds too when there is none; its step says so.' }),
  }),
  resolve: async (ctx, input) => ({ operation: await ctx.domain.installEngine(ctx.caller, input) }),
  payload: (t) => ({ operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }) }),
});
