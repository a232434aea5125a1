import { expect, it } from 'vitest';
import type { EventFeed, FeedItem, FeedRequest, LogEvent } from '../../../gateway/events/feed.ts';
import { watchRevocations } from '../../../gateway/revocations.ts';
import { silentLog } from '../../../kernel/log.ts';

const revoked = (subject: string): FeedItem<never> => ({ kind: 'event', event: { cursor: `after-${subject}`, subject, type: 'token.revoked' } as LogEvent });

it('what was revoked while following had broken off is told when it goes on', async () => {
  const asked: unknown[] = [];
  const told: string[] = [];
  const feed = {
    async* subscribe({ after, signal }: FeedRequest<never>) {
      asked.push(after);
      yield after === null ? { kind: 'snapshot', cursor: 'now', reset: false, value: null as never } satisfies FeedItem<never> : revoked('second');
      if (after === null) {
        yield revoked('first');
        throw new Error('too slow');
      }
      await new Promise((resolve) => { signal.addEventListener('abort', resolve); });
    },
  } as unknown as EventFeed;
  const stop = watchRevocations(feed, (id) => told.push(id), silentLog);
  await expect.poll(() => told, { timeout: 5_000 }).toEqual(['first', 'second']);
  expect(asked).toEqual([null, 'after-first']);
  stop();
});
