/**
 * Live reading of the event log. One reader per process; subscriptions attach to it. Order is (xid, id) below the
 * snapshot horizon, so a transaction that commits late is never passed over.
 */
export interface LogEvent {
  /** position: opaque cursor (carries the store generation) right after this event */
  cursor: string;
  id: string; at: string; type: string; phase: string; actor: string; clientAddress: string | null; requestId: string | null;
  subject: string; projectId: string | null; operationId: string | null; data: unknown;
  /** the subject's document right after the change (InstanceDoc for instance.*, OperationView for operation.*); null when deleted */
  doc: unknown;
}
export type FeedItem<Snapshot> =
  | { kind: 'snapshot'; cursor: string; /** true when the given cursor was too old or of another generation */ reset: boolean; value: Snapshot }
  | { kind: 'event'; event: LogEvent };
export interface FeedRequest<Snapshot> {
  /** resume right after this position; left out: start with a snapshot */
  after?: string | null | undefined;
  /** which events reach this reader: at least one of subject / projectId narrows it; null projectId and subject: everything */
  subject?: string; projectId?: string | null;
  accept?(event: LogEvent): boolean;
  /** Reads the present. The feed runs it in one statement's snapshot and drops buffered events that the snapshot already shows: `read` gets a runner whose statements see one MVCC snapshot. */
  snapshot(read: <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>): Promise<Snapshot>;
  signal: AbortSignal;
}
export interface EventFeed {
  subscribe<Snapshot>(request: FeedRequest<Snapshot>): AsyncIterable<FeedItem<Snapshot>>;
  /** newest position that everything before is delivered */
  position(): string;
  /** seconds between an event's commit and its delivery, last observed */
  lagMs(): number;
}
