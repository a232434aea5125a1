/**
 * Appends to the event log in the transaction of the change, so that there is no change without its event and no
 * event without its change. The readers are woken once it has committed.
 */
import { instanceDocSql } from '../store/instance-document.ts';
import { operationDocSql } from '../store/operation-document.ts';
import type { Tx } from '../store/tx.ts';

/** START and exactly one of END or ERROR frame a mutation; PROGRESS may be pruned soon; INFO is everything else. */
export type EventPhase = 'START' | 'PROGRESS' | 'END' | 'ERROR' | 'INFO';
export const EVENT_CHANNEL = 'coffer_event';

export interface NewEvent {
  type: string;
  phase: EventPhase;
  /** "token:<name>" or "system" */
  actor: string;
  clientAddress?: string | null;
  requestId?: string | null;
  subject: string;
  projectId?: string | null;
  operationId?: string | null;
  data?: unknown;
  /**
   * What subscribers get as the subject's document right after the change: `'instance'` reads the instance named by
   * `subject`, `'operation'` the operation named by `operationId`, both as this transaction sees them; anything else
   * is stored as it is. Left out: none.
   */
  doc?: 'instance' | 'operation' | object | null;
}

const docSql = { given: '$10::json', instance: `(select ${instanceDocSql('i')} from instance i where i.id = $6)`, operation: `(select ${operationDocSql('o')} from operation o where o.id = $8)` };
const columns = 'generation, type, phase, actor, client_address, request_id, subject, project_id, operation_id, data, doc';
const statementFor = (doc: string, guard: string): string =>
  `insert into event (${columns}) select g.generation, $1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, ${doc} from installation g where ${guard} returning id`;
const statements = {
  given: statementFor(docSql.given, 'true'),
  instance: statementFor(docSql.instance, '$10::json is null'),
  operation: statementFor(docSql.operation, '$10::json is null'),
};

/**
 * A mutation that is done when it is accepted, in the two events that frame every mutation. One with work to do is framed
 * by its operation instead.
 */
export async function appendMutation(
  tx: Tx, by: { actor: string; clientAddress: string | null; requestId: string | null }, what: { type: string; subject: string; projectId: string | null; operationId?: string | null; data?: unknown },
): Promise<void> {
  const { actor, clientAddress, requestId } = by;
  for (const phase of ['START', 'END'] as const) await appendEvent(tx, { ...what, phase, actor, clientAddress, requestId });
}

/** Answers the event's id. */
export async function appendEvent(tx: Tx, event: NewEvent): Promise<string> {
  const source = event.doc === 'instance' || event.doc === 'operation' ? event.doc : 'given';
  const given = source === 'given' && event.doc ? JSON.stringify(event.doc) : null;
  const rows = await tx.query<{ id: string }>(statements[source], [
    event.type, event.phase, event.actor, event.clientAddress ?? null, event.requestId ?? null,
    event.subject, event.projectId ?? null, event.operationId ?? null, JSON.stringify(event.data ?? {}), given,
  ]);
  const id = rows[0]?.id;
  if (id === undefined) throw new Error('the store has no installation row: call ensureInstallation before anything is changed');
  tx.notify(EVENT_CHANNEL);
  return id;
}
