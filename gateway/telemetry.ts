/** Feeds the metrics from the other rooms. */
import type { EventFeed } from './events/feed.ts';
import type { Metrics } from './http/metrics.ts';
import type { OperationObserver } from './operations/hooks.ts';
import type { PgStore } from './store/store.ts';

export const observeOperations = (metrics: Metrics): OperationObserver => ({
  stepEnded: ({ kind, step, outcome, durationMs }) => metrics.operationStepFinished(kind, step, outcome, durationMs / 1_000),
  operationEnded() {},
});

export function readScrapeValues(metrics: Metrics, { store, feed }: { store: PgStore; feed: EventFeed }): void {
  metrics.onScrape(() => {
    const { total, idle, waiting } = store.gauges();
    metrics.setStorePool({ total, idle, waiting });
    metrics.setEventLag(feed.lagMs() / 1_000);
  });
  metrics.onScrape(async () => {
    metrics.setOperations(await store.query<{ kind: string; state: string; count: number }>('select kind, state, count(*)::int as count from operation group by kind, state'));
    const [row] = await store.query<{ n: number }>('select count(*)::int as n from instance where agent_connected and deleted_at is null');
    metrics.setAgentsConnected(row?.n ?? 0);
  });
}
