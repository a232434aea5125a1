import type { Caller } from '../../domain/api.ts';
import type { Limits } from '../limits.ts';
import { builder } from '../builder.ts';
import { ProjectRef } from '../refs.ts';
import { RoleEnum } from './access.ts';

const limit = (description: string, name: keyof Limits) => ({ name, description });
const shown = {
  tokens: limit('Lexical tokens of a document.', 'maxTokens'),
  depth: limit('Nested selections.', 'maxDepth'),
  aliases: limit('Aliased fields in a document.', 'maxAliases'),
  rootFields: limit('Fields of one operation.', 'maxRootFields'),
  directives: limit('Directives in a document.', 'maxDirectives'),
  cost: limit('Fields an answer may have at most, with the size of lists multiplied in.', 'maxCost'),
  listSize: limit('`first`, `last`, and the length of `ids`.', 'maxListSize'),
  bodyBytes: limit('A request, and one WebSocket message.', 'maxBodyBytes'),
  subscriptionsPerConnection: limit('Operations in flight on one WebSocket.', 'maxSubscriptionsPerConnection'),
  subscriptionsPerToken: limit('Live subscriptions of one token on one gateway.', 'maxSubscriptionsPerToken'),
} as const;

const ApiLimitsRef = builder.objectRef<Limits>('ApiLimits').implement({
  description: 'How much one request may ask for. Beyond a limit a request is refused before anything is done.',
  fields: (t) => Object.fromEntries(Object.entries(shown).map(([field, { name, description }]) => [field, t.exposeInt(name, { description })])),
});

const ViewerRef = builder.objectRef<Caller>('Viewer').implement({
  description: 'Who the token speaks for.',
  fields: (t) => ({
    actor: t.exposeString('actor', { description: 'As events show it.' }),
    role: t.expose('role', { type: RoleEnum }),
    project: t.field({ type: ProjectRef, nullable: true, description: 'Null for an operator, who sees every project.', resolve: (caller, _args, ctx) => (caller.projectId ? ctx.projects.load(caller.projectId) : null) }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true, description: 'When the token ends.' }),
    limits: t.field({ type: ApiLimitsRef, resolve: (_caller, _args, ctx) => ctx.limits }),
    serverVersion: t.string({ resolve: (_caller, _args, ctx) => ctx.serverVersion }),
  }),
});

builder.queryFields((t) => ({
  viewer: t.field({ type: ViewerRef, description: 'Who am I, and what may I ask for?', resolve: (_root, _args, ctx) => ctx.caller }),
}));
