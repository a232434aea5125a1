/** Certificates: renewed, replaced, made known, and forgotten when nobody can ask for them any more. */
import type { Clock } from '../../kernel/clock.ts';
import { changeInstance } from '../domain/instance/change.ts';
import type { Pki } from '../pki/pki.ts';
import type { Store } from '../store/tx.ts';

const BATCH = 100;
const PRUNE_BATCH = 5_000;
const DAY_MS = 24 * 3_600_000;
const CERTIFICATES_KEPT_MS = 7 * DAY_MS;
const TOKENS_KEPT_MS = DAY_MS;

/** A new engine CA reaches every instance's document long before anything is signed with it. */
export async function publishEngineCa(store: Store, pki: Pki, clock: Clock, signal: AbortSignal): Promise<number> {
  const bundle = pki.bundle('engine');
  const rows = await store.query<{ id: string }>(`select id from instance where deleted_at is null and engine_ca is not null and engine_ca <> $1 order by id limit ${BATCH}`, [bundle]);
  for (const { id } of rows) {
    signal.throwIfAborted();
    await store.transaction((tx) => changeInstance(tx, id, { engine_ca: bundle }, { actor: 'system' }, new Date(clock.now())));
  }
  return rows.length;
}

export async function pruneCertificates(store: Store, clock: Clock): Promise<number> {
  const nowMs = clock.now();
  const certificates = await store.query(
    `delete from certificate where serial in (select serial from certificate where not_after < $1 limit ${PRUNE_BATCH}) returning 1`, [new Date(nowMs - CERTIFICATES_KEPT_MS)]);
  const tokens = await store.query(
    `delete from enrolment_token where hash in (select hash from enrolment_token where expires_at < $1 limit ${PRUNE_BATCH}) returning 1`, [new Date(nowMs - TOKENS_KEPT_MS)]);
  return certificates.length + tokens.length;
}
