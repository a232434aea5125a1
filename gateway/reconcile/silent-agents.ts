/** Agents whose gateway died, and instances whose last report has grown old. Safe in several gateways at once. */
import type { Clock } from '../../kernel/clock.ts';
import { GATEWAY_DEAD_MS } from '../agents/gateways.ts';
import { AGENT_CHANNEL, recomputeStatus } from '../agents/records.ts';
import { DISCONNECT_GRACE_MS, STALE_AFTER_MS } from '../domain/instance/status.ts';
import type { Store } from '../store/tx.ts';

const BATCH = 500;

/** Marks agents as gone whose gateway has not been heard. One statement; a row that somebody works on is left for the next look. */
export async function releaseAgentsOfDeadGateways(store: Store, clock: Clock): Promise<number> {
  const rows = await store.query<{ id: string }>(
    `with orphan as (
       select i.id from instance i
        where i.agent_gateway is not null and i.deleted_at is null
          and not exists (select 1 from gateway g where g.id = i.agent_gateway and g.seen_at > $1)
        order by i.id limit ${BATCH} for update skip locked)
     update instance i set agent_connected = false, agent_gateway = null from orphan where i.id = orphan.id returning i.id`,
    [new Date(clock.now() - GATEWAY_DEAD_MS)],
  );
  for (const { id } of rows) store.notify(AGENT_CHANNEL, id);
  return rows.length;
}

/** Derives the status anew where time alone has changed it: told as well but not heard, or heard but still told as unknown. */
export async function recomputeAged(store: Store, clock: Clock, signal: AbortSignal): Promise<number> {
  const nowMs = clock.now();
  const rows = await store.query<{ id: string }>(
    `select id from instance
      where deleted_at is null and prepared and not released and status not in ('BUILDING', 'DELETING', 'ERROR') and (
        status <> 'UNKNOWN' and (agent_seen_at is null or agent_seen_at < $2 or (not agent_connected and agent_seen_at < $1))
        or status = 'UNKNOWN' and agent_connected and agent_seen_at >= $2 and observation->>'engine' <> 'unknown')
      order by id limit ${BATCH}`,
    [new Date(nowMs - DISCONNECT_GRACE_MS), new Date(nowMs - STALE_AFTER_MS)],
  );
  let changed = 0;
  for (const { id } of rows) {
    signal.throwIfAborted();
    if (await store.transaction((tx) => recomputeStatus(tx, id, new Date(clock.now())))) changed += 1;
  }
  return changed;
}
