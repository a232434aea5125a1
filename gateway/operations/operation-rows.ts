/** Values to rows and back, and the statements that claim, load and write operations. */
import { EVENT_CHANNEL } from '../events/append.ts';
import type { Tx } from '../store/tx.ts';
import { canCancel, stepViewOf, viewOf, type OperationState, type StepState, type Undo } from './state.ts';
import type { OperationStepView } from './workflow.ts';

/** What the engine alone needs to know; `steps` (as people see them) and this together are the value. */
interface Journal {
  subjects: string[]; interruptions: number; isCancellable: boolean; undo: Undo | null;
  steps: Pick<StepState, 'failures' | 'undoFailures' | 'isSkipped' | 'fault' | 'output'>[];
}
interface OperationRow {
  id: string; kind: string; workflow_version: number; subject_id: string; project_id: string | null; parent_id: string | null;
  actor: string; client_address: string | null; request_id: string | null; state: OperationState['state']; lock_mode: OperationState['lockMode'];
  input: unknown; secrets: Buffer | null; step: string | null; progress: number; attempt: number; version: number; target: string | null;
  fault: OperationState['fault']; steps: OperationStepView[]; journal: Journal; epoch: string; lease_owner: string | null; lease_until: Date | null;
  run_after: Date; deadline: Date; created_at: Date; started_at: Date | null; finished_at: Date | null;
}
/** `now` is the store's clock when the row was read. */
export interface Loaded { state: OperationState; secrets: Buffer | null; now: number }

const columns = (o: string): string =>
  ['id', 'kind', 'workflow_version', 'subject_id', 'project_id', 'parent_id', 'actor', 'client_address', 'request_id', 'state', 'lock_mode', 'input', 'secrets', 'step',
    'progress', 'attempt', 'version', 'target', 'fault', 'steps', 'journal', 'epoch', 'lease_owner', 'lease_until', 'run_after', 'deadline', 'created_at', 'started_at', 'finished_at']
    .map((column) => `${o}.${column}`).join(', ');

const ms = (date: Date | null): number | null => date?.getTime() ?? null;
const msOf = (text: string | null): number | null => (text === null ? null : Date.parse(text));

function toLoaded(row: OperationRow & { db_now: Date }): Loaded {
  const { journal } = row;
  const steps = row.steps.map((view, i): StepState => ({
    name: view.name, title: view.title, state: view.state as StepState['state'], attempts: view.attempts, progress: view.progress, message: view.message,
    startedAt: msOf(view.startedAt), finishedAt: msOf(view.finishedAt),
    ...(journal.steps[i] ?? { failures: 0, undoFailures: 0, isSkipped: false, fault: null, output: null }),
  }));
  const state: OperationState = {
    id: row.id, kind: row.kind, workflowVersion: row.workflow_version, subjectId: row.subject_id, projectId: row.project_id, parentId: row.parent_id,
    actor: row.actor, clientAddress: row.client_address, requestId: row.request_id, state: row.state, lockMode: row.lock_mode, subjects: journal.subjects,
    input: row.input, step: row.step, progress: row.progress, attempt: row.attempt, version: row.version, target: row.target, fault: row.fault, epoch: Number(row.epoch),
    lease: row.lease_owner !== null && row.lease_until ? { owner: row.lease_owner, until: row.lease_until.getTime() } : null,
    runAfter: row.run_after.getTime(), deadline: row.deadline.getTime(), createdAt: row.created_at.getTime(), startedAt: ms(row.started_at), finishedAt: ms(row.finished_at),
    interruptions: journal.interruptions, undo: journal.undo, isCancellable: journal.isCancellable, steps,
  };
  return { state, secrets: row.secrets, now: row.db_now.getTime() };
}

export const journalOf = (state: OperationState): Journal => ({
  subjects: [...state.subjects], interruptions: state.interruptions, isCancellable: state.isCancellable, undo: state.undo,
  steps: state.steps.map(({ failures, undoFailures, isSkipped, fault, output }) => ({ failures, undoFailures, isSkipped, fault, output })),
});

const LOAD = `select ${columns('o')}, clock_timestamp() as db_now from operation o where o.id = $1`;

export async function loadOperation(tx: Tx, id: string): Promise<Loaded | null> {
  const [row] = await tx.query<OperationRow & { db_now: Date }>(LOAD, [id]);
  return row ? toLoaded(row) : null;
}

/**
 * Which are due: nobody holds them or the holder let its lease run out. One for which nobody here has the definition or
 * serves the target is taken all the same once all its time is over, so that it ends.
 */
const CLAIM = `with due as (
    select o.id from operation o
     where o.state in ('PENDING', 'RUNNING', 'CANCELLING') and o.run_after <= clock_timestamp() and (o.lease_until is null or o.lease_until < clock_timestamp())
       and (((o.kind || '@' || o.workflow_version) = any($1::text[]) and (o.target is null or o.target = any($2::text[])))
            or o.deadline + (o.deadline - o.created_at) + interval '1 minute' < clock_timestamp())
     order by o.run_after limit $3 for update skip locked)
  update operation o set attempt = o.attempt + 1, version = o.version + 1, lease_owner = $4, lease_until = clock_timestamp() + make_interval(secs => $5::float8 / 1000)
    from due where o.id = due.id returning ${columns('o')}, clock_timestamp() as db_now`;

/** The statement form of the transition `claimed`. */
export async function claimOperations(tx: Tx, wish: { definitions: readonly string[]; targets: readonly string[]; limit: number; owner: string; leaseMs: number }): Promise<Loaded[]> {
  const rows = await tx.query<OperationRow & { db_now: Date }>(CLAIM, [wish.definitions, wish.targets, wish.limit, wish.owner, wish.leaseMs]);
  return rows.map(toLoaded);
}

const RENEW = `update operation o set lease_until = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
    from unnest($1::text[], $2::int[]) as held(id, attempt) where o.id = held.id and o.attempt = held.attempt and o.lease_owner = $4
  returning o.id, o.version, clock_timestamp() as db_now`;

export interface Renewed { id: string; version: number; db_now: Date }
export const renewLeases = (tx: Tx, held: readonly { id: string; attempt: number }[], owner: string, leaseMs: number): Promise<Renewed[]> =>
  tx.query<Renewed>(RENEW, [held.map((h) => h.id), held.map((h) => h.attempt), leaseMs, owner]);

/** What is written besides the value. */
export interface WriteOptions {
  event: { type: string; phase: 'START' | 'PROGRESS' | 'END' | 'ERROR'; data?: unknown };
  /** it has ended: locks and secrets go in the same statement */
  isEnd: boolean;
  /** wakes workers: '' there is work, an id: look at that one again */
  wake?: string;
}

// $2 and $3 are the proof: the claim it was made under, the write it follows.
const WRITE = `with o as (
    update operation set state = $4, step = $5, progress = $6, attempt = $7, version = version + 1, cancellable = $8, fault = $9::jsonb, steps = $10::json, journal = $11::json,
        lease_owner = $12::text, lease_until = case when $12::text is null then null else lease_until end, run_after = $13, deadline = $14, started_at = $15, finished_at = $16,
        actor = $17, client_address = $18, request_id = $19, epoch = $20, secrets = case when $21 then null else secrets end
     where id = $1 and attempt = $2 and version = $3 returning id, subject_id, project_id),
  e as (insert into event (generation, type, phase, actor, client_address, request_id, subject, project_id, operation_id, data, doc)
    select g.generation, $22, $23, $17, $18, $19, o.subject_id, o.project_id, o.id, $24::jsonb, $25::json from o, installation g returning id),
  l as (delete from subject_lock where $21 and operation_id in (select id from o) returning 1)
  select o.id from o`;
export const WORK_CHANNEL = 'coffer_operation';
export const END_CHANNEL = 'coffer_operation_end';

/** False when somebody else has written in between (another claim, a cancel, a pre-emption): nothing is changed then. */
export async function writeOperation(tx: Tx, before: OperationState, after: OperationState, options: WriteOptions): Promise<boolean> {
  const date = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  const rows = await tx.query(WRITE, [
    before.id, before.attempt, before.version, after.state, after.step, after.progress, after.attempt, canCancel(after), after.fault === null ? null : JSON.stringify(after.fault),
    JSON.stringify(after.steps.map(stepViewOf)), JSON.stringify(journalOf(after)), after.lease?.owner ?? null, date(after.runAfter), date(after.deadline), date(after.startedAt),
    date(after.finishedAt), after.actor, after.clientAddress, after.requestId, after.epoch, options.isEnd, options.event.type, options.event.phase,
    JSON.stringify(options.event.data ?? {}), JSON.stringify(viewOf(after)),
  ]);
  if (rows.length === 0) return false;
  tx.notify(EVENT_CHANNEL);
  if (options.isEnd) tx.notify(END_CHANNEL, before.id);
  if (options.wake !== undefined) tx.notify(WORK_CHANNEL, options.wake);
  return true;
}
