/** Tells every gateway, by the event log, that a token ended: what it has open is closed at once. */
import type { Log } from '../kernel/log.ts';
import type { EventFeed } from './events/feed.ts';

export function watchRevocations(feed: EventFeed, onRevoked: (tokenId: string) => void, log: Log): () => void {
  const ending = new AbortController();
  const retryMs = 1_000;
  /** what was revoked while we did not listen is told as well */
  let after: string | null = null;
  const follow = async (): Promise<void> => {
    const items = feed.subscribe({ after, projectId: null, accept: (event) => event.type === 'token.revoked', snapshot: async () => null, signal: ending.signal });
    for await (const item of items) {
      after = item.kind === 'event' ? item.event.cursor : item.cursor;
      if (item.kind === 'event') onRevoked(item.event.subject);
    }
  };
  const keep = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await follow().catch((error: unknown) => log.warn({ err: error instanceof Error ? error.message : String(error) }, 'following revocations broke off; trying again'));
      if (!ending.signal.aborted) await new Promise((resolve) => { setTimeout(resolve, retryMs); });
    }
  };
  void keep();
  return () => ending.abort();
}
