import type { InstanceFilter } from '../../domain/api.ts';
import { builder } from '../builder.ts';
import { connectionCost, pageArgs } from '../connection.ts';
import { LookupInput, lookupOf } from '../lookup.ts';
import { InstanceRef } from '../refs.ts';
import { InstanceStatusEnum } from './enums.ts';
import { InstanceConnection } from './instance.ts';

const TagFilter = builder.inputType('TagFilter', {
  fields: (t) => ({ key: t.string({ required: true }), value: t.string({ description: 'Any value when left out.' }) }),
});

export const InstanceFilterInput = builder.inputType('InstanceFilter', {
  description: 'All that is given must hold.',
  fields: (t) => ({
    projectId: t.id(),
    name: t.string({ description: 'The whole name.' }),
    status: t.field({ type: [InstanceStatusEnum], description: 'One of these.' }),
    datastore: t.string({ description: 'By name, such as `postgresql`.' }),
    tag: t.field({ type: TagFilter }),
    includeDeleted: t.boolean({ description: 'Operators only.' }),
  }),
});
export const filterOf = (given: typeof InstanceFilterInput.$inferInput | null | undefined): InstanceFilter => ({ ...given });

const OrderDirectionEnum = builder.enumType('OrderDirection', { values: ['ASC', 'DESC'] as const });
const InstanceOrderFieldEnum = builder.enumType('InstanceOrderField', { values: ['CREATED_AT', 'NAME'] as const });
const InstanceOrderInput = builder.inputType('InstanceOrder', {
  fields: (t) => ({
    field: t.field({ type: InstanceOrderFieldEnum, required: true }),
    direction: t.field({ type: OrderDirectionEnum, required: true }),
  }),
});

builder.queryFields((t) => ({
  instances: t.field({
    type: InstanceConnection, ...connectionCost(10), description: 'One statement, however long the list is.',
    args: { ...pageArgs, filter: t.arg({ type: InstanceFilterInput }), orderBy: t.arg({ type: InstanceOrderInput, description: 'By creation, oldest first, when left out.' }) },
    resolve: (_root, { filter, orderBy, ...page }, ctx) =>
      ctx.domain.instances.list(ctx.caller, page, filterOf(filter), orderBy ?? { field: 'CREATED_AT', direction: 'ASC' }),
  }),
  instance: t.field({
    type: InstanceRef, nullable: true, args: { by: t.arg({ type: LookupInput, required: true }) },
    extensions: { cost: { own: 10 } },
    resolve: (_root, { by }, ctx) => ctx.domain.instances.find(ctx.caller, lookupOf(by)),
  }),
}));
