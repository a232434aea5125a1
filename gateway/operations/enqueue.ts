/**
 * Acceptance, in the caller's transaction: the row with its steps, the locks and the START event are one statement.
 *
 * Subjects are queued for by an advisory lock before anybody looks who holds them: a look in the same statement would
 * see the state from before the wait.
 */
import { CofferError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { EVENT_CHANNEL } from '../events/append.ts';
import { operationDocSql } from '../store/operation-document.ts';
import type { Sealer } from '../store/seal.ts';
import type { Tx } from '../store/tx.ts';
import { changeOperation, type ChangeDeps } from './change-operation.ts';
import { journalOf, loadOperation, WORK_CHANNEL } from './operation-rows.ts';
import { stepViewOf, type OperationState, type StepState } from './state.ts';
import { preempted } from './transitions.ts';
import type { AnyWorkflow, EnqueueRequest, OperationView } from './workflow.ts';

export interface EnqueueDeps extends ChangeDeps { sealer: Sealer }

export const sealedFor = (operationId: string): string => `operation:${operationId}`;

/** Who is in the way. A shared holder is in the way of an exclusive one only. */
const HELD = `select l.operation_id from subject_lock l where l.subject_id = any($1::text[]) and (l.mode = 'EXCLUSIVE' or $2 = 'EXCLUSIVE')`;

const ACCEPT = `with held as (${HELD} limit 1),
  o as (insert into operation (id, kind, workflow_version, subject_id, project_id, parent_id, actor, client_address, request_id, state, lock_mode, input, secrets, target,
        cancellable, steps, journal, epoch, deadline)
    select $3, $4, $5::int, $6, $7, $8, $9, $10, $11, 'PENDING', $2, $12::jsonb, $13::bytea, $14, $15::boolean, $16::json, $17::json, $18::bigint, now() + make_interval(secs => $19::float8 / 1000)
     where not exists (select 1 from held) returning *),
  d as materialized (select o.id, ${operationDocSql('o')} as doc from o),
  l as (insert into subject_lock (subject_id, operation_id, mode) select s, o.id, $2 from o, unnest($1::text[]) as s),
  e as (insert into event (generation, type, phase, actor, client_address, request_id, subject, project_id, operation_id, doc)
    select g.generation, $4, 'START', $9, $10, $11, $6, $7, d.id, d.doc from d, installation g)
  select (select doc from d) as doc, (select operation_id from held) as held_by`;

export async function enqueueOperation(tx: Tx, deps: EnqueueDeps, request: EnqueueRequest): Promise<OperationView> {
  const workflow = deps.definitions.latest(request.kind);
  const subjects = subjectsOf(request);
  const epoch = request.fresh?.epoch ?? (await takeTurn(tx, deps, subjects, request.subjectId, request.lockMode));
  if (request.preempt) await endHolders(tx, deps, subjects, request.lockMode);
  const id = newId('Operation');
  const secrets = request.secrets && Object.keys(request.secrets).length > 0 ? deps.sealer.seal(JSON.stringify(request.secrets), sealedFor(id)) : null;
  const journal = journalOf({ subjects, interruptions: 0, isCancellable: workflow.cancellable, undo: null, steps: newSteps(workflow) } as unknown as OperationState);
  const [row] = await tx.query<{ doc: OperationView | null; held_by: string | null }>(ACCEPT, [
    subjects, request.lockMode, id, request.kind, workflow.version, request.subjectId, request.projectId, request.parentId ?? null, request.actor, request.clientAddress,
    request.requestId, JSON.stringify(request.input ?? null), secrets, request.target ?? null, workflow.cancellable, JSON.stringify(newSteps(workflow).map(stepViewOf)),
    JSON.stringify(journal), epoch, workflow.timeoutMs,
  ]).catch((error: unknown) => { throw asBusy(error); });
  if (!row?.doc) throw busy(row?.held_by ?? undefined);
  const view = row.doc;
  tx.notify(EVENT_CHANNEL);
  tx.notify(WORK_CHANNEL);
  if (request.lockMode === 'EXCLUSIVE' && !request.fresh) {
    const cause = { actor: request.actor, clientAddress: request.clientAddress, requestId: request.requestId, operationId: id };
    for (const subject of subjects) await deps.hooks.onTaskChanged(tx, subject, view, cause);
  }
  return view;
}

/** Sorted: two acceptances over the same subjects wait for each other instead of for ever. */
const subjectsOf = (request: EnqueueRequest): string[] => [...new Set([request.subjectId, ...(request.alsoLock ?? [])])].sort();

/** The subject's epoch for this operation. Every exclusive acceptance raises it, so that a call of an earlier one is refused. */
export async function takeTurn(tx: Tx, deps: ChangeDeps, subjects: readonly string[], subjectId: string, mode: 'SHARED' | 'EXCLUSIVE'): Promise<bigint> {
  let epoch = 0n;
  for (const subject of mode === 'EXCLUSIVE' ? subjects : []) {
    const raised = await deps.hooks.raiseEpoch(tx, subject);
    if (subject === subjectId) epoch = raised;
  }
  await tx.query('select pg_advisory_xact_lock(hashtextextended(s, 5)) from (select s from unnest($1::text[]) s order by s) ordered', [subjects]);
  return mode === 'SHARED' ? ((await deps.hooks.currentEpoch?.(tx, subjectId)) ?? 0n) : epoch;
}

async function endHolders(tx: Tx, deps: EnqueueDeps, subjects: readonly string[], mode: 'SHARED' | 'EXCLUSIVE'): Promise<void> {
  const held = await tx.query<{ operation_id: string }>(`${HELD} order by l.operation_id`, [subjects, mode]);
  for (const id of new Set(held.map((row) => row.operation_id))) {
    // Locked first: between our look and our write its worker may write as well.
    await tx.query('select 1 from operation where id = $1 for update', [id]);
    const loaded = await loadOperation(tx, id);
    if (!loaded) continue;
    await changeOperation(tx, deps, loaded.state, preempted(loaded.state, loaded.now), { wake: id });
  }
}

export async function refuseIfHeld(tx: Tx, subjects: readonly string[], mode: 'SHARED' | 'EXCLUSIVE'): Promise<void> {
  const [held] = await tx.query<{ operation_id: string }>(`${HELD} limit 1`, [subjects, mode]);
  if (held) throw busy(held.operation_id);
}

function busy(operationId?: string): CofferError {
  return new CofferError('CONFLICT.BUSY', `another operation holds the subject${operationId ? `: ${operationId}` : ''}`, operationId ? { details: { operationId } } : {});
}

/** Two that the advisory lock did not keep apart (another release's locks): the index does. */
const asBusy = (error: unknown): unknown =>
  (error as { code?: string; constraint?: string } | null)?.constraint === 'subject_lock_exclusive_key' ? busy() : error;

export const newSteps = (workflow: AnyWorkflow): StepState[] => workflow.steps.map((step) => ({
  name: step.name, title: step.title, state: 'PENDING', attempts: 0, failures: 0, undoFailures: 0, isSkipped: false, fault: null, progress: null, message: null,
  startedAt: null, finishedAt: null, output: null,
}));
