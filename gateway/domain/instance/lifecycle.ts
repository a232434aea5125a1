/** Start, stop, restart, delete, reset, ping, update: each judges what it sees under the row's lock, then enqueues. */
import { CofferError, invalidInput, type InputIssue } from '../../../kernel/errors.ts';
import type { LifecycleWork } from '../../operations/workflows/instance-facts.ts';
import { appendMutation } from '../../events/append.ts';
import { findGone } from '../../hosts/gone-hosts.ts';
import { selectOperationViews } from '../../store/operation-document.ts';
import type { Tx } from '../../store/tx.ts';
import { isUniqueViolation } from '../../store/tx.ts';
import type { Accepted, Caller, Instances } from '../api.ts';
import type { DomainDeps } from '../deps.ts';
import { isGiven } from '../given.ts';
import { maintenanceIssues, nameIssues, tagIssues } from '../names.ts';
import { requireOn, type Action } from '../policy.ts';
import { autoscalingIssues } from './autoscaling.ts';
import { changeInstance, lockInstance, type InstancePatch, type InstanceRow } from './change.ts';
import { findInstance } from './read.ts';

type Kind = 'instance.start' | 'instance.stop' | 'instance.restart' | 'instance.delete' | 'instance.reset' | 'instance.configure' | 'instance.resize' | 'instance.grow-volume' | 'instance.upgrade' | 'instance.check-upgrade';

export async function visibleRow(tx: Tx, caller: Caller, action: Action, id: string): Promise<InstanceRow> {
  const row = await lockInstance(tx, id);
  return requireOn(caller, action, `instance ${id}`, row?.deleted_at ? null : row, (r) => r.project_id);
}

interface AcceptOptions {
  preempt?: boolean;
  /** the thing can be done while the host is away */
  withoutHost?: boolean;
  check?(row: InstanceRow): void;
  /** what has to be looked at in the transaction, and what follows from it */
  prepare?(tx: Tx, row: InstanceRow): Promise<{ patch?: InstancePatch; input: object }>;
  /** the id of an operation that does this already: it is the answer */
  joins?(row: InstanceRow): string | null;
  patch?: InstancePatch;
  input?: Partial<LifecycleWork>;
}

export function accept(deps: DomainDeps, caller: Caller, action: Action, kind: Kind, instanceId: string, options: AcceptOptions = {}): Promise<Accepted> {
  return deps.store.transaction(async (tx): Promise<Accepted> => {
    const row = await visibleRow(tx, caller, action, instanceId);
    options.check?.(row);
    if (!options.withoutHost) await requireHost(tx, row);
    const joined = options.joins?.(row) ?? null;
    const prepared = options.prepare ? { ...options, ...(await options.prepare(tx, row)) } : options;
    const operation = joined === null ? await enqueue(tx, deps, caller, kind, row, prepared) : (await selectOperationViews(tx, 'o.id = $1', [joined]))[0]!;
    // read here: once this has committed, a short operation may have ended and taken the instance out of sight
    return { instance: (await findInstance(tx, caller, { id: instanceId }))!, operation };
  });
}

async function enqueue(tx: Tx, deps: DomainDeps, caller: Caller, kind: Kind, row: InstanceRow, options: AcceptOptions): Promise<Accepted['operation']> {
  const meta = { actor: caller.actor, clientAddress: caller.clientAddress, requestId: caller.requestId };
  const input: LifecycleWork = { instanceId: row.id, hostId: row.host_id, datastore: row.datastore, track: row.track, intentBefore: row.intent, ...options.input };
  const operation = await deps.operations.enqueue(tx, {
    kind, target: row.host_id, input, subjectId: row.id, lockMode: 'EXCLUSIVE', ...(options.preempt ? { preempt: true } : {}), projectId: row.project_id, ...meta,
  });
  if (options.patch) await changeInstance(tx, row.id, options.patch, { ...meta, operationId: operation.id });
  return operation;
}

/** Nobody waits until a deadline for what its host alone can do. */
export async function requireHost(tx: Tx, row: Pick<InstanceRow, 'host_id' | 'name'>): Promise<void> {
  const gone = await findGone(tx, row.host_id, true);
  if (gone) throw new CofferError('HOST.UNREACHABLE', `host ${gone.name} has not been seen for ${Math.round(gone.silentMs / 1_000)} s, and instance ${row.name} is on it`);
}

/** A create, an upgrade or a deletion is waited for (nothing makes half of one whole); what failed to be created has nothing to act on. */
export function requireBuilt(row: InstanceRow): void {
  if (row.task !== null && ['instance.create', 'instance.upgrade', 'instance.delete'].includes(row.task.kind)) {
    throw new CofferError('CONFLICT.BUSY', `${row.task.kind} holds the instance: ${row.task.id}`, { details: { operationId: row.task.id } });
  }
  if (row.prepared && !row.released) return;
  throw new CofferError('PRECONDITION.STATE', `instance ${row.name} was never built (status ${row.status})`, { remedy: 'Delete it and create another.' });
}

/** Ended without their way back, or on, these would leave the guest between what it was and what it was to be. */
const notLeftHalf = new Map([
  ['instance.resize', 'Cancel it first: it brings the instance back to what it was.'],
  ['instance.grow-volume', 'Wait for its end, or cancel it while it can be: the volume is as large then as is known of it.'],
]);
function requireWhole(row: InstanceRow): void {
  requireBuilt(row);
  const remedy = row.task === null ? undefined : notLeftHalf.get(row.task.kind);
  if (row.task === null || remedy === undefined) return;
  throw new CofferError('CONFLICT.BUSY', `${row.task.kind} holds the instance: ${row.task.id}`, { remedy, details: { operationId: row.task.id } });
}

export function createLifecycle(deps: DomainDeps): Omit<Instances, 'list' | 'find' | 'findMany' | 'create' | 'resize' | 'resizeVolume' | 'upgrade' | 'rolloutUpgrade' | 'newerBuild'> {
  return {
    start: (caller, id) => accept(deps, caller, 'instance.start', 'instance.start', id, { check: requireBuilt, patch: { intent: 'RUNNING' } }),
    stop: (caller, id) => accept(deps, caller, 'instance.stop', 'instance.stop', id, { check: requireBuilt, patch: { intent: 'STOPPED' } }),
    restart: (caller, id) => accept(deps, caller, 'instance.restart', 'instance.restart', id, { check: requireBuilt, patch: { intent: 'RUNNING' } }),
    reset: (caller, id) => accept(deps, caller, 'instance.reset', 'instance.reset', id, { preempt: true, check: requireWhole, patch: { fault: null } }),
    delete: (caller, input) => deleteInstance(deps, caller, input),
    ping: (caller, id) => ping(deps, caller, id),
    update: (caller, input) => update(deps, caller, input),
  };
}

/** Pre-empts whatever runs, except another delete: that one is answered instead, unless this one shall not wait for the agent. */
function deleteInstance(deps: DomainDeps, caller: Caller, input: { instanceId: string; force?: boolean | null | undefined }): Promise<Accepted> {
  const force = input.force ?? false;
  return accept(deps, caller, 'instance.delete', 'instance.delete', input.instanceId, {
    preempt: true, withoutHost: true, input: { force },
    check(row) {
      if (row.deletion_protection) throw new CofferError('PRECONDITION.DELETION_PROTECTED', `instance ${row.name} is protected from deletion`);
    },
    joins: (row) => (row.task?.kind === 'instance.delete' && !force ? row.task.id : null),
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

const autoscalingPath = ['input', 'volumeAutoscaling'];

async function update(deps: DomainDeps, caller: Caller, input: Parameters<Instances['update']>[1]): ReturnType<Instances['update']> {
  const issues: InputIssue[] = [
    ...(isGiven(input.name) ? nameIssues(['input', 'name'], input.name) : []), ...tagIssues(['input', 'tags'], input.tags ?? []),
    ...(input.maintenance ? maintenanceIssues(['input', 'maintenance'], input.maintenance) : []),
    ...(input.volumeAutoscaling ? autoscalingIssues(input.volumeAutoscaling, 0, autoscalingPath) : []),
  ];
  if (issues.length > 0) throw invalidInput(issues);
  return deps.store.transaction(async (tx) => {
    const row = await visibleRow(tx, caller, 'instance.update', input.instanceId);
    if (isGiven(input.revision) && input.revision !== row.revision) {
      throw new CofferError('CONFLICT.STALE', `instance ${row.name} is at revision ${row.revision}, not ${input.revision}`);
    }
    const tooSmall = input.volumeAutoscaling ? autoscalingIssues(input.volumeAutoscaling, row.volume_gb, autoscalingPath) : [];
    if (tooSmall.length > 0) throw invalidInput(tooSmall);
    const data = { changed: Object.keys(input).filter((k) => k !== 'instanceId' && k !== 'revision') };
    await changeInstance(tx, row.id, {
      ...(isGiven(input.name) ? { name: input.name } : {}), ...(isGiven(input.tags) ? { tags: input.tags } : {}),
      ...(isGiven(input.deletionProtection) ? { deletion_protection: input.deletionProtection } : {}),
      ...(input.maintenance === undefined ? {} : { maintenance: input.maintenance }),
      ...(input.volumeAutoscaling === undefined ? {} : { volume_autoscaling: input.volumeAutoscaling }),
    }, { actor: caller.actor, clientAddress: caller.clientAddress, requestId: caller.requestId, data });
    await appendMutation(tx, caller, { type: 'instance.update', subject: row.id, projectId: row.project_id, data });
    return (await findInstance(tx, caller, { id: row.id }))!;
  }).catch((error: unknown) => {
    if (isUniqueViolation(error, 'instance')) throw new CofferError('CONFLICT.NAME_TAKEN', `an instance named "${input.name}" exists in the project`);
    throw error;
  });
}
