/** A gRPC status as an error, and turning whatever was thrown into one. */
import { status, type ServiceError } from '@grpc/grpc-js';
import { isCofferError } from '../../kernel/errors.ts';
import { BadRequestError } from '../pki/x509.ts';

export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: status;
  readonly details: string;
  constructor(code: status, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

/** What a caller may read. A bug's text stays in our log. */
export function toStatus(error: unknown): { code: status; details: string } {
  if (error instanceof StatusError) return { code: error.code, details: error.details };
  if (error instanceof BadRequestError) return { code: status.INVALID_ARGUMENT, details: error.message };
  if (isCofferError(error) && error.code === 'STORE.UNAVAILABLE') return { code: status.UNAVAILABLE, details: 'the control plane cannot reach its store; try again' };
  if (isCofferError(error)) return { code: status.FAILED_PRECONDITION, details: `${error.code}: ${error.message}` };
  return { code: status.INTERNAL, details: 'internal error' };
}

export const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && typeof (error as { code?: unknown }).code === 'number' && typeof (error as { details?: unknown }).details === 'string';
