import { notFound } from '../../../kernel/errors.ts';
import type { Caller, Domain } from '../../domain/api.ts';
import { isOperationEvent } from '../../events/doc-kind.ts';
import type { EventFeed, FeedItem } from '../../events/feed.ts';
import type { OperationView } from '../../operations/workflow.ts';
import { follow, type Followed, type Step } from '../live/follow.ts';
import type { OperationUpdate } from '../refs.ts';

const hasEnded = (operation: OperationView): boolean => ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(operation.state);

export function operationStep(item: FeedItem<OperationView | null>, id: string): Step<OperationUpdate> {
  const operation = item.kind === 'event' ? (item.event.doc as OperationView | null) : item.value;
  if (!operation) return { updates: [], ends: true };
  const update: OperationUpdate = item.kind === 'event'
    ? { cursor: item.event.cursor, change: 'UPDATED', operation, id }
    : { cursor: item.cursor, change: item.reset ? 'RESET' : 'SNAPSHOT', operation, id };
  return { updates: [update], ends: hasEnded(operation) };
}

/** Ends when the operation has. */
export async function watchOperation(
  { domain, feed }: { domain: Domain; feed: EventFeed }, caller: Caller, id: string, after: string | null | undefined,
): Promise<Followed<OperationUpdate>> {
  const now = await domain.operations.find(caller, id);
  if (!now) throw notFound(`the operation ${id}`);
  // Whoever comes back after the end gets the end, once more perhaps, and never waits for an event that is behind the cursor.
  if (after && hasEnded(now)) return follow.only<OperationUpdate>({ cursor: after, change: 'UPDATED', operation: now, id });
  return follow.feed(feed, {
    after, subject: now.subjectId, projectId: caller.projectId,
    accept: (event) => event.operationId === id && isOperationEvent(event),
    snapshot: (read) => domain.live.operation(caller, id, read),
  }, (item) => operationStep(item, id));
}
