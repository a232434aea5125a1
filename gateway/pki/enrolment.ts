/** One-time tokens and what they buy: a certificate for the instance they were made for. */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import type { Tx } from '../store/tx.ts';
import type { PkiSettings } from './settings.ts';

const TOKEN_BYTES = 32;
const TOKEN_LIMIT = 128;

export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/** The token is answered once and kept as a hash only. */
export async function createEnrolmentToken(tx: Tx, instanceId: string, clock: Clock, settings: PkiSettings): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const nowMs = clock.now();
  await tx.query('insert into enrolment_token (hash, instance_id, expires_at, created_at) values ($1, $2, $3, $4)',
    [hashToken(token), instanceId, new Date(nowMs + settings.enrolmentTtlMs), new Date(nowMs)]);
  return token;
}

/** A first look that changes nothing. */
export async function isTokenUsable(tx: Tx, instanceId: string, token: string, clock: Clock): Promise<boolean> {
  if (token.length === 0 || token.length > TOKEN_LIMIT) return false;
  const rows = await tx.query('select 1 from enrolment_token where hash = $1 and instance_id = $2 and expires_at > $3', [hashToken(token), instanceId, new Date(clock.now())]);
  return rows.length === 1;
}

/**
 * Uses the token up for the key of a request. One statement, so of two callers one wins. The winner's key may come
 * again while the token is valid, since its answer may have been lost; any other key is refused.
 */
export async function redeemEnrolmentToken(tx: Tx, instanceId: string, token: string, keyHash: string, clock: Clock): Promise<boolean> {
  const rows = await tx.query(
    `update enrolment_token set used_at = coalesce(used_at, $4), csr_key_hash = $3
      where hash = $1 and instance_id = $2 and expires_at > $4 and (used_at is null or csr_key_hash = $3) returning hash`,
    [hashToken(token), instanceId, keyHash, new Date(clock.now())],
  );
  return rows.length === 1;
}
