import { builder } from '../builder.ts';
import { InstanceListSnapshotRef, InstanceRef, InstanceRemovedRef, InstanceUpdateRef, InstanceUpsertedRef } from '../refs.ts';
import { ChangeEnum } from './enums.ts';
import { filterOf, InstanceFilterInput } from './queries.ts';
import { watchInstance, watchInstances } from './watch.ts';

InstanceUpdateRef.implement({
  description: 'An instance, now or after a change.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: 'Give it as `after` to go on from here, on any gateway.' }),
    change: t.expose('change', { type: ChangeEnum }),
    instance: t.expose('instance', { type: InstanceRef, nullable: true, description: 'Null when it is gone.' }),
    id: t.exposeID('id'),
  }),
});

InstanceListSnapshotRef.implement({
  description: 'All instances that match, at one moment.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor' }),
    reset: t.exposeBoolean('reset', { description: 'True when the cursor was too old: forget what you have and take this.' }),
    instances: t.field({ type: [InstanceRef], resolve: (update) => update.instances }),
  }),
});

InstanceUpsertedRef.implement({
  description: 'An instance that is new in the list, or has changed.',
  fields: (t) => ({ cursor: t.expose('cursor', { type: 'Cursor' }), instance: t.expose('instance', { type: InstanceRef }) }),
});

InstanceRemovedRef.implement({
  description: 'An instance that is gone, or no longer matches.',
  fields: (t) => ({ cursor: t.expose('cursor', { type: 'Cursor' }), id: t.exposeID('id') }),
});

const InstanceListUpdateUnion = builder.unionType('InstanceListUpdate', {
  description: 'One snapshot, then upserts and removals.',
  types: [InstanceListSnapshotRef, InstanceUpsertedRef, InstanceRemovedRef],
  resolveType: (update) => update.kind,
});

const after = 'A cursor of an earlier update: what came after it is delivered, and no snapshot.';

builder.subscriptionFields((t) => ({
  instance: t.field({
    type: InstanceUpdateRef, description: 'The instance now, then after every change; ends after DELETED.',
    args: { id: t.arg.id({ required: true }), after: t.arg({ type: 'Cursor', description: after }) },
    subscribe: (_root, args, ctx) => watchInstance(ctx, ctx.caller, args.id, args.after),
    resolve: (update) => update,
  }),
  instances: t.field({
    type: InstanceListUpdateUnion, description: 'Every instance that the filter matches: one snapshot, then upserts and removals (also when one stops matching).',
    extensions: { cost: { own: 100 } },
    args: { filter: t.arg({ type: InstanceFilterInput }), projectId: t.arg.id({ description: 'Every project the token sees when left out.' }), after: t.arg({ type: 'Cursor', description: after }) },
    subscribe: (_root, args, ctx) => watchInstances(ctx, ctx.caller, filterOf(args.filter), args.projectId, args.after, ctx.limits.maxSnapshotItems),
    resolve: (update) => update,
  }),
}));
