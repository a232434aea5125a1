/** What an error of the driver means for us. Pure, so that the retry rules can be read and tested. */
import { CofferError } from '../../kernel/errors.ts';

export type StoreTrouble =
  /** another transaction was in the way; nothing of ours happened */
  | 'conflict'
  /** the connection is gone; nothing of ours happened unless we were committing */
  | 'lost'
  /** the statement itself is wrong, refused or too slow */
  | 'other';

const conflictStates = new Set(['40001', '40P01', '55P03']);
// 57P0x: the server goes down, crashed or starts; 53300: no connection is left; 25P0x: our time in a transaction is up.
const lostStates = new Set(['57P01', '57P02', '57P03', '57P05', '53300']);
const lostSystemCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);
const lostMessages = [/^Connection terminated/, /^Client has encountered a connection error/, /^Query read timeout/, /^timeout expired/, /^timeout exceeded when trying to connect/, /^Client was closed/, /not queryable/];

export function classifyStoreError(error: unknown): StoreTrouble {
  if (!(error instanceof Error)) return 'other';
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string') {
    if (conflictStates.has(code)) return 'conflict';
    if (lostStates.has(code) || code.startsWith('08') || lostSystemCodes.has(code)) return 'lost';
    // A neighbouring release migrated while this session had the statement prepared: a fresh plan is all it takes.
    if (code === '0A000' && /cached plan/.test(error.message)) return 'conflict';
    // 25P04 (transaction too long) and 25P03 (idle in transaction) end the session; repeating would take as long again.
    return 'other';
  }
  return lostMessages.some((pattern) => pattern.test(error.message)) ? 'lost' : 'other';
}

/** True when the session must not be used again, whatever the transaction's fate. */
export const endsSession = (error: unknown): boolean => {
  const code = (error as { code?: unknown } | null)?.code;
  return classifyStoreError(error) === 'lost' || code === '25P03' || code === '25P04' || code === '0A000';
};

export const storeUnavailable = (cause: unknown): CofferError =>
  new CofferError('STORE.UNAVAILABLE', `the control plane's store does not answer (${cause instanceof Error ? cause.message : String(cause)})`, { cause, details: { retryAfterMs: 1_000 } });

/** The answer to COMMIT never came: it may have happened. */
export const commitUnknown = (cause: unknown): CofferError =>
  new CofferError('STORE.UNAVAILABLE', 'the control plane\'s store went away while the change was being committed: it may have happened', {
    cause, remedy: 'Look at the subject before repeating; with an idempotency key repeating is safe.', details: { retryAfterMs: 1_000 },
  });
