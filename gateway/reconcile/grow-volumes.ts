/** Volumes that grow by themselves: what is due becomes an operation of its own, begun as by a person, and by `system`. */
import { type CofferError, isCofferError } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Caller } from '../domain/api.ts';
import type { DomainDeps } from '../domain/deps.ts';
import { decideGrowth } from '../domain/instance/autoscaling.ts';
import { changeInstance } from '../domain/instance/change.ts';
import type { VolumeAutoscalingDoc } from '../domain/instance/document.ts';
import { resizeVolume } from '../domain/instance/resize-volume.ts';
import { jsonTimeSql } from '../store/json-time.ts';

export interface GrowVolumesDeps { domain: DomainDeps; clock: Clock }
interface Row { id: string; autoscaling: VolumeAutoscalingDoc; volumeGb: number; usedBytes: number | null; usedAt: string | null; isBusy: boolean; lastEndedMs: number | null; lastWorkEndedMs: number | null }

const BATCH = 100;
const system: Caller = { tokenId: '', tokenName: 'system', role: 'OPERATOR', projectId: null, actor: 'system', clientAddress: null, requestId: '', expiresAt: null };
/** Somebody has to do something about these. Others pass: it is looked at again. */
const toBeTold = new Set<string>(['ADMISSION.NO_DISK', 'INPUT.INVALID']);

const endedMs = (kinds: string): string =>
  `(select (extract(epoch from max(coalesce(o.finished_at, o.created_at))) * 1000)::float8 from operation o where o.subject_id = i.id and o.kind ${kinds})`;

/**
 * Only those whose use is above the threshold, in pages: the decision looks at the rest, and who cannot grow keeps nobody
 * waiting. What is sent to an engine (`engine.command`) may come more often than use is measured, and is no work here.
 */
const CANDIDATES = `select i.id, i.volume_autoscaling as autoscaling, i.volume_gb as "volumeGb", i.volume_used_bytes::float8 as "usedBytes", ${jsonTimeSql('i.volume_used_at')} as "usedAt", i.task_id is not null as "isBusy",
    ${endedMs(`= 'instance.grow-volume'`)} as "lastEndedMs", ${endedMs(`like 'instance.%'`)} as "lastWorkEndedMs"
  from instance i where i.volume_autoscaling is not null and i.deleted_at is null and i.prepared and not i.released
    and i.volume_used_bytes * 100 >= i.volume_gb::int8 * 1073741824 * (i.volume_autoscaling->>'thresholdPercent')::int8
    and i.id > $1 order by i.id limit ${BATCH}`;

export async function growVolumes({ domain, clock }: GrowVolumesDeps, signal: AbortSignal): Promise<number> {
  let begun = 0;
  for (let after = ''; ;) {
    const rows = await domain.store.query<Row>(CANDIDATES, [after]);
    for (const row of rows) {
      signal.throwIfAborted();
      const sizeGb = decideGrowth({ ...row, nowMs: clock.now() });
      if (sizeGb !== null && (await begin(domain, row, sizeGb))) begun += 1;
    }
    const last = rows.at(-1);
    if (!last || rows.length < BATCH) return begun;
    after = last.id;
  }
}

/** Several gateways may decide the same at once: one begins. */
class Moved extends Error {}

async function begin(domain: DomainDeps, { id, volumeGb, autoscaling }: Row, sizeGb: number): Promise<boolean> {
  const isAs = (now: VolumeAutoscalingDoc | null): boolean => now !== null && (['thresholdPercent', 'stepGb', 'maxGb', 'coolDownSeconds'] as const).every((name) => now[name] === autoscaling[name]);
  try {
    await resizeVolume(domain, system, { instanceId: id, sizeGb }, (row) => {
      if (row.volume_gb !== volumeGb || row.task_id !== null || !isAs(row.volume_autoscaling)) throw new Moved();
    });
    return true;
  } catch (error) {
    if (error instanceof Moved) return false;
    if (!isCofferError(error)) throw error;
    if (toBeTold.has(error.code)) await tellRefused(domain, id, error);
    return false;
  }
}

/** Of a disk the words tell how much room there is, which is another number at each look. */
const isTold = (now: VolumeAutoscalingDoc, { code, message }: CofferError): boolean => now.refusal === code && (code === 'ADMISSION.NO_DISK' || now.refused === message);

/** Once. */
async function tellRefused(domain: DomainDeps, id: string, error: CofferError): Promise<void> {
  await domain.store.transaction((tx) => changeInstance(tx, id, ({ volume_autoscaling: now }) => (now === null || isTold(now, error) ? null : { volume_autoscaling: { ...now, refused: error.message, refusal: error.code } }), { actor: system.actor }));
}
