import type { HostFacts } from '../../strategies/spi/compute.ts';
import type { Tx } from '../store/tx.ts';
import type { HostLoad } from './admission.ts';

interface Row {
  id: string; name: string; region: string; zone: string; facts: HostFacts; seen_age_ms: number;
  promised_mb: number; pending_mb: number; overhead_mb: number; unused_bytes: number; ports_used: number;
}

/**
 * Every host with what is promised on it; a failed create holds nothing. A volume of type loop has taken its blocks from the
 * disk once its instance is made. `onlyReserved` leaves out what was accepted and
 * has not had its turn to reserve: else of several that fit only together with their neighbours none would get a place.
 */
export async function readHostLoads(
  tx: Tx, enginePorts: { from: number; to: number }, { hostId = null, onlyReserved = false }: { hostId?: string | null; onlyReserved?: boolean } = {},
): Promise<HostLoad[]> {
  const rows = await tx.query<Row>(
    `select h.id, h.name, h.region, h.zone, h.facts, (extract(epoch from now() - h.seen_at) * 1000)::float8 as seen_age_ms,
            coalesce(l.promised_mb, 0)::float8 as promised_mb, coalesce(l.pending_mb, 0)::float8 as pending_mb, o.mb as overhead_mb,
            coalesce(l.unused_bytes, 0)::float8 as unused_bytes,
            (select count(*) from port_lease p where p.host_id = h.id)::int as ports_used
       from host h
       cross join lateral (select coalesce((h.facts->>'guestOverheadMb')::float8, 0) as mb) o
       left join lateral (
         select sum(greatest(f.memory_mb, w.memory_mb) + o.mb) as promised_mb,
                sum(case when i.prepared then greatest(w.memory_mb - f.memory_mb, 0) else f.memory_mb + o.mb end) as pending_mb,
                sum(case when i.volume_type = 'loop' and i.prepared then greatest(i.wanted_volume_gb - i.volume_gb, 0) * 1073741824::float8
                         else greatest(greatest(i.volume_gb, i.wanted_volume_gb)::float8 * 1073741824 - coalesce(i.volume_used_bytes, 0), 0) end) as unused_bytes
           from instance i join flavor f on f.id = i.flavor_id left join flavor w on w.id = i.wanted_flavor_id
          where i.host_id = h.id and i.deleted_at is null and not i.released
            and (not $2::boolean or exists (select 1 from port_lease p where p.instance_id = i.id))
       ) l on true
      where $1::text is null or h.id = $1`,
    [hostId, onlyReserved],
  );
  return rows.map((r) => ({
    host: { id: r.id, name: r.name, region: r.region, zone: r.zone, seenAgeMs: r.seen_age_ms },
    facts: r.facts,
    promisedMemoryMb: r.promised_mb, pendingMemoryMb: r.pending_mb, guestOverheadMb: r.overhead_mb, unusedVolumeBytes: r.unused_bytes,
    portsLeft: enginePorts.to - enginePorts.from + 1 - r.ports_used,
  }));
}
