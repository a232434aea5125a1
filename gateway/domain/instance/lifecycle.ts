/** Start, stop, restart, delete, reset, ping, update: each judges what it sees under the row's lock, then enqueues. */
import { CofferError, invalidInput, type InputIssue } from '../../../kernel/errors.ts';
import type { OperationView } from '../../operations/workflow.ts';
import type { Tx } from '../../store/tx.ts';
import { isUniqueViolation } from '../../store/tx.ts';
import type { Accepted, Caller, Instances } from '../api.ts';
import type { DomainDeps } from '../deps.ts';
import { maintenanceIssues, nameIssues, tagIssues } from '../names.ts';
import { requireOn, type Action } from '../policy.ts';
import { changeInstance, lockInstance, type InstancePatch, type InstanceRow } from './change.ts';
import { findInstance } from './read.ts';

type Kind = 'instance.start' | 'instance.stop' | 'instance.restart' | 'instance.delete' | 'instance.reset';

export async function visibleRow(tx: Tx, caller: Caller, action: Action, id: string): Promise<InstanceRow> {
  const row = await lockInstance(tx, id);
  return requireOn(caller, action, `instance ${id}`, row?.deleted_at ? null : row, (r) => r.project_id);
}

export async function accept(
  deps: DomainDeps, caller: Caller, action: Action, kind: Kind, instanceId: string,
  options: { preempt?: boolean; check?(row: InstanceRow): void; patch?: InstancePatch; input?: object } = {},
): Promise<Accepted> {
  const operation = await deps.store.transaction(async (tx): Promise<OperationView> => {
    const row = await visibleRow(tx, caller, action, instanceId);
    options.check?.(row);
    const meta = { actor: caller.actor, clientAddress: caller.clientAddress, requestId: caller.requestId };
    const view = await deps.operations.enqueue(tx, {
      kind, target: row.host_id, input: { instanceId, hostId: row.host_id, datastore: row.datastore, track: row.track, ...options.input }, subjectId: instanceId, lockMode: 'EXCLUSIVE',
      ...(options.preempt ? { preempt: true } : {}), projectId: row.project_id, ...meta,
    });
    if (options.patch) await changeInstance(tx, instanceId, options.patch, { ...meta, operationId: view.id });
    return view;
  });
  return { instance: (await findInstance(deps.store, caller, { id: instanceId }))!, operation };
}

const requirePrepared = (row: InstanceRow): void => {
  if (row.prepared && !row.released) return;
  throw new CofferError('PRECONDITION.STATE', `instance ${row.name} was never built (status ${row.status})`, { remedy: 'Delete it and create another.' });
};

export function createLifecycle(deps: DomainDeps): Omit<Instances, 'list' | 'find' | 'findMany' | 'create'> {
  return {
    start: (caller, id) => accept(deps, caller, 'instance.start', 'instance.start', id, { check: requirePrepared, patch: { intent: 'RUNNING' } }),
    stop: (caller, id) => accept(deps, caller, 'instance.stop', 'instance.stop', id, { check: requirePrepared, patch: { intent: 'STOPPED' } }),
    restart: (caller, id) => accept(deps, caller, 'instance.restart', 'instance.restart', id, { check: requirePrepared, patch: { intent: 'RUNNING' } }),
    // what stands in the way of a reset is exactly what it is for
    reset: (caller, id) => accept(deps, caller, 'instance.reset', 'instance.reset', id, { preempt: true, patch: { fault: null } }),
    delete: (caller, input) => deleteInstance(deps, caller, input),
    ping: (caller, id) => ping(deps, caller, id),
    update: (caller, input) => update(deps, caller, input),
  };
}

/** Pre-empts whatever runs, except another delete: that one is answered instead. */
async function deleteInstance(deps: DomainDeps, caller: Caller, input: { instanceId: string; force?: boolean | null | undefined }): Promise<Accepted> {
  const seen = await findInstance(deps.store, caller, { id: input.instanceId });
  if (seen?.task?.kind === 'instance.delete' && seen.deletedAt === null) {
    requireOn(caller, 'instance.delete', `instance ${input.instanceId}`, seen, (i) => i.projectId);
    const running = await deps.operations.get(seen.task.id);
    if (running && !input.force) return { instance: seen, operation: running };
  }
  return accept(deps, caller, 'instance.delete', 'instance.delete', input.instanceId, {
    preempt: true, input: { force: input.force ?? false },
    check(row) {
      if (row.deletion_protection && !input.force) throw new CofferError('PRECONDITION.DELETION_PROTECTED', `instance ${row.name} is protected from deletion`);
      if (row.deletion_protection && caller.role !== 'OPERATOR' && caller.role !== 'OWNER') {
        throw new CofferError('ACCESS.FORBIDDEN', 'only an owner may force the deletion of a protected instance', { details: { action: 'instance.delete' } });
      }
    },
  });
}

async function ping(deps: DomainDeps, caller: Caller, id: string): ReturnType<Instances['ping']> {
  const instance = requireOn(caller, 'instance.ping', `instance ${id}`, await findInstance(deps.store, caller, { id }), (i) => i.projectId);
  const startedAt = performance.now();
  const probe = await deps.agents.probe(id, { signal: AbortSignal.timeout(5_000) });
  return {
    instance, agentRoundTripMs: performance.now() - startedAt - probe.latencyMs,
    engineRoundTripMs: probe.state === 'ok' ? probe.latencyMs : null, engineState: probe.state, detail: probe.detail,
  };
}

async function update(deps: DomainDeps, caller: Caller, input: Parameters<Instances['update']>[1]): ReturnType<Instances['update']> {
  const issues: InputIssue[] = [
    ...(input.name ? nameIssues(['input', 'name'], input.name) : []), ...tagIssues(['input', 'tags'], input.tags ?? []),
    ...(input.maintenance ? maintenanceIssues(['input', 'maintenance'], input.maintenance) : []),
  ];
  if (issues.length > 0) throw invalidInput(issues);
  await deps.store.transaction(async (tx) => {
    const row = await visibleRow(tx, caller, 'instance.update', input.instanceId);
    if (input.revision !== null && input.revision !== undefined && input.revision !== row.revision) {
      throw new CofferError('CONFLICT.STALE', `instance ${row.name} is at revision ${row.revision}, not ${input.revision}`);
    }
    await changeInstance(tx, input.instanceId, {
      ...(input.name ? { name: input.name } : {}), ...(input.tags ? { tags: input.tags } : {}),
      ...(input.deletionProtection === null || input.deletionProtection === undefined ? {} : { deletion_protection: input.deletionProtection }),
      ...(input.maintenance === undefined ? {} : { maintenance: input.maintenance }),
    }, { actor: caller.actor, clientAddress: caller.clientAddress, requestId: caller.requestId, data: { changed: Object.keys(input).filter((k) => k !== 'instanceId' && k !== 'revision') } });
  }).catch((error: unknown) => {
    if (isUniqueViolation(error, 'instance')) throw new CofferError('CONFLICT.NAME_TAKEN', `an instance named "${input.name}" exists in the project`);
    throw error;
  });
  return (await findInstance(deps.store, caller, { id: input.instanceId }))!;
}
