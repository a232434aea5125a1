/**
 * Where the operator wants it, sources are asked for newer builds now and then: of versions that instances have, one after the other, each as an
 * operation by `system`. What fails is told by that operation, and tried again when its time has come. Nothing is rolled out.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { DomainDeps } from '../domain/deps.ts';
import { enqueueInstallation } from '../domain/install-engine.ts';

export interface RefreshEnginesDeps { domain: Pick<DomainDeps, 'store' | 'operations' | 'catalogue'>; hostIds(): readonly string[]; everyHours: number; clock: Clock }

const system = { actor: 'system', clientAddress: null, requestId: null };
const HOUR_MS = 3_600_000;

/** Whoever asked last, a person or this loop. */
const DUE = `select distinct i.datastore, i.track from instance i
  where i.host_id = $1 and i.deleted_at is null and i.prepared and not i.released
    and not exists (select 1 from operation o where o.subject_id = $1 and o.kind = 'engine.install' and (o.state in ('PENDING', 'RUNNING', 'CANCELLING')
      or (o.created_at > $2 and o.input->>'refresh' = 'true' and o.input->>'datastore' = i.datastore and o.input->>'track' = i.track)))
  order by 1, 2`;

export async function refreshEngines({ domain, hostIds, everyHours, clock }: RefreshEnginesDeps, signal: AbortSignal): Promise<number> {
  let begun = 0;
  for (const hostId of hostIds()) {
    signal.throwIfAborted();
    begun += await domain.store.transaction(async (tx) => {
      // Several gateways may look at once: one begins.
      await tx.query('select 1 from host where id = $1 for update', [hostId]);
      const due = await tx.query<{ datastore: string; track: string }>(DUE, [hostId, new Date(clock.now() - everyHours * HOUR_MS)]);
      const next = due.find(({ datastore, track }) => domain.catalogue.manifest(datastore)?.tracks.some(({ name }) => name === track));
      if (next) await enqueueInstallation(domain, tx, system, { hostId, ...next, refresh: true });
      return next ? 1 : 0;
    });
  }
  return begun;
}
