/**
 * A feed as a subscription reads it. Made by hand and not as an async generator, because `return()` of a generator waits
 * for the `next()` that is pending, which for a quiet subject is for ever.
 */
import type { EventFeed, FeedItem, FeedRequest, LogEvent } from '../../events/feed.ts';

export interface Followed<Update> extends AsyncIterableIterator<Update> { return(): Promise<IteratorResult<Update>> }

/** Updates that come from one event are equal for every reader: their execution may be shared (see shared-execution.ts). */
const origins = new WeakMap<object, LogEvent>();
export const originOf = (update: object): LogEvent | undefined => origins.get(update);

export interface Step<Update> { updates: Update[]; ends: boolean }

function fromFeed<Snapshot, Update extends object>(
  feed: EventFeed, request: Omit<FeedRequest<Snapshot>, 'signal'>, step: (item: FeedItem<Snapshot>) => Step<Update>,
): Followed<Update> {
  const stop = new AbortController();
  const items = feed.subscribe<Snapshot>({ ...request, signal: stop.signal })[Symbol.asyncIterator]();
  const ready: Update[] = [];
  let isLast = false;
  /** ends the `next()` that is pending */
  let release: (() => void) | null = null;

  function end(): IteratorResult<Update> {
    stop.abort();
    // A feed that waits is woken by the signal; one that rests between two items must be told to clean up.
    void Promise.resolve(items.return?.()).catch(() => {});
    release?.();
    return { done: true, value: undefined };
  }
  async function pull(): Promise<IteratorResult<Update>> {
    for (;;) {
      const update = ready.shift();
      if (update) return { done: false, value: update };
      if (isLast || stop.signal.aborted) return end();
      const item = await items.next();
      if (item.done === true) return end();
      const { updates, ends } = step(item.value);
      if (item.value.kind === 'event') for (const one of updates) origins.set(one, item.value.event);
      ready.push(...updates);
      isLast = ends;
    }
  }
  return {
    [Symbol.asyncIterator]() { return this; },
    next: () => new Promise((resolve, reject) => {
      release = () => resolve({ done: true, value: undefined });
      pull().then(resolve, (error: unknown) => { reject(error as Error); end(); });
    }),
    return: () => Promise.resolve(end()),
  };
}

/** A subscription that has only this to say. */
function only<Update>(update: Update): Followed<Update> {
  const left = [update];
  return {
    [Symbol.asyncIterator]() { return this; },
    next: () => Promise.resolve(left.length > 0 ? { done: false, value: left.pop()! } : { done: true, value: undefined }),
    return() { left.length = 0; return Promise.resolve({ done: true, value: undefined }); },
  };
}

export const follow = { feed: fromFeed, only };
