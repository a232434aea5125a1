/** An open transaction, or anything that can run statements. Values are always parameters. */
export interface Tx {
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /**
   * Wakes those who listen on the channel, in all processes, once the transaction has committed. Sent right after the
   * commit and not within it, because a transaction that notifies commits alone (no group commit: a fifth of the
   * commits a second). It may be lost with this process: listeners also look by themselves now and then.
   */
  notify(channel: string, payload?: string): void;
}

export interface Store extends Tx {
  /** One transaction, bounded in time (an open writer holds the event horizon back); retried on serialisation failure and lost connection before commit. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Read only: every statement sees the one MVCC snapshot that is also given as text (`xmin:xmax:xip`). Does not hold the event horizon back. */
  snapshot<T>(work: (tx: Tx, snapshot: string) => Promise<T>): Promise<T>;
  /** Wakes `listener` on NOTIFY of the channel and after every reconnect (notifications may have been lost). Returns an unsubscribe. */
  listen(channel: string, listener: (payload: string) => void): () => void;
  close(): Promise<void>;
}

/** True for a unique violation on the table (SQLSTATE 23505). */
export const isUniqueViolation = (error: unknown, table: string): boolean =>
  typeof error === 'object' && error !== null && (error as { code?: unknown }).code === '23505' && (error as { table?: unknown }).table === table;
