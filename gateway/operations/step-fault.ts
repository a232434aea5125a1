/** How an error of a step is told: readable, without a secret, final or worth another attempt. Pure. */
import { catalogue, isCofferError } from '../../kernel/errors.ts';
import type { PlainFault } from './state.ts';
import { FinalStepError } from './workflow.ts';

export type StepFault = PlainFault & { isFinal: boolean };

const MAX_MESSAGE = 1_000;
/** Shorter ones would blacken ordinary words, and are no secret to anybody. */
const MIN_SECRET = 6;

export class StepTimeoutError extends Error {
  override readonly name = 'StepTimeoutError';
}
/** Our claim is no longer the claim: stop, write nothing. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}
export class OperationCancelledError extends Error {
  override readonly name = 'OperationCancelledError';
}
export class WorkerStoppingError extends Error {
  override readonly name = 'WorkerStoppingError';
}

export const redact = (text: string, secrets: Readonly<Record<string, string>>): string =>
  Object.values(secrets).reduce((out, secret) => (secret.length >= MIN_SECRET ? out.replaceAll(secret, '***').replaceAll(JSON.stringify(secret).slice(1, -1), '***') : out), text);

export function stepFaultOf(error: unknown, title: string, secrets: Readonly<Record<string, string>>): StepFault {
  const message = error instanceof Error && error.message ? error.message : String(error);
  const told = `${title}: ${redact(message, secrets)}`.slice(0, MAX_MESSAGE);
  if (error instanceof FinalStepError) return { code: error.code, message: told, isFinal: true };
  if (isCofferError(error)) return { code: error.code, message: told, isFinal: catalogue[error.code].kind === 'failure' };
  return { code: 'OPERATION.STEP_FAILED', message: told, isFinal: false };
}
