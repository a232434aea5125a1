import { builder } from '../builder.ts';
import { ChangeEnum } from '../instance/enums.ts';
import { OperationRef, OperationUpdateRef } from '../refs.ts';
import { watchOperation } from './watch.ts';

OperationUpdateRef.implement({
  description: 'An operation, now or after a change.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: 'Give it as `after` to go on from here, on any gateway.' }),
    change: t.expose('change', { type: ChangeEnum }),
    operation: t.expose('operation', { type: OperationRef }),
    id: t.exposeID('id'),
  }),
});

builder.subscriptionFields((t) => ({
  operation: t.field({
    type: OperationUpdateRef, description: 'The operation now, then at every step; ends when it has ended.',
    args: { id: t.arg.id({ required: true }), after: t.arg({ type: 'Cursor', description: 'A cursor of an earlier update: what came after it is delivered, and no snapshot.' }) },
    subscribe: (_root, args, ctx) => watchOperation(ctx, ctx.caller, args.id, args.after),
    resolve: (update) => update,
  }),
}));
