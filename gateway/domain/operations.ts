import { CofferError, isCofferError, notFound } from '../../kernel/errors.ts';
import { typeOfId } from '../../kernel/ids.ts';
import { operationDocSql } from '../store/operation-document.ts';
import type { OperationView } from '../operations/workflow.ts';
import type { Tx } from '../store/tx.ts';
import type { Caller, OperationFilter, OperationsApi } from './api.ts';
import { prepareConfigureAgain, requireRolloutLatest } from './configuration/retry.ts';
import type { DomainDeps } from './deps.ts';
import { isGiven } from './given.ts';
import { lockInstance } from './instance/change.ts';
import { toConnection, windowOf } from './paging.ts';
import type { UpgradeCheck } from './upgrade/judge.ts';
import { type Action, policy, requireAction, requireOn, seesProject } from './policy.ts';

export function createOperationsApi(deps: DomainDeps): OperationsApi {
  const findMany = async (caller: Caller, ids: readonly string[]): Promise<(OperationView | null)[]> => {
    const rows = await deps.store.query<{ doc: string }>(`select (${operationDocSql('o')})::text as doc from operation o where o.id = any($1::text[])`, [ids]);
    const byId = new Map(rows.map((r) => { const doc = JSON.parse(r.doc) as OperationView; return [doc.id, doc]; }));
    return ids.map((id) => { const doc = byId.get(id); return doc && seesProject(caller, doc.projectId) ? doc : null; });
  };
  const find = async (caller: Caller, id: string): Promise<OperationView | null> => (await findMany(caller, [id]))[0] ?? null;
  return {
    findMany, find,
    async list(caller, page, filter) {
      const window = windowOf(page);
      const where = whereOf(caller, filter);
      const values = [...where.values];
      // newest first; ids sort by time
      const descending = !window.backwards;
      let keyset = '';
      if (window.from) { values.push(window.from.id); keyset = ` and o.id ${descending ? '<' : '>'} $${values.length}`; }
      values.push(window.limit + 1);
      const direction = descending ? 'desc' : 'asc';
      const [row] = await deps.store.query<{ total: number; docs: string | null }>(
        `select (select count(*) from operation o where ${where.text})::int as total,
                (select '[' || string_agg(doc, ',' order by id ${direction}) || ']' from (
                   select o.id, (${operationDocSql('o')})::text as doc from operation o where ${where.text}${keyset} order by o.id ${direction} limit $${values.length}) page) as docs`, values);
      return toConnection(row?.docs ? (JSON.parse(row.docs) as OperationView[]) : [], window, row?.total ?? 0, (o) => ({ key: '', id: o.id }));
    },
    interruptionMs: async (id) => (await outputOf<{ interruptionMs: number | null }>(deps, id, 'verify'))?.interruptionMs ?? null,
    upgradeCheck: (id) => outputOf<UpgradeCheck>(deps, id, 'check'),
    async cancel(caller, id) {
      requireOn(caller, 'operation.cancel', `operation ${id}`, await find(caller, id), (o) => o.projectId);
      return deps.operations.cancel(id, caller);
    },
    async retry(caller, id) {
      const seen = requireOn(caller, 'operation.retry', `operation ${id}`, await find(caller, id), (o) => o.projectId);
      const action = actionOf(seen.kind);
      if (action) requireAction(caller, action);
      return deps.operations.retry(id, caller, async (tx) => {
        await requireLatest(tx, seen);
        await again[seen.kind]?.(tx, caller, seen);
      });
    },
  };
}

/** Outputs are in the journal, in the order of the steps. */
const OUTPUT = `select o.journal->'steps'->(s.at - 1)::int->'output' as output
  from operation o, json_array_elements(o.steps) with ordinality as s(step, at) where o.id = $1 and s.step->>'name' = $2`;

async function outputOf<T>({ store }: Pick<DomainDeps, 'store'>, operationId: string, step: string): Promise<T | null> {
  const [row] = await store.query<{ output: T | null }>(OUTPUT, [operationId, step]);
  return row?.output ?? null;
}

/** What begins an operation, where that has another name: doing it again needs what doing it needed. */
const begunBy: Readonly<Record<string, Action>> = { 'engine.install': 'engine-build.install', 'instance.configure': 'configuration.attach', 'instance.grow-volume': 'instance.resize-volume', 'instance.check-upgrade': 'instance.upgrade', 'configuration.rollout': 'configuration.update' };
const actionOf = (kind: string): Action | null => begunBy[kind] ?? (kind in policy ? (kind as Action) : null);

/** What has to be so, or is made so, before it is done again. */
const again: Readonly<Record<string, (tx: Tx, caller: Caller, operation: OperationView) => Promise<void>>> = { 'instance.configure': prepareConfigureAgain, 'configuration.rollout': requireRolloutLatest };

/** Only what went wrong last is done again: an older wish may be the opposite of what was wanted since. */
async function requireLatest(tx: Tx, operation: OperationView): Promise<void> {
  if (typeOfId(operation.subjectId) !== 'Instance') return;
  const row = await lockInstance(tx, operation.subjectId);
  if (!row || row.deleted_at !== null) throw notFound(`operation ${operation.id}`);
  if (row.fault === null || row.fault.operationId !== operation.id) throw new CofferError('PRECONDITION.NOT_RETRYABLE', `something else was done to ${row.name} since`);
}

function whereOf(caller: Caller, filter: OperationFilter): { text: string; values: unknown[] } {
  const clauses: string[] = [];
  const values: unknown[] = [];
  const add = (make: (n: string) => string, value: unknown): void => { values.push(value); clauses.push(make(`$${values.length}`)); };
  if (caller.role !== 'OPERATOR') add((n) => `o.project_id = ${n}`, caller.projectId);
  if (isGiven(filter.projectId)) add((n) => `o.project_id = ${n}`, filter.projectId);
  if (isGiven(filter.subjectId)) add((n) => `o.subject_id = ${n}`, filter.subjectId);
  if (isGiven(filter.kind)) add((n) => `o.kind = ${n}`, filter.kind);
  if (isGiven(filter.parentId)) add((n) => `o.parent_id = ${n}`, filter.parentId);
  if (filter.state && filter.state.length > 0) add((n) => `o.state = any(${n}::text[])`, filter.state);
  return { text: clauses.length === 0 ? 'true' : clauses.join(' and '), values };
}

/** True when the error says that another operation of this kind is in the way. */
export const isBusyWith = (error: unknown): string | null => (isCofferError(error) && error.code === 'CONFLICT.BUSY' ? (error.details.operationId ?? null) : null);
