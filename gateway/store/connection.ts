/** Settings every session of ours has, and what a session must be told after it connects. */
import type { ClientBase } from 'pg';

/**
 * Any writer that stays open holds back the delivery of every event (gateway/events), so all of them are bounded, in
 * the server where it can (transaction_timeout: PostgreSQL 17 and later) and by us in any case.
 */
export const storeLimits = {
  statementTimeoutMs: 10_000,
  transactionTimeoutMs: 15_000,
  idleInTransactionTimeoutMs: 5_000,
  /** how long we wait for an answer before we take the server for dead */
  answerTimeoutMs: 20_000,
  connectTimeoutMs: 5_000,
  /** a store that is restarted comes back within this time; then callers are told */
  lostWindowMs: 10_000,
};
export type StoreLimits = typeof storeLimits;

export const connectionConfig = (url: string, applicationName: string, limits: StoreLimits = storeLimits) => ({
  connectionString: url,
  application_name: applicationName,
  connectionTimeoutMillis: limits.connectTimeoutMs,
  query_timeout: limits.answerTimeoutMs,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
});

const settingsOf = (limits: StoreLimits): Record<string, string> => ({
  statement_timeout: String(limits.statementTimeoutMs),
  transaction_timeout: String(limits.transactionTimeoutMs),
  idle_in_transaction_session_timeout: String(limits.idleInTransactionTimeoutMs),
  timezone: 'UTC',
  search_path: 'public',
  // our statements are short: compiling them costs more than it gives
  jit: 'off',
});

/** Settings the server does not know (an older PostgreSQL) are left out by the join. */
export async function prepareSession(client: ClientBase, limits: StoreLimits): Promise<void> {
  await client.query(
    'select set_config(s.name, w.value, false) from json_each_text($1::json) as w(name, value) join pg_settings s on lower(s.name) = w.name',
    [JSON.stringify(settingsOf(limits))],
  );
}
