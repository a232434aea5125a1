import type { Store } from '../store/tx.ts';
import type { SystemDoc } from './api.ts';

export async function readSystem(store: Store, version: string, generation: number): Promise<SystemDoc> {
  const gateways = await store.query<{ id: string; address: string; roles: string; seen_at: Date }>('select id, address, roles, seen_at from gateway where seen_at > now() - interval \'1 minute\' order by id');
  const hosts = await store.query<{ id: string; name: string; region: string; zone: string; facts: unknown; seen_at: Date }>('select id, name, region, zone, facts, seen_at from host order by name');
  const [counts] = await store.query<{ connected: number; known: number; pending: number; running: number }>(
    `select (select count(*) from instance where deleted_at is null and agent_connected)::int as connected, (select count(*) from instance where deleted_at is null and agent is not null)::int as known,
            (select count(*) from operation where state = 'PENDING')::int as pending, (select count(*) from operation where state in ('RUNNING','CANCELLING'))::int as running`);
  return {
    version, generation,
    gateways: gateways.map((g) => ({ id: g.id, address: g.address, roles: g.roles.split(','), seenAt: g.seen_at.toISOString() })),
    hosts: hosts.map((h) => ({ id: h.id, name: h.name, region: h.region, zone: h.zone, facts: h.facts, seenAt: h.seen_at.toISOString() })),
    agents: { connected: counts!.connected, known: counts!.known }, operations: { pending: counts!.pending, running: counts!.running },
  };
}
