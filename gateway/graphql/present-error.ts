/** The one place where an error becomes what a caller sees. What is not meant for callers is logged and hidden. */
import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { catalogue, CofferError, isCofferError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';

const hidden = 'Something unexpected happened';
const presented = new WeakSet<GraphQLError>();

/** The error under the ones that only say where it happened. */
function rootOf(error: unknown): unknown {
  let root = error;
  for (let depth = 0; depth < 5 && !isCofferError(root); depth += 1) {
    const inner: unknown = root instanceof GraphQLError ? (root.originalError ?? root.cause) : root instanceof Error ? root.cause : undefined;
    if (!(inner instanceof Error) || (!(root instanceof GraphQLError) && !isCofferError(inner))) break;
    root = inner;
  }
  return root;
}

const place = (error: unknown): { nodes: GraphQLError['nodes'] | null; path: GraphQLError['path'] | null } =>
  error instanceof GraphQLError ? { nodes: error.nodes ?? null, path: error.path ?? null } : { nodes: null, path: null };

function told(error: CofferError, at: unknown): GraphQLError {
  const { issues, operationId, action, capability, retryAfterMs } = error.details;
  const extensions = Object.fromEntries(Object.entries({ code: error.code, remedy: error.remedy, issues, operationId, action, capability, retryAfterMs }).filter(([, value]) => value !== undefined && value !== null));
  return new GraphQLError(error.message, { ...place(at), extensions });
}

/** What PostgreSQL says of a text with a NUL or half a character in it, which it can neither keep nor compare. */
const unstorableStates = new Set(['22021', '22P05']);
function isUnstorable(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return error instanceof Error && (unstorableStates.has(String(code)) || (code === '22P02' && String(message).includes('json')));
}
const unstorable = (): CofferError => new CofferError('INPUT.INVALID', 'A text of the request has a character in it that cannot be kept (NUL, or half a character)', { remedy: 'Send it without that character.' });

export function presentError(error: unknown, log: Log, requestId: string): GraphQLError {
  if (error instanceof GraphQLError && presented.has(error)) return error;
  const found = rootOf(error);
  const root = isUnstorable(found) ? unstorable() : found;
  const shown = isCofferError(root) && catalogue[root.code].kind !== 'bug' ? told(root, error)
    // GraphQL's own words (a variable of the wrong type), or an error that a scalar threw for the caller.
    : root instanceof GraphQLError ? (error instanceof GraphQLError ? error : root)
      : hide(root, error, log, requestId);
  presented.add(shown);
  return shown;
}

const maxLoggedChars = 4_000;
const loggable = (error: unknown): unknown => (error instanceof Error
  ? { name: error.name, message: error.message.slice(0, maxLoggedChars), stack: error.stack?.slice(0, maxLoggedChars) }
  : String(error).slice(0, maxLoggedChars));

function hide(root: unknown, error: unknown, log: Log, requestId: string): GraphQLError {
  const id = randomUUID();
  const { path, nodes } = place(error);
  log.error({ id, requestId, path: path?.join('.'), err: loggable(root), cause: root instanceof Error && root.cause !== undefined ? loggable(root.cause) : undefined }, 'an unexpected error was hidden from the caller');
  return new GraphQLError(hidden, { nodes, path, extensions: { code: 'INTERNAL', id } });
}
