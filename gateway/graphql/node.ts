/**
 * `node` and `nodes`: the prefix of an id says its type, so there is no table to look in. Everything is found through
 * the use cases and thereby under the policy: a foreign id is null exactly as a missing one is.
 */
import { typeOfId } from '../../kernel/ids.ts';
import { builder } from './builder.ts';
import type { GraphqlContext } from './context.ts';
import { NodeRef } from './refs.ts';

type Found = { id: string } | null;

export function findNode(ctx: GraphqlContext, id: string): Found | Promise<Found> {
  const { catalogue } = ctx.domain;
  switch (typeOfId(id)) {
    case 'Instance': return ctx.instances.load(id);
    case 'Configuration': return ctx.configurations.load(id);
    case 'Operation': return ctx.operations.load(id);
    case 'Project': return ctx.projects.load(id);
    case 'Datastore': return catalogue.datastore(id) ?? null;
    case 'DatastoreVersion': return catalogue.version(ctx.caller, id) ?? null;
    case 'Flavor': return catalogue.flavor(id) ?? null;
    case 'VolumeType': return catalogue.volumeType(id) ?? null;
    default: return null;
  }
}

NodeRef.implement({
  description: 'Anything with an id of its own. Ids are typed and sort by creation: `inst_01j…`.',
  fields: (t) => ({ id: t.exposeID('id') }),
  resolveType: (node) => typeOfId(node.id) ?? null,
});

builder.queryFields((t) => ({
  node: t.field({
    type: NodeRef, nullable: true, args: { id: t.arg.id({ required: true }) },
    description: 'Whatever has this id; null when nothing has, or when the token cannot see it.',
    resolve: (_root, { id }, ctx) => findNode(ctx, id),
  }),
  nodes: t.field({
    type: [NodeRef], nullable: { list: false, items: true }, args: { ids: t.arg.idList({ required: true, description: 'At most 100.' }) },
    description: 'The same for many ids, in their order.',
    extensions: { cost: { itemsOf: 'ids' } },
    resolve: (_root, { ids }, ctx) => ids.map((id) => findNode(ctx, id)),
  }),
}));
