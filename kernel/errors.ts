/**
 * The error catalogue: every refusal a user can meet, in one place. `docs/reference/errors.md` is generated from it.
 * Codes are stable: `NAMESPACE.SUBCODE`. Kinds: `failure` (expected, the caller can act), `operational` (the
 * environment: disk, network, an engine), `bug` (ours; masked for callers).
 * `type` is the GraphQL type that carries it to a caller.
 */
import type { InputIssue } from './input-issue.ts';

export type ErrorKind = 'failure' | 'operational' | 'bug';
export type ErrorType =
  | 'InvalidInputError' | 'NotFoundError' | 'ForbiddenError' | 'ConflictError'
  | 'PreconditionError' | 'UnsupportedError' | 'UnavailableError' | 'QuotaExceededError';

interface CatalogueEntry { kind: ErrorKind; type: ErrorType | null; summary: string; remedy: string | null }

/** `type: null`: never answered to a caller directly, seen as the fault of an operation. */
export const catalogue = {
  'INPUT.INVALID': { kind: 'failure', type: 'InvalidInputError', summary: 'The input breaks a rule; `issues` names each field.', remedy: 'Correct the named fields and send it again.' },
  'REQUEST.INVALID': { kind: 'failure', type: null, summary: 'The request is not GraphQL that this schema can answer: syntax, fields or variables.', remedy: 'The message names the place; the schema can be read by introspection.' },
  'REQUEST.LIMIT_EXCEEDED': { kind: 'failure', type: null, summary: 'The request asks for more than one request may.', remedy: 'Ask for less at once; `viewer { limits }` tells how much is allowed.' },
  'RESOURCE.NOT_FOUND': { kind: 'failure', type: 'NotFoundError', summary: 'Nothing with that id or name can be seen with this token.', remedy: 'Check the id or name and the project of the token.' },
  'ACCESS.UNAUTHENTICATED': { kind: 'failure', type: null, summary: 'No valid bearer token came with the request.', remedy: 'Send `Authorization: Bearer <token>`; the first token is in $COFFER_HOME/admin-token.' },
  'ACCESS.FORBIDDEN': { kind: 'failure', type: 'ForbiddenError', summary: 'The token\'s role does not allow this action.', remedy: 'Ask an owner of the project for a token with a higher role.' },
  'CONFLICT.NAME_TAKEN': { kind: 'failure', type: 'ConflictError', summary: 'The name is already used in the project.', remedy: 'Choose another name, or delete the thing that has it.' },
  'CONFLICT.BUSY': { kind: 'failure', type: 'ConflictError', summary: 'Another operation holds the subject.', remedy: 'Wait for the named operation, or cancel it.' },
  'CONFLICT.STALE': { kind: 'failure', type: 'ConflictError', summary: 'The subject changed since it was read.', remedy: 'Read it again and repeat the change.' },
  'CONFLICT.IDEMPOTENCY_KEY_REUSED': { kind: 'failure', type: 'ConflictError', summary: 'The idempotency key was used with another input.', remedy: 'Use a fresh key for a new request.' },
  'CONFLICT.EXISTS': { kind: 'failure', type: 'ConflictError', summary: 'The thing to make exists already.', remedy: 'Use the existing one, or delete it first.' },
  'CONFLICT.IN_USE': { kind: 'failure', type: 'ConflictError', summary: 'Something else uses the thing, or holds its place.', remedy: 'Detach it from what the message names first.' },
  'PRECONDITION.STATE': { kind: 'failure', type: 'PreconditionError', summary: 'The subject is not in a state that allows this.', remedy: 'See the message for the state that is needed.' },
  'PRECONDITION.UNFIT': { kind: 'failure', type: 'PreconditionError', summary: 'What the engine holds does not fit what is asked for.', remedy: 'The message lists what was found and what to do about it.' },
  'PRECONDITION.DELETION_PROTECTED': { kind: 'failure', type: 'PreconditionError', summary: 'Deletion protection is on.', remedy: 'Turn it off with updateInstance, then delete.' },
  'PRECONDITION.NOT_CANCELLABLE': { kind: 'failure', type: 'PreconditionError', summary: 'The operation has ended or cannot be cancelled any more.', remedy: 'Wait for it to end.' },
  'PRECONDITION.NOT_RETRYABLE': { kind: 'failure', type: 'PreconditionError', summary: 'Only a failed operation whose workflow allows it can be retried.', remedy: 'Start the action anew.' },
  'ADMISSION.NO_MEMORY': { kind: 'operational', type: 'PreconditionError', summary: 'No host has enough free memory.', remedy: 'Choose a smaller flavor, delete something, or add a host.' },
  'ADMISSION.NO_DISK': { kind: 'operational', type: 'PreconditionError', summary: 'No host has enough free disk beyond its reserve.', remedy: 'Choose a smaller volume, delete something, or add disk.' },
  'ADMISSION.NO_PORT': { kind: 'operational', type: 'PreconditionError', summary: 'No free port is left in the engine port range.', remedy: 'Widen COFFER_ENGINE_PORTS or delete an instance.' },
  'ADMISSION.NO_HOST': { kind: 'operational', type: 'PreconditionError', summary: 'No compute role is connected that can take the instance.', remedy: 'Start a process with the compute role.' },
  'CAPABILITY.UNSUPPORTED': { kind: 'failure', type: 'UnsupportedError', summary: 'The datastore, build or agent lacks the capability.', remedy: 'See `capabilities` of the instance or version.' },
  'AGENT.UNREACHABLE': { kind: 'operational', type: 'UnavailableError', summary: 'The agent of the instance does not answer.', remedy: 'It is restarted automatically; try again shortly.' },
  'ENGINE.UNAVAILABLE': { kind: 'operational', type: 'UnavailableError', summary: 'The engine does not answer.', remedy: 'See the conditions of the instance.' },
  'PLUGIN.FAILED': { kind: 'operational', type: 'UnavailableError', summary: 'The datastore\'s plugin failed, or did not answer in time.', remedy: 'Tell the author of the plugin; others are not touched by it.' },
  'HOST.UNREACHABLE': { kind: 'operational', type: 'UnavailableError', summary: 'The compute role of the host does not answer.', remedy: 'Start the compute role of that host.' },
  'QUOTA.EXCEEDED': { kind: 'failure', type: 'QuotaExceededError', summary: 'The project\'s quota does not allow it.', remedy: 'Delete something or ask an operator for more.' },
  'OPERATION.DEADLINE_EXCEEDED': { kind: 'operational', type: null, summary: 'The operation did not finish before its deadline.', remedy: 'See the step that was running; retry the action.' },
  'OPERATION.CANCELLED': { kind: 'failure', type: null, summary: 'The operation was cancelled on request.', remedy: null },
  'OPERATION.PREEMPTED': { kind: 'failure', type: null, summary: 'A delete or forced operation took the subject over.', remedy: null },
  'OPERATION.STEP_FAILED': { kind: 'operational', type: null, summary: 'A step failed after all its attempts.', remedy: 'See the message of the step.' },
  'SOURCE.UNAVAILABLE': { kind: 'operational', type: null, summary: 'The engine\'s binaries could not be had.', remedy: 'Check the network, or name a directory with the binaries in COFFER_ENGINE_PATHS.' },
  'ENGINE.FAILED_TO_START': { kind: 'operational', type: null, summary: 'The engine did not start; the message has its own words.', remedy: 'See the engine\'s last log lines.' },
  'ENGINE.REFUSED': { kind: 'failure', type: null, summary: 'The engine refused the statement.', remedy: null },
  'AGENT.FENCED': { kind: 'bug', type: null, summary: 'A newer epoch was seen; the caller is a zombie.', remedy: null },
  'AGENT.REFUSED': { kind: 'operational', type: null, summary: 'The agent does not fit the gateway (version, capabilities, identity).', remedy: 'Upgrade the older of the two.' },
  'STORE.UNAVAILABLE': { kind: 'operational', type: 'UnavailableError', summary: 'The control plane\'s store does not answer.', remedy: 'It is restarted automatically; try again shortly.' },
  'STORE.TOO_NEW': { kind: 'failure', type: null, summary: 'A newer release of Coffer changed the store so that this one cannot run on it.', remedy: 'Start the newer release again; downgrading needs a backup from before the upgrade.' },
  'SUBSCRIPTION.TOO_SLOW': { kind: 'failure', type: null, summary: 'The subscriber reads more slowly than events happen.', remedy: 'Subscribe again with the last cursor: nothing is lost.' },
  'INTERNAL': { kind: 'bug', type: null, summary: 'Something unexpected; the id is in the log.', remedy: 'Report the id to the operator.' },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
export type { InputIssue };

export interface ErrorDetails {
  issues?: InputIssue[];
  /** id of the operation that is in the way */
  operationId?: string;
  action?: string;
  capability?: string;
  retryAfterMs?: number;
  quota?: { resource: string; limit: number; used: number; requested: number };
}

/** The one exception type that crosses rooms. Anything else that is thrown is a bug and is masked for callers. */
export class CofferError extends Error {
  override readonly name = 'CofferError';
  readonly code: ErrorCode;
  readonly remedy: string | null;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { remedy?: string | null; details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy === undefined ? catalogue[code].remedy : options.remedy;
    this.details = options.details ?? {};
  }
}

export const isCofferError = (error: unknown): error is CofferError => error instanceof CofferError;
export const invalidInput = (issues: InputIssue[]): CofferError =>
  new CofferError('INPUT.INVALID', issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '), { details: { issues } });
export const notFound = (what: string): CofferError => new CofferError('RESOURCE.NOT_FOUND', `${what} was not found`);

/** How a failed operation is told: stored in rows and events, so never with a secret or a stack in it. */
export interface Fault { code: string; message: string; at: string; operationId: string | null }
