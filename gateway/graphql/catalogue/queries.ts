import { builder } from '../builder.ts';
import { connectionCost, forwardArgs, pageOf } from '../connection.ts';
import { defineMutation } from '../mutation.ts';
import { DatastoreRef, OperationRef } from '../refs.ts';
import type { OperationView } from '../../operations/workflow.ts';
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

defineMutation<{ operation: OperationView }, ReturnType<typeof installInput>>('installEngine', {
  description: 'Operators: fetch the binaries of a version ahead, so that the first instance need not wait for them.',
  input: (t) => installInput(t),
  payload: (t) => ({ operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }) }),
  errors: ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'ConflictError', 'PreconditionError'],
  resolve: async (ctx, input) => ({ operation: await ctx.domain.installEngine(ctx.caller, input) }),
});
