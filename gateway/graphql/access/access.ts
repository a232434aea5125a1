import { builder } from '../builder.ts';
import { connectionCost, defineConnection, forwardArgs } from '../connection.ts';
import { ApiTokenRef, NodeRef, ProjectRef } from '../refs.ts';

export const RoleEnum = builder.enumType('Role', {
  description: 'What a token may do; each includes the ones before it.',
  values: {
    VIEWER: { description: 'Read in its project.' },
    EDITOR: { description: 'Make, change and delete in its project.' },
    OWNER: { description: 'Also root accounts and API tokens of its project.' },
    OPERATOR: { description: 'Everything, in every project.' },
  } as const,
});

export const ProjectConnection = defineConnection('Project', ProjectRef, 'projects');
const ApiTokenConnection = defineConnection('ApiToken', ApiTokenRef, 'tokens');

ProjectRef.implement({
  description: 'What instances, names and tokens belong to. Projects do not see each other.',
  interfaces: [NodeRef],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Unique in this installation.' }),
    tokens: t.field({
      type: ApiTokenConnection, args: forwardArgs, ...connectionCost(50), description: 'Owners and operators only.',
      resolve: (project, args, ctx) => ctx.domain.access.tokens(ctx.caller, project.id, args),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
});

ApiTokenRef.implement({
  description: 'What is known of an API token; the token itself was shown once.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    role: t.expose('role', { type: RoleEnum }),
    project: t.field({ type: ProjectRef, nullable: true, description: 'Null for an operator.', resolve: (token, _args, ctx) => (token.projectId ? ctx.projects.load(token.projectId) : null) }),
    createdBy: t.exposeString('createdBy'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true }),
  }),
});

builder.queryFields((t) => ({
  projects: t.field({
    type: ProjectConnection, args: forwardArgs, ...connectionCost(10), description: 'The projects that the token sees.',
    resolve: (_root, args, ctx) => ctx.domain.access.projects(ctx.caller, args),
  }),
}));
