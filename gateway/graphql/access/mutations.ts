import { defineMutation } from '../mutation.ts';
import { ApiTokenRef, ProjectRef } from '../refs.ts';
import { RoleEnum } from './access.ts';

defineMutation('createProject', {
  description: 'Operators: makes a project.',
  errors: ['InvalidInputError', 'ForbiddenError', 'ConflictError'],
  input: (t) => ({ name: t.string({ required: true, description: 'Lower-case letters, digits and dashes.' }) }),
  resolve: async (ctx, { name }) => ({ project: await ctx.domain.access.createProject(ctx.caller, name) }),
  payload: (t) => ({ project: t.field({ type: ProjectRef, resolve: (answer) => answer.project }) }),
});

defineMutation('deleteProject', {
  description: 'Operators: removes a project. Refused while it has instances.',
  errors: ['NotFoundError', 'ForbiddenError', 'PreconditionError'],
  input: (t) => ({ projectId: t.id({ required: true }) }),
  resolve: async (ctx, { projectId }) => ({ project: await ctx.domain.access.deleteProject(ctx.caller, projectId) }),
  payload: (t) => ({ project: t.field({ type: ProjectRef, description: 'As it was.', resolve: (answer) => answer.project }) }),
});

defineMutation('createApiToken', {
  description: 'Makes a token. Nobody can give a higher role than their own.',
  errors: ['InvalidInputError', 'NotFoundError', 'ForbiddenError'],
  input: (t) => ({
    projectId: t.id({ description: 'The only project of the caller when left out.' }),
    name: t.string({ required: true, description: 'Appears in events as the actor.' }),
    role: t.field({ type: RoleEnum, required: true }),
    expiresAt: t.field({ type: 'DateTime', description: 'Never when left out.' }),
  }),
  resolve: (ctx, input) => ctx.domain.access.createToken(ctx.caller, input),
  payload: (t) => ({
    token: t.field({ type: ApiTokenRef, resolve: (answer) => answer.token }),
    secret: t.field({ type: 'Secret', description: 'The token itself: send it as `Authorization: Bearer …`. It is shown this once.', resolve: (answer) => answer.secret }),
  }),
});

defineMutation('revokeApiToken', {
  description: 'Ends a token at once, its live subscriptions included.',
  errors: ['NotFoundError', 'ForbiddenError'],
  input: (t) => ({ tokenId: t.id({ required: true }) }),
  resolve: async (ctx, { tokenId }) => ({ token: await ctx.domain.access.revokeToken(ctx.caller, tokenId) }),
  payload: (t) => ({ token: t.field({ type: ApiTokenRef, resolve: (answer) => answer.token }) }),
});
