/**
 * Refused serials: at once in memory (told by NOTIFY, and read once a minute should that be lost), and looked up in the
 * store whenever an agent connects or calls.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { Store, Tx } from '../store/tx.ts';
import { msOf, PKI_CHANNEL } from './authorities.ts';
import { createTurn } from './in-turn.ts';

/** Why a certificate is refused, in words for the agent's log. */
export type Standing = { ok: true } | { ok: false; reason: string };

export interface Revocations {
  reload(): Promise<void>;
  isRevoked(serial: string): boolean;
  /** The store's word on a certificate: issued by us, for this subject, neither revoked nor from a CA that has gone. */
  standing(serial: string, subjectId: string): Promise<Standing>;
  /** In the caller's transaction; refused everywhere as soon as it commits. */
  revoke(tx: Tx, which: { serial: string } | { subjectId: string; except?: string }): Promise<number>;
  /** Told of every serial that becomes refused. Returns an unsubscribe. */
  watch(listener: (serial: string) => void): () => void;
}

export function createRevocations(deps: { store: Store; clock: Clock; log: Log; isTrustedCa(id: number): boolean }): Revocations {
  const { store, clock } = deps;
  let revoked = new Set<string>();
  const listeners = new Set<(serial: string) => void>();
  const inTurn = createTurn();

  return {
    reload: () => inTurn(async () => {
      const rows = await store.query<{ serial: string }>('select serial from certificate where revoked_at is not null and not_after > $1', [new Date(clock.now())]);
      const next = new Set(rows.map((row) => row.serial));
      const fresh = [...next].filter((serial) => !revoked.has(serial));
      revoked = next;
      for (const serial of fresh) for (const listener of listeners) listener(serial);
    }),
    isRevoked: (serial) => revoked.has(serial),
    async standing(serial, subjectId) {
      if (revoked.has(serial)) return { ok: false, reason: 'the certificate was revoked' };
      const [row] = await store.query<{ ca_id: number; subject_id: string; kind: string; revoked_at: Date | null; not_after: Date | string }>(
        'select ca_id, subject_id, kind, revoked_at, not_after from certificate where serial = $1', [serial]);
      if (!row || row.kind !== 'agent' || row.subject_id !== subjectId) return { ok: false, reason: 'the certificate was not issued to this agent' };
      if (row.revoked_at !== null) return { ok: false, reason: 'the certificate was revoked' };
      if (msOf(row.not_after) <= clock.now()) return { ok: false, reason: 'the certificate has expired' };
      if (!deps.isTrustedCa(row.ca_id)) return { ok: false, reason: 'the certificate authority is trusted no more' };
      return { ok: true };
    },
    async revoke(tx, which) {
      const now = new Date(clock.now());
      const rows = 'serial' in which
        ? await tx.query('update certificate set revoked_at = $2 where serial = $1 and revoked_at is null returning serial', [which.serial, now])
        : await tx.query(`update certificate set revoked_at = $2 where subject_id = $1 and kind = 'agent' and revoked_at is null and not_after > $2 and serial <> $3 returning serial`,
          [which.subjectId, now, which.except ?? '']);
      if (rows.length > 0) tx.notify(PKI_CHANNEL, 'revoked');
      return rows.length;
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
