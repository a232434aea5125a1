/** Deletions that wait for a host that stays away, and what such hosts have to remove once they are back. */
import type { Log } from '../../kernel/log.ts';
import type { ComputeStrategy } from '../../strategies/spi/compute.ts';
import { forgetLeftover, hostGoneAfterMs } from '../hosts/gone-hosts.ts';
import { WORK_CHANNEL } from '../operations/operation-rows.ts';
import type { Store } from '../store/tx.ts';

const BATCH = 50;
const CALL_TIMEOUT_MS = 30_000;

/**
 * Only workers of its host may claim a deletion, and a host that is gone has none: from now on any worker may, and finds
 * by itself that there is nobody to ask. What a worker holds is left to it.
 */
export async function releaseDeletions(store: Store): Promise<number> {
  const rows = await store.query(
    `update operation o set target = null, version = o.version + 1 from host h
      where h.id = o.target and o.kind = 'instance.delete' and o.state in ('PENDING', 'RUNNING', 'CANCELLING') and (o.lease_until is null or o.lease_until < now())
        and h.seen_at < now() - make_interval(secs => case when (o.input->>'force')::boolean then $1::float8 else $2::float8 end / 1000)
     returning 1 as released`,
    [hostGoneAfterMs.forced, hostGoneAfterMs.patient],
  );
  if (rows.length > 0) store.notify(WORK_CHANNEL);
  return rows.length;
}

interface Leftover { instanceId: string; hostId: string; epoch: string; generation: number }

/** Two gateways may both ask: the host does it once. */
export async function removeLeftovers(deps: { store: Store; log: Log; hostIds(): readonly string[]; computeFor(hostId: string): ComputeStrategy | undefined }, signal: AbortSignal): Promise<number> {
  const rows = await deps.store.query<Leftover>(
    `select l.instance_id as "instanceId", l.host_id as "hostId", l.epoch, g.generation from leftover l, installation g where l.host_id = any($1::text[]) order by l.instance_id limit ${BATCH}`, [deps.hostIds()]);
  let removed = 0;
  for (const { instanceId, hostId, epoch, generation } of rows) {
    signal.throwIfAborted();
    try {
      await deps.computeFor(hostId)?.destroy(instanceId, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]), fence: { generation, epoch: Number(epoch), attempt: 0 }, operationId: `leftover-${instanceId}`,
      });
      await deps.store.transaction((tx) => forgetLeftover(tx, { instanceId, hostId }));
      deps.log.info({ instanceId }, 'removed what was left of an instance that was deleted while its host was away');
      removed += 1;
    } catch (error) {
      deps.log.warn({ instanceId, error: String(error) }, 'could not remove what is left of a deleted instance; tried again');
    }
  }
  return removed;
}
