import { type ServerErrorResponse, type StatusObject, status } from '@grpc/grpc-js';
import type { Log } from '../../kernel/log.ts';
import { QueueFull } from '../commands/command-queue.ts';
import { StepReused } from '../commands/runner.ts';
import { FencedError } from '../state/fence-keeper.ts';
import { asError } from './authorise.ts';

/** Key of the metadata that comes with a refused fence: the highest one seen, as JSON. */
export const fenceMetadata = 'coffer-fence';

export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
}
export class CapabilityAbsent extends Error {
  override readonly name = 'CapabilityAbsent';
}

/** One place decides what a caller sees of an error. What is not known here is masked and logged. */
export function toStatus(error: unknown, log: Log): Partial<StatusObject> & ServerErrorResponse {
  const { message, name, code } = error as Error & { code?: unknown };
  if (error instanceof FencedError) {
    return asError({ code: status.FAILED_PRECONDITION, details: message }, { [fenceMetadata]: JSON.stringify({ ...error.highest.fence, operationId: error.highest.operationId }) });
  }
  if (error instanceof InvalidRequest || error instanceof StepReused) return asError({ code: status.INVALID_ARGUMENT, details: message });
  if (error instanceof CapabilityAbsent) return asError({ code: status.UNIMPLEMENTED, details: message });
  if (error instanceof QueueFull) return asError({ code: status.RESOURCE_EXHAUSTED, details: message });
  if (name === 'GuestFault') return asError({ code: code === 'RETRYABLE' ? status.UNAVAILABLE : status.FAILED_PRECONDITION, details: message }, { 'coffer-fault': String(code) });
  if (name === 'AbortError' || name === 'TimeoutError') return asError({ code: status.DEADLINE_EXCEEDED, details: 'The engine did not answer in time' });
  log.error({ error: name, reason: message, stack: (error as Error).stack }, 'a call failed unexpectedly');
  return asError({ code: status.INTERNAL, details: 'Something unexpected happened; the agent\'s log has the details' });
}
