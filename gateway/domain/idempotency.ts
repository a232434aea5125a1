/**
 * A repeated request with the same key and input gets the recorded answer, without secrets; with another input it is a
 * conflict. The key is claimed in the transaction of the change, so two racing requests make one thing.
 */
import { CofferError, invalidInput } from '../../kernel/errors.ts';
import type { Sealer } from '../store/seal.ts';
import type { Tx } from '../store/tx.ts';
import type { GivenIdentity } from './user-identity.ts';

export interface Replay { instanceId: string; operationId: string; /** records of earlier releases know less of who somebody is */ userNames: GivenIdentity[] }

/** Key order does not matter. Chosen passwords are part of an input, so what is kept of it is of no use without the installation's key. */
export function hashInput(sealer: Pick<Sealer, 'fingerprint'>, input: unknown): string {
  const canonical = JSON.stringify(input, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).filter(([k, v]) => k !== 'idempotencyKey' && v !== undefined && v !== null).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value);
  return sealer.fingerprint(canonical);
}

export const maxKeyLength = 255;

/** Locks the key for this transaction and returns the earlier answer, or null when it is free. */
export async function claimKey(tx: Tx, projectId: string, mutation: string, key: string, inputHash: string): Promise<Replay | null> {
  if (key.length > maxKeyLength) throw invalidInput([{ path: ['input', 'idempotencyKey'], message: `at most ${maxKeyLength} characters` }]);
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`${projectId}/${mutation}/${key}`]);
  const [row] = await tx.query<{ input_hash: string; answer: Replay }>('select input_hash, answer from idempotency_key where project_id = $1 and mutation = $2 and key = $3', [projectId, mutation, key]);
  if (!row) return null;
  if (row.input_hash !== inputHash) throw new CofferError('CONFLICT.IDEMPOTENCY_KEY_REUSED', `the idempotency key "${key}" was used with another input`, { details: { operationId: row.answer.operationId } });
  return row.answer;
}

export const recordKey = (tx: Tx, projectId: string, mutation: string, key: string, inputHash: string, answer: Replay): Promise<unknown> =>
  tx.query('insert into idempotency_key (project_id, mutation, key, input_hash, answer) values ($1, $2, $3, $4, $5)', [projectId, mutation, key, inputHash, JSON.stringify(answer)]);
