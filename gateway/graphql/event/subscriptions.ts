import type { Caller, Domain, EventDoc, EventFilter } from '../../domain/api.ts';
import type { EventFeed, LogEvent } from '../../events/feed.ts';
import { builder } from '../builder.ts';
import { follow, type Followed } from '../live/follow.ts';
import { EventRef } from '../refs.ts';
import { EventFilterInput } from './event.ts';

export const eventOf = (event: LogEvent): EventDoc => ({
  id: event.id, cursor: event.cursor, at: event.at, type: event.type, phase: event.phase as EventDoc['phase'], actor: event.actor,
  clientAddress: event.clientAddress, requestId: event.requestId, subject: event.subject, project: event.projectId, operation: event.operationId, data: event.data,
});

function watchEvents({ domain, feed }: { domain: Domain; feed: EventFeed }, caller: Caller, filter: EventFilter, after: string | null | undefined): Followed<EventDoc> {
  return follow.feed<null, EventDoc>(feed, {
    after, projectId: caller.projectId ?? filter.projectId ?? null,
    ...(filter.subject ? { subject: filter.subject } : {}),
    accept: (event) => domain.live.eventMatches(caller, filter, eventOf(event)),
    snapshot: () => Promise.resolve(null),
  }, (item) => ({ updates: item.kind === 'event' ? [eventOf(item.event)] : [], ends: false }));
}

builder.subscriptionFields((t) => ({
  events: t.field({
    type: EventRef, description: 'Events as they happen, from now on or after the cursor.',
    args: { filter: t.arg({ type: EventFilterInput }), after: t.arg({ type: 'Cursor', description: 'The cursor of the last event you have.' }) },
    subscribe: (_root, args, ctx) => watchEvents(ctx, ctx.caller, { ...args.filter }, args.after),
    resolve: (event) => event,
  }),
}));
