/** Refusals in both their forms, errors beside the data and typed members of a result, become one `Failure`. */
import type { RefusalFragment } from '../generated/documents.ts';
import { Failure, type Issue } from '../failure.ts';

/** As GraphQL sends an error; extensions are the gateway's. */
export interface GraphqlErrorShape {
  message: string;
  path?: readonly (string | number)[];
  extensions?: { code?: string; remedy?: string; issues?: Issue[]; operationId?: string; retryAfterMs?: number; id?: string };
}

export function failureOfError(error: GraphqlErrorShape, requestId: string | null = null): Failure {
  const { code, remedy, issues, operationId, retryAfterMs, id } = error.extensions ?? {};
  return new Failure(error.message, {
    code: code ?? 'CLIENT.FAILED', remedy: remedy ?? (id ? `Tell an operator the id ${id}: it is in the gateway's log` : null),
    issues: issues ?? [], operation: operationId ? { id: operationId } : null, retryAfterMs: retryAfterMs ?? null, requestId: code === 'INTERNAL' ? requestId : null,
  });
}

/** The payload of a mutation, or the refusal thrown. */
export function accepted<Result extends object>(result: Result): Exclude<Result, { __typename: string; code: string }> {
  if (!isRefusal(result)) return result as Exclude<Result, { __typename: string; code: string }>;
  throw new Failure(result.message, {
    code: result.code, remedy: result.remedy,
    issues: 'issues' in result ? result.issues : [],
    operation: 'blocker' in result ? result.blocker : null,
    retryAfterMs: 'retryAfterMs' in result ? result.retryAfterMs : null,
  });
}

const isRefusal = (result: object): result is RefusalFragment => 'code' in result && 'message' in result && '__typename' in result;
