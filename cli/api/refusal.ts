/** Refusals in both their forms, errors beside the data and typed members of a result, become one `Failure`. */
import type { RefusalFragment } from '../generated/documents.ts';
import { Failure, type Issue } from '../failure.ts';

/** As GraphQL sends an error; extensions are the gateway's. */
export interface GraphqlErrorShape {
  message: string;
  path?: readonly (string | number)[];
  extensions?: { code?: string; remedy?: string; issues?: Issue[]; operationId?: string; retryAfterMs?: number; id?: string };
}

/** What to do next, where this program has a command for it; the server's own words tell users of the API. */
const remedies: Readonly<Record<string, string>> = {
  'ACCESS.UNAUTHENTICATED': 'Log in with another token: coffer login. Which one is used: coffer context show',
  'RESOURCE.NOT_FOUND': 'Check the name or id, and --project; `coffer instance list`, `coffer datastore list` and the like tell what is there',
  'PRECONDITION.DELETION_PROTECTED': 'Turn it off, then delete: coffer instance update <instance> --no-deletion-protection',
  'CAPABILITY.UNSUPPORTED': 'What it can do: coffer datastore show <datastore>',
  'ENGINE.UNAVAILABLE': 'See the conditions: coffer instance show <instance>',
};

export function failureOfError(error: GraphqlErrorShape, requestId: string | null = null): Failure {
  const { code, remedy, issues, operationId, retryAfterMs, id } = error.extensions ?? {};
  return new Failure(error.message, {
    code: code ?? 'CLIENT.FAILED', remedy: remedies[code ?? ''] ?? remedy ?? (id ? `Tell an operator the id ${id}: it is in the gateway's log` : null),
    issues: issues ?? [], operation: operationId ? { id: operationId } : null, retryAfterMs: retryAfterMs ?? null, requestId: code === 'INTERNAL' ? requestId : null,
  });
}

/** One of several things was refused, such as a user of a list. */
export const failureOfItem = (message: string, { code, remedy }: { code: string; remedy: string | null }): Failure => new Failure(message, { code, remedy: remedies[code] ?? remedy });

/** The payload of a mutation, or the refusal thrown. */
export function accepted<Result extends object>(result: Result): Exclude<Result, { __typename: string; code: string }> {
  if (!isRefusal(result)) return result as Exclude<Result, { __typename: string; code: string }>;
  throw new Failure(result.message, {
    code: result.code, remedy: remedies[result.code] ?? result.remedy,
    issues: 'issues' in result ? result.issues : [],
    operation: 'blocker' in result ? result.blocker : null,
    retryAfterMs: 'retryAfterMs' in result ? result.retryAfterMs : null,
  });
}

const isRefusal = (result: object): result is RefusalFragment => 'code' in result && 'message' in result && '__typename' in result;
