/** What operators choose. Each is done when it is answered, and told by two events. */
import { defineMutation } from '../mutation.ts';
import { DatastoreRef, DatastoreVersionRef, FlavorRef } from '../refs.ts';
import { VisibilityEnum } from './enums.ts';

defineMutation('registerDatastoreVersion', {
  description: 'Operators: offers a version of the plugin again that was deleted here, PUBLIC and in every flavor it works in.',
  errors: ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'ConflictError'],
  input: (t) => ({
    datastore: t.string({ required: true, description: 'Name or id.' }),
    version: t.string({ required: true, description: 'Such as `17`. An InvalidInputError names those that the plugin has.' }),
    active: t.boolean({ description: 'True when left out. False: it can be restricted before anybody has it.' }),
  }),
  resolve: async (ctx, input) => ({ version: await ctx.domain.catalogueChanges.registerVersion(ctx.caller, input) }),
  payload: (t) => ({ datastoreVersion: t.field({ type: DatastoreVersionRef, resolve: (answer) => answer.version }) }),
});

defineMutation('updateDatastoreVersion', {
  description: 'Operators: what new instances can have, and who can. Instances that are there are left alone. What is left out stays.',
  errors: ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'ConflictError'],
  input: (t) => ({
    datastoreVersionId: t.id({ required: true }),
    revision: t.int({ description: 'Refused with a ConflictError when this is no longer the newest.' }),
    active: t.boolean({ description: 'False: no new instances.' }),
    deprecated: t.boolean({ description: 'Null: what the plugin says.' }),
    visibility: t.field({ type: VisibilityEnum, description: 'PUBLIC forgets the projects that were named.' }),
    projects: t.idList({ description: 'All that see a PRIVATE version; those not named no longer do.' }),
    flavors: t.stringList({ description: 'Names or ids of all that are allowed. Null: whichever it works in.' }),
  }),
  resolve: async (ctx, input) => ({ version: await ctx.domain.catalogueChanges.updateVersion(ctx.caller, input) }),
  payload: (t) => ({ datastoreVersion: t.field({ type: DatastoreVersionRef, resolve: (answer) => answer.version }) }),
});

defineMutation('deleteDatastoreVersion', {
  description: 'Operators: no longer offers a version, and forgets what was chosen for it. Refused while it has instances. It stays deleted until it is registered again.',
  errors: ['NotFoundError', 'ForbiddenError', 'PreconditionError'],
  input: (t) => ({ datastoreVersionId: t.id({ required: true }) }),
  resolve: async (ctx, { datastoreVersionId }) => ({ version: await ctx.domain.catalogueChanges.deleteVersion(ctx.caller, datastoreVersionId) }),
  payload: (t) => ({ datastoreVersion: t.field({ type: DatastoreVersionRef, description: 'As it was.', resolve: (answer) => answer.version }) }),
});

defineMutation('setDefaultVersion', {
  description: 'Operators: what new instances get that name no version. Who does not see it gets the default of the plugin.',
  errors: ['NotFoundError', 'ForbiddenError', 'PreconditionError'],
  input: (t) => ({ datastoreVersionId: t.id({ required: true }) }),
  resolve: async (ctx, { datastoreVersionId }) => ({ datastore: await ctx.domain.catalogueChanges.setDefaultVersion(ctx.caller, datastoreVersionId) }),
  payload: (t) => ({ datastore: t.field({ type: DatastoreRef, resolve: (answer) => answer.datastore }) }),
});

defineMutation('createFlavor', {
  description: 'Operators: makes a flavor. Versions for which flavors were chosen do not allow it yet.',
  errors: ['InvalidInputError', 'ForbiddenError', 'ConflictError'],
  input: (t) => ({
    name: t.string({ required: true, description: 'Lower-case letters, digits and dashes.' }),
    vcpus: t.float({ required: true, description: 'Such as 0.5.' }),
    memoryMb: t.int({ required: true }),
  }),
  resolve: async (ctx, input) => ({ flavor: await ctx.domain.catalogueChanges.createFlavor(ctx.caller, input) }),
  payload: (t) => ({ flavor: t.field({ type: FlavorRef, resolve: (answer) => answer.flavor }) }),
});

defineMutation('deleteFlavor', {
  description: 'Operators: removes a flavor. Refused while instances have it, or versions name it among those they allow.',
  errors: ['NotFoundError', 'ForbiddenError', 'PreconditionError'],
  input: (t) => ({ flavorId: t.id({ required: true }) }),
  resolve: async (ctx, { flavorId }) => ({ flavor: await ctx.domain.catalogueChanges.deleteFlavor(ctx.caller, flavorId) }),
  payload: (t) => ({ flavor: t.field({ type: FlavorRef, description: 'As it was.', resolve: (answer) => answer.flavor }) }),
});
