/**
 * The metrics of a gateway process: names and units as Prometheus asks for them. Other rooms set them through the typed
 * functions here. `docs/reference/metrics.md` is made from
 * `metricDefinitions`.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { metricDefinitions } from './metric-definitions.ts';

export type GraphqlOutcome = 'ok' | 'error' | 'refused' | 'internal';
export interface Metrics {
  readonly registry: Registry;
  graphqlFinished(operationType: string, operationName: string | null, outcome: GraphqlOutcome, seconds: number): void;
  subscriptionsChanged(transport: string, change: 1 | -1): void;
  /** Replaces all counts: what is not named has none. */
  setOperations(counts: readonly { kind: string; state: string; count: number }[]): void;
  operationStepFinished(kind: string, step: string, outcome: string, seconds: number): void;
  setAgentsConnected(count: number): void;
  setEventLag(seconds: number): void;
  setStorePool(connections: { total: number; idle: number; waiting: number }): void;
  /** Called before each scrape, for values that are read rather than told. */
  onScrape(refresh: () => void | Promise<void>): void;
  /** The text of a scrape and its content type. */
  scrape(): Promise<{ body: string; contentType: string }>;
}

/** Names come from clients: only so many become labels. */
const maxOperationNames = 100;
const nameForm = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

export function createOperationNames(max = maxOperationNames): (name: string | null) => string {
  const known = new Set<string>();
  return (name) => {
    if (name === null) return 'anonymous';
    if (known.has(name)) return name;
    if (known.size >= max || !nameForm.test(name)) return 'other';
    known.add(name);
    return name;
  };
}

const graphqlBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const stepBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const of = <Name extends keyof typeof metricDefinitions>(name: Name) => ({ name, help: metricDefinitions[name].help, labelNames: [...metricDefinitions[name].labels], registers: [registry] });
  const requests = new Counter(of('coffer_graphql_requests_total'));
  const durations = new Histogram({ ...of('coffer_graphql_request_duration_seconds'), buckets: graphqlBuckets });
  const subscriptions = new Gauge(of('coffer_subscriptions'));
  const operations = new Gauge(of('coffer_operations'));
  const steps = new Histogram({ ...of('coffer_operation_step_duration_seconds'), buckets: stepBuckets });
  const agents = new Gauge(of('coffer_agents_connected'));
  const lag = new Gauge(of('coffer_event_lag_seconds'));
  const pool = new Gauge(of('coffer_store_pool_connections'));
  const label = createOperationNames();
  const refreshers: (() => void | Promise<void>)[] = [];
  for (const transport of ['websocket', 'sse']) subscriptions.set({ transport }, 0);

  return {
    registry,
    graphqlFinished(operation_type, operationName, outcome, seconds) {
      const operation_name = label(operationName);
      requests.inc({ operation_type, operation_name, outcome });
      durations.observe({ operation_type, operation_name }, seconds);
    },
    subscriptionsChanged: (transport, change) => subscriptions.inc({ transport }, change),
    setOperations(counts) {
      operations.reset();
      for (const { kind, state, count } of counts) operations.set({ kind, state }, count);
    },
    operationStepFinished: (kind, step, outcome, seconds) => steps.observe({ kind, step, outcome }, seconds),
    setAgentsConnected: (count) => agents.set(count),
    setEventLag: (seconds) => lag.set(seconds),
    setStorePool({ total, idle, waiting }) {
      pool.set({ state: 'active' }, total - idle);
      pool.set({ state: 'idle' }, idle);
      pool.set({ state: 'waiting' }, waiting);
    },
    onScrape: (refresh) => void refreshers.push(refresh),
    async scrape() {
      // A source that fails leaves its old value; the others are still worth reading.
      await Promise.allSettled(refreshers.map(async (refresh) => refresh()));
      return { body: await registry.metrics(), contentType: registry.contentType };
    },
  };
}
