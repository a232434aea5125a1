import { builder } from '../builder.ts';
import { FlavorRef, NodeRef, VolumeTypeRef } from '../refs.ts';

FlavorRef.implement({
  description: 'A size: how much processor and memory an instance has.',
  interfaces: [NodeRef],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Such as `small`; accepted wherever a flavor is named.' }),
    vcpus: t.exposeFloat('vcpus'),
    memoryMb: t.exposeInt('memoryMb'),
  }),
});

VolumeTypeRef.implement({
  description: 'A kind of volume.',
  interfaces: [NodeRef],
  fields: (t) => ({
    name: t.exposeString('name'),
    description: t.exposeString('description', { nullable: true }),
  }),
});

builder.queryFields((t) => ({
  flavors: t.field({ type: [FlavorRef], description: 'Sizes that instances can have, smallest first.', resolve: (_root, _args, ctx) => ctx.domain.catalogue.flavors() }),
  volumeTypes: t.field({ type: [VolumeTypeRef], resolve: (_root, _args, ctx) => ctx.domain.catalogue.volumeTypes() }),
}));
