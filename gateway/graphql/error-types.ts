/**
 * Errors as data. The domain throws `CofferError`; a mutation answers the GraphQL type that the catalogue names for its
 * code. Pothos tells the members of a union apart by class, hence a class for each type.
 */
import { catalogue, type ErrorCode, type ErrorDetails, type ErrorType, isCofferError } from '../../kernel/errors.ts';
import { builder } from './builder.ts';
import { type ApiErrorShape, ErrorRef, OperationRef } from './refs.ts';


abstract class ApiError extends Error implements ApiErrorShape {
  readonly code: string;
  readonly remedy: string | null;
  readonly details: ErrorDetails;
  constructor(from: ApiErrorShape, cause?: unknown) {
    super(from.message, { cause });
    this.code = from.code;
    this.remedy = from.remedy;
    this.details = from.details;
  }
}
export class InvalidInputError extends ApiError {}
export class NotFoundError extends ApiError {}
export class ForbiddenError extends ApiError {}
export class ConflictError extends ApiError {}
export class PreconditionError extends ApiError {}
export class UnsupportedError extends ApiError {}
export class UnavailableError extends ApiError {}

/** QuotaExceededError joins with quotas: until then nothing can answer it. */
export const errorClasses = { InvalidInputError, NotFoundError, ForbiddenError, ConflictError, PreconditionError, UnsupportedError, UnavailableError };
export type ApiErrorName = keyof typeof errorClasses;

const typeOf = (code: string): ErrorType | null => catalogue[code as ErrorCode]?.type ?? null;
const isServed = (type: ErrorType | null): type is ApiErrorName => type !== null && type in errorClasses;

/** What a resolver of a mutation throws on: the typed error, or what it was when it is none of ours. */
export function toApiError(error: unknown): unknown {
  if (!isCofferError(error)) return error;
  const type = typeOf(error.code);
  return isServed(type) ? new errorClasses[type](error, error) : error;
}

/** The same as an answer, for unions that Pothos does not make; what is none of its `members` is thrown. */
export function toErrorAnswer(error: unknown, members: readonly ApiErrorName[]): ApiErrorShape {
  const typeName = isCofferError(error) ? members.find((member) => member === typeOf(error.code)) : undefined;
  if (!isCofferError(error) || typeName === undefined) throw error;
  const { code, message, remedy, details } = error;
  return { code, message, remedy, details, typeName };
}

/** The fault of one item ("user exists") as a typed error; what the catalogue gives no type is a condition not met. */
export function faultToApiError(fault: { code: string; message: string }): ApiErrorShape {
  const type = typeOf(fault.code);
  const remedy = catalogue[fault.code as ErrorCode]?.remedy ?? null;
  return { ...fault, remedy, details: {}, typeName: isServed(type) ? type : 'PreconditionError' };
}

ErrorRef.implement({
  description: 'Something refused or not possible, told as data. Nothing has happened when a mutation answers one.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable and documented, `NAMESPACE.SUBCODE`: programs branch on it.' }),
    message: t.exposeString('message', { description: 'What is wrong, for people. Its words may change.' }),
    remedy: t.exposeString('remedy', { nullable: true, description: 'What to do next.' }),
  }),
});

const InputIssueRef = builder.objectRef<{ path: string[]; message: string }>('InputIssue').implement({
  description: 'One rule that the input breaks.',
  fields: (t) => ({
    path: t.exposeStringList('path', { description: 'Where, from the argument on: `["input", "users", "0", "name"]`.' }),
    message: t.exposeString('message'),
  }),
});

/** Every error type is an Error of its class or the fault of an item. */
const base = <Name extends ApiErrorName>(name: Name, description: string) => ({
  name, description, interfaces: [ErrorRef],
  isTypeOf: (value: unknown): boolean => value instanceof errorClasses[name] || (value as ApiErrorShape).typeName === name,
});
const define = (name: ApiErrorName, description: string): void => {
  builder.objectType(errorClasses[name], base(name, description));
};

builder.objectType(InvalidInputError, {
  ...base('InvalidInputError', 'The input breaks a rule; each one is named.'),
  fields: (t) => ({ issues: t.field({ type: [InputIssueRef], resolve: (error) => error.details.issues ?? [] }) }),
});
define('NotFoundError', 'Nothing with that id or name. What belongs to another project is answered in just the same way.');
builder.objectType(ForbiddenError, {
  ...base('ForbiddenError', 'The role of the token does not allow it.'),
  fields: (t) => ({ action: t.string({ description: 'The action that was refused, as the policy names it.', resolve: (error) => error.details.action ?? '' }) }),
});
builder.objectType(ConflictError, {
  ...base('ConflictError', 'Busy, a name taken, a revision that is no longer the newest, an idempotency key used for something else.'),
  fields: (t) => ({
    operation: t.field({
      type: OperationRef, nullable: true, description: 'The operation that is in the way.',
      resolve: (error, _args, ctx) => (error.details.operationId ? ctx.operations.load(error.details.operationId) : null),
    }),
  }),
});
define('PreconditionError', 'The subject, or the host, is not in a state that allows it; the message says what is missing.');
builder.objectType(UnsupportedError, {
  ...base('UnsupportedError', 'The datastore, build or agent cannot do this at all. Told before anything changes.'),
  fields: (t) => ({ capability: t.string({ description: 'The capability that is absent.', resolve: (error) => error.details.capability ?? '' }) }),
});
builder.objectType(UnavailableError, {
  ...base('UnavailableError', 'The agent, the engine or a host cannot be reached now.'),
  fields: (t) => ({ retryAfterMs: t.int({ nullable: true, description: 'When it is worth trying again.', resolve: (error) => error.details.retryAfterMs ?? null }) }),
});
