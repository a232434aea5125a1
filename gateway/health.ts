/** What must hold for this gateway to be of use (`/readyz`). The reasons may be read by anybody. */
import type { RunningFeed } from './events/event-feed.ts';
import type { HealthCheck } from './http/health.ts';
import type { Store } from './store/tx.ts';

/** The log is read once a second when nothing happens; a gateway that has not read it for this long tells nobody anything. */
const feedSilentAfterMs = 5_000;
/** Our own transactions end within seconds. Whoever else writes in the store's server for this long keeps every subscriber waiting. */
const feedHeldAfterMs = 60_000;

export interface HealthDeps {
  store: Pick<Store, 'query'>;
  /** why the store's schema is not what this release needs; null when it is */
  migrationProblem(): Promise<string | null>;
  feed: Pick<RunningFeed, 'stats'>;
  background(): 'starting' | 'up' | { failed: string };
}

export const healthChecks = ({ store, migrationProblem, feed, background }: HealthDeps): HealthCheck[] => [
  { name: 'store', async check() { await store.query('select 1'); return null; } },
  { name: 'migrations', check: migrationProblem },
  { name: 'events', check: () => feedProblem(feed.stats()) },
  {
    name: 'background',
    check() {
      const state = background();
      return state === 'up' ? null : state === 'starting' ? 'still starting' : state.failed;
    },
  },
];

export function feedProblem({ readAgoMs, heldMs }: { readAgoMs: number | null; heldMs: number }): string | null {
  if (readAgoMs === null) return 'the event log has not been read yet';
  if (readAgoMs > feedSilentAfterMs) return `the event log could not be read for ${seconds(readAgoMs)}`;
  if (heldMs > feedHeldAfterMs) return `a transaction that is open on the store's server has held events back for ${seconds(heldMs)}: see pg_stat_activity for the oldest backend_xid`;
  return null;
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
