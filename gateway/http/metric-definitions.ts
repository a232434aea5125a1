interface Definition { type: 'counter' | 'gauge' | 'histogram'; help: string; labels: readonly string[] }

export const metricDefinitions = {
  coffer_graphql_requests_total: { type: 'counter', help: 'GraphQL operations answered; a subscription counts when it is set up or refused.', labels: ['operation_type', 'operation_name', 'outcome'] },
  coffer_graphql_request_duration_seconds: { type: 'histogram', help: 'From the request being read to its answer being written; a subscription until it is set up.', labels: ['operation_type', 'operation_name'] },
  coffer_subscriptions: { type: 'gauge', help: 'Live subscriptions of this gateway.', labels: ['transport'] },
  coffer_operations: { type: 'gauge', help: 'Operations in the store.', labels: ['kind', 'state'] },
  coffer_operation_step_duration_seconds: { type: 'histogram', help: 'Steps of operations run by this worker, one observation an attempt.', labels: ['kind', 'step', 'outcome'] },
  coffer_agents_connected: { type: 'gauge', help: 'Agents whose report stream is open at this gateway.', labels: [] },
  coffer_event_lag_seconds: { type: 'gauge', help: 'From the commit of the event delivered last to its delivery.', labels: [] },
  coffer_store_pool_connections: { type: 'gauge', help: 'Connections to the store: active, idle, and requests waiting for one.', labels: ['state'] },
} as const satisfies Record<string, Definition>;
