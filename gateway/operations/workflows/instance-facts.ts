/** What several workflows read of an instance, and how they wait for it. */
import { CofferError, notFound } from '../../../kernel/errors.ts';
import type { DatabaseSpec, FlavorSize, GrantSpec } from '../../../strategies/spi/control.ts';
import { AGENT_CHANNEL } from '../../agents/records.ts';
import type { InstanceDoc } from '../../domain/instance/document.ts';
import type { ObservationDoc } from '../../domain/instance/observation.ts';
import type { GivenIdentity } from '../../domain/user-identity.ts';
import { instanceDocSql } from '../../store/instance-document.ts';
import type { Store, Tx } from '../../store/tx.ts';
import type { Ending, OperationHead } from '../workflow.ts';
import type { WorkflowDeps } from './deps.ts';

export interface InstanceWork { instanceId: string; hostId: string; datastore: string; track: string }
/** `intentBefore`: what was wanted of the instance until then; a cancel goes back to it. `force`: waits for no agent. */
export interface LifecycleWork extends InstanceWork { intentBefore?: 'RUNNING' | 'STOPPED'; force?: boolean }
export interface WorkUser extends GivenIdentity { grants: GrantSpec[] }
/** Passwords travel beside it, sealed, as `user.<index>`. */
export interface CreateInstanceWork extends InstanceWork {
  databases: DatabaseSpec[];
  users: WorkUser[];
}

/** Its document, and what steps have to know besides. */
export type InstanceNow = InstanceDoc & { prepared: boolean; observation: Partial<ObservationDoc> | null; agentConnected: boolean; /** that its agent last introduced itself with */ agentBuildId: string | null };

export async function readInstance(tx: Tx, id: string): Promise<InstanceNow> {
  const [row] = await tx.query<{ doc: string; prepared: boolean; observation: InstanceNow['observation']; agent_connected: boolean; agent_build_id: string | null }>(
    `select (${instanceDocSql('i')})::text as doc, i.prepared, i.observation, i.agent_connected, i.agent->>'buildId' as agent_build_id from instance i where i.id = $1`, [id],
  );
  if (!row) throw notFound(`instance ${id}`);
  return { ...(JSON.parse(row.doc) as InstanceDoc), prepared: row.prepared, observation: row.observation, agentConnected: row.agent_connected, agentBuildId: row.agent_build_id };
}

export async function readPorts(tx: Tx, instanceId: string): Promise<Record<string, number>> {
  const rows = await tx.query<{ name: string; port: number }>('select name, port from port_lease where instance_id = $1', [instanceId]);
  return Object.fromEntries(rows.map((r) => [r.name, r.port]));
}

/** One that another gateway has just made may not have come to memory yet. */
export async function flavorOf(deps: WorkflowDeps, id: string): Promise<FlavorSize> {
  const flavor = deps.catalogue.instanceFlavor(id) ?? (await deps.store.query<FlavorSize>('select vcpus, memory_mb as "memoryMb" from flavor where id = $1', [id]))[0];
  if (!flavor) throw notFound(`flavor ${id}`);
  return { vcpus: flavor.vcpus, memoryMb: flavor.memoryMb };
}

export async function readManagementSecret(deps: WorkflowDeps, instanceId: string): Promise<string> {
  const [row] = await deps.store.query<{ management_secret: Buffer }>('select management_secret from instance where id = $1', [instanceId]);
  if (!row) throw notFound(`instance ${instanceId}`);
  return deps.sealer.open(row.management_secret, `instance/${instanceId}/management`).toString('utf8');
}

/** Resolves once the predicate holds; driven by what is told of the instance's agent, with a slow look besides. */
export async function waitForInstance(store: Store, id: string, holds: (i: InstanceNow) => boolean, signal: AbortSignal, what: string): Promise<void> {
  const lookEveryMs = 1_000;
  let wake: () => void = () => {};
  const onAbort = (): void => wake();
  // What agents of other instances report is no news here.
  const stop = store.listen(AGENT_CHANNEL, (instanceId) => { if (instanceId === id || instanceId === '') wake(); });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      const woken = new Promise<void>((resolve) => { wake = resolve; });
      if (holds(await readInstance(store, id))) return;
      if (signal.aborted) throw new CofferError('ENGINE.UNAVAILABLE', `${what} was not seen in time`);
      const slow = setTimeout(wake, lookEveryMs);
      await woken;
      clearTimeout(slow);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    stop();
  }
}

/** What the instance remembers of an operation that has ended. */
export const faultAfter = (operation: OperationHead, ending: Ending): { code: string; message: string; at: string; operationId: string } | null =>
  (ending.state === 'SUCCEEDED' ? null : { ...ending.fault, at: new Date().toISOString(), operationId: operation.id });

/** How long what is undone waits for the report of it; the engine is so by then. */
export const seenAgainMs = 20_000;
