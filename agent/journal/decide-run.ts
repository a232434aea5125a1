import { type CommandRecord, isOfEarlierEpoch } from './record.ts';

export type RunDecision =
  | { do: 'run'; reason: 'first' | 'anew' | 'interrupted' | 'failed-before' }
  | { do: 'replay' }
  | { do: 'refuse'; reason: string };

/** A repeat within the same claim gets these again; a later claim of the operation (somebody retried it) looks anew. */
const finalCodes = new Set(['EXISTS', 'MISSING', 'REFUSED']);

/**
 * What to do with a command whose fence was admitted. Success holds for the epoch: whoever takes an operation over keeps
 * that, somebody's retry has a later one, in which what was done may have been undone and other values may follow. A
 * failure that may pass (engine starting, deadline, cancel, crash) is not an end: methods are idempotent, so the command
 * is run again.
 */
export function decideRun(record: CommandRecord | undefined, request: { digest: string; epoch: number; attempt: number }): RunDecision {
  if (!record) return { do: 'run', reason: 'first' };
  if (isOfEarlierEpoch(record, request.epoch)) return { do: 'run', reason: 'anew' };
  if (record.digest !== request.digest) {
    return { do: 'refuse', reason: `Step ${record.step} of ${record.operationId} was used for another ${record.kind} before; give each command a step name of its own` };
  }
  if (record.state === 'started' || !record.outcome) return { do: 'run', reason: 'interrupted' };
  const fault = record.outcome.fault;
  if (!fault) return { do: 'replay' };
  return finalCodes.has(fault.code) && record.attempt === request.attempt ? { do: 'replay' } : { do: 'run', reason: 'failed-before' };
}
