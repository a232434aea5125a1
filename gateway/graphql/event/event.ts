import { builder } from '../builder.ts';
import { connectionCost, defineConnection, forwardArgs } from '../connection.ts';
import { EventRef } from '../refs.ts';

const EventPhaseEnum = builder.enumType('EventPhase', {
  description: 'A change leaves one START and exactly one END or ERROR, with the same request, actor and client address.',
  values: ['START', 'PROGRESS', 'END', 'ERROR', 'INFO'] as const,
});

EventRef.implement({
  description: 'One entry of the event log: the audit trail, and what every subscription reads.',
  fields: (t) => ({
    id: t.exposeID('id'),
    cursor: t.expose('cursor', { type: 'Cursor', description: 'The position right after this event; in a list, while an older change was still being written, somewhat before it, so that nothing is missed.' }),
    at: t.expose('at', { type: 'DateTime' }),
    type: t.exposeString('type', { description: 'Such as `instance.updated`.' }),
    phase: t.expose('phase', { type: EventPhaseEnum }),
    actor: t.exposeString('actor', { description: 'Who caused it.' }),
    clientAddress: t.exposeString('clientAddress', { nullable: true }),
    requestId: t.exposeString('requestId', { nullable: true, description: 'The `x-request-id` of the answer to the request that caused it.' }),
    subject: t.exposeID('subject', { description: 'What it is about.' }),
    project: t.exposeID('project', { nullable: true }),
    operation: t.exposeID('operation', { nullable: true }),
    data: t.field({ type: 'JSON', resolve: (event) => event.data ?? {} }),
  }),
});

export const EventConnection = defineConnection('Event', EventRef, 'events');

export const EventFilterInput = builder.inputType('EventFilter', {
  description: 'All that is given must hold.',
  fields: (t) => ({
    subject: t.id(),
    projectId: t.id(),
    type: t.string({ description: 'Such as `instance.updated`.' }),
    operationId: t.id(),
  }),
});

builder.queryFields((t) => ({
  events: t.field({
    type: EventConnection, ...connectionCost(10),
    args: { ...forwardArgs, filter: t.arg({ type: EventFilterInput }) },
    resolve: (_root, { filter, ...page }, ctx) => ctx.domain.events.list(ctx.caller, page, { ...filter }),
  }),
}));
