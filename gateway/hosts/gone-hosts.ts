/**
 * A host that stays away keeps nobody from deleting what is on it: the records go, and what is left of the guest is
 * written down for the host to remove when it returns. Until then its ports stay leased, because it may still listen.
 */
import { appendEvent } from '../events/append.ts';
import type { Tx } from '../store/tx.ts';

/** How long a host may be silent before a deletion no longer waits for it. It says that it lives every few seconds. */
export const hostGoneAfterMs = { forced: 30_000, patient: 300_000 } as const;

export interface GoneHost { name: string; silentMs: number }

/** Null while the host has been seen lately. */
export async function findGone(tx: Tx, hostId: string, isForced: boolean): Promise<GoneHost | null> {
  const [host] = await tx.query<GoneHost>(
    'select name, (extract(epoch from now() - seen_at) * 1000)::float8 as "silentMs" from host where id = $1', [hostId]);
  return host && host.silentMs > (isForced ? hostGoneAfterMs.forced : hostGoneAfterMs.patient) ? host : null;
}

export interface Leaving { instanceId: string; hostId: string; hostName: string; /** of the deletion */ epoch: number; actor: string; operationId: string }

/** Once, however often the step that calls it is repeated. */
export async function recordLeftover(tx: Tx, { instanceId, hostId, hostName, epoch, actor, operationId }: Leaving): Promise<void> {
  // A fence later than every call of the deletion: none follows on the same instance.
  const rows = await tx.query('insert into leftover (instance_id, host_id, epoch) values ($1, $2, $3) on conflict (instance_id) do nothing returning 1 as made', [instanceId, hostId, epoch + 1]);
  if (rows.length === 0) return;
  await appendEvent(tx, { type: 'host.leftover', phase: 'INFO', actor, subject: hostId, operationId, data: { instance: instanceId, host: hostName, note: 'the host removes it when it returns' } });
}

/** The host has nothing of the instance any more. */
export async function forgetLeftover(tx: Tx, { instanceId, hostId }: { instanceId: string; hostId: string }): Promise<void> {
  const rows = await tx.query('delete from leftover where instance_id = $1 returning 1 as gone', [instanceId]);
  if (rows.length === 0) return;
  await tx.query('delete from port_lease where instance_id = $1', [instanceId]);
  await appendEvent(tx, { type: 'host.cleaned', phase: 'INFO', actor: 'system', subject: hostId, data: { instance: instanceId } });
}
