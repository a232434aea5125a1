/**
 * Watching instances. The feed joins the present and what follows; here its items become updates. The rows of these
 * functions are in the caller's sight or not at all: a foreign id fails exactly as a missing one does.
 */
import { CofferError, invalidInput, notFound } from '../../../kernel/errors.ts';
import type { Caller, Domain, InstanceFilter } from '../../domain/api.ts';
import type { InstanceDoc } from '../../domain/instance/document.ts';
import { isInstanceEvent } from '../../events/doc-kind.ts';
import type { EventFeed, FeedItem, LogEvent } from '../../events/feed.ts';
import type { InstanceListUpdate, InstanceUpdate } from '../refs.ts';
import { follow, type Followed } from '../live/follow.ts';

export interface WatchServices { domain: Domain; feed: EventFeed }

const docOf = (event: LogEvent): InstanceDoc | null => {
  const doc = event.doc as InstanceDoc | null;
  return doc === null || doc.deletedAt !== null ? null : doc;
};

const gone = (cursor: string, id: string): InstanceUpdate => ({ cursor, change: 'DELETED', instance: null, id });

export function instanceUpdateOf(item: FeedItem<InstanceDoc | null>, id: string): InstanceUpdate {
  if (item.kind === 'event') {
    const instance = docOf(item.event);
    return instance ? { cursor: item.event.cursor, change: 'UPDATED', instance, id } : gone(item.event.cursor, id);
  }
  const { value, cursor, reset } = item;
  return value && value.deletedAt === null ? { cursor, change: reset ? 'RESET' : 'SNAPSHOT', instance: value, id } : gone(cursor, id);
}

/** Ends after DELETED. */
export async function watchInstance({ domain, feed }: WatchServices, caller: Caller, id: string, after: string | null | undefined): Promise<Followed<InstanceUpdate>> {
  const now = await domain.instances.find(caller, { id });
  if (now === null || now.deletedAt !== null) {
    // A reader that was away while it was deleted is told so; whoever cannot see its events learns nothing.
    const past = now ?? (after ? (await domain.events.list(caller, { first: 1 }, { subject: id })).edges[0] : undefined);
    if (!past) throw notFound(`the instance ${id}`);
    return follow.only(gone(after ?? feed.position(), id));
  }
  return follow.feed(feed, {
    after, subject: id, projectId: caller.projectId, accept: isInstanceEvent,
    snapshot: (read) => domain.live.instance(caller, id, read),
  }, (item) => {
    const update = instanceUpdateOf(item, id);
    return { updates: [update], ends: update.change === 'DELETED' };
  });
}

/** One snapshot, then upserts and removals: also of what stops matching. `limit` bounds the snapshot. */
export async function watchInstances(
  { domain, feed }: WatchServices, caller: Caller, given: InstanceFilter, projectId: string | null | undefined, after: string | null | undefined, limit: number,
): Promise<Followed<InstanceListUpdate>> {
  if (projectId && given.projectId && projectId !== given.projectId) throw invalidInput([{ path: ['projectId'], message: 'differs from the one of the filter; give one' }]);
  const filter: InstanceFilter = { ...given, projectId: projectId ?? given.projectId };
  // Fails here, as a list with this filter would, and not in the middle of the stream.
  await domain.instances.list(caller, { first: 0 }, filter, { field: 'CREATED_AT', direction: 'ASC' });
  const shown = createShown(after !== null && after !== undefined);
  return follow.feed(feed, {
    after, projectId: caller.projectId ?? filter.projectId ?? null, accept: isInstanceEvent,
    snapshot: (read) => domain.live.instances(caller, filter, limit + 1, read),
  }, (item) => {
    if (item.kind === 'snapshot') return { updates: [snapshotOf(item, limit, shown)], ends: false };
    const { event } = item;
    const doc = docOf(event);
    if (doc && domain.live.instanceMatches(caller, filter, doc)) {
      shown.add(doc.id);
      return { updates: [{ kind: 'InstanceUpserted', cursor: event.cursor, instance: doc }], ends: false };
    }
    return { updates: shown.remove(event.subject) ? [{ kind: 'InstanceRemoved', cursor: event.cursor, id: event.subject }] : [], ends: false };
  });
}

function snapshotOf(item: FeedItem<InstanceDoc[]> & { kind: 'snapshot' }, limit: number, shown: Shown): InstanceListUpdate {
  if (item.value.length > limit) throw new CofferError('INPUT.INVALID', `more than ${limit} instances match; narrow the filter`, { details: { issues: [{ path: ['filter'], message: `matches more than ${limit} instances` }] } });
  shown.reset(item.value.map((doc) => doc.id));
  return { kind: 'InstanceListSnapshot', cursor: item.cursor, reset: item.reset, instances: item.value };
}

interface Shown { reset(ids: string[]): void; add(id: string): void; remove(id: string): boolean }

/** What the reader holds. After a resume that is not known: then everything may be, until it was once told removed. */
function createShown(resumed: boolean): Shown {
  let ids = new Set<string>();
  let removed: Set<string> | null = resumed ? new Set() : null;
  return {
    reset(all) { ids = new Set(all); removed = null; },
    add(id) { ids.add(id); removed?.delete(id); },
    remove(id) {
      if (ids.delete(id)) { removed?.add(id); return true; }
      if (removed === null || removed.has(id)) return false;
      removed.add(id);
      return true;
    },
  };
}
