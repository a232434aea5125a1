/**
 * Every limit of the public API, in one table: `COFFER_LIMITS` names them, the settings page lists them. They hold alike
 * over HTTP, WebSocket and SSE. Documents are judged by `gateway/graphql/document-limits.ts` (shape) and `cost.ts` (work).
 */
export interface LimitDefinition { default: number; least: number; most: number; doc: string }

const limit = (fallback: number, doc: string, { least = 1, most = 2 ** 31 - 1 } = {}): LimitDefinition => ({ default: fallback, least, most, doc });

export const limitsTable = {
  maxTokens: limit(2_000, 'Lexical tokens of a document; counted while parsing, so that a huge one is not even parsed.'),
  maxDepth: limit(16, 'Nested selections, fragments followed. The standard introspection query needs 15.', { most: 1_000 }),
  maxAliases: limit(60, 'Aliased fields in the whole document, each fragment counted as often as it is used.'),
  maxRootFields: limit(20, 'Fields of the operation itself, fragments followed.'),
  maxDirectives: limit(40, 'Directives in the whole document.'),
  maxCost: limit(20_000, 'Fields an answer may have at most, with the size of lists multiplied in; fields that cost a statement or a call count for many.'),
  maxIntrospectionCost: limit(75_000, 'The same for `__schema` and `__type`. The standard introspection query costs about two thirds of it.'),
  maxListSize: limit(100, '`first`, `last` and the length of `ids`. A list without them gives 20.', { least: 20, most: 1_000 }),
  maxSnapshotItems: limit(5_000, 'Instances in the first message of the `instances` subscription.'),
  maxBodyBytes: limit(256 * 1024, 'A request\'s body or query string, and one WebSocket message.'),
  maxErrors: limit(20, 'Errors told about one document or one set of variables.'),
  maxSubscriptionsPerConnection: limit(100, 'Operations in flight on one WebSocket connection.'),
  maxSubscriptionsPerToken: limit(5_000, 'Live subscriptions of one token, on one gateway process.'),
  connectionInitTimeoutMs: limit(5_000, 'From the WebSocket handshake to `connection_init`.'),
  silentClientTimeoutMs: limit(12_000, 'A client that does not answer a WebSocket ping, or does not read its stream, is let go after this.'),
  headersTimeoutMs: limit(10_000, 'Request line and headers.'),
  requestTimeoutMs: limit(30_000, 'A whole request, body included.'),
  keepAliveTimeoutMs: limit(65_000, 'An idle connection kept for the next request.'),
  cachedDocuments: limit(500, 'Parsed and validated documents kept.'),
  cachedDocumentChars: limit(500_000, 'Their length in characters, altogether.'),
} as const satisfies Record<string, LimitDefinition>;

export type LimitName = keyof typeof limitsTable;
export type LimitOverrides = { [name in LimitName]?: number };

/** Why `name=value` cannot be a limit; null when it can. */
export function limitProblem(name: string, value: string): string | null {
  const definition = (limitsTable as Record<string, LimitDefinition>)[name];
  if (!definition) return `has no limit "${name}" (docs/reference/settings.md lists them)`;
  return /^\d{1,10}$/.test(value) && Number(value) >= definition.least && Number(value) <= definition.most
    ? null : `must give ${name} a whole number from ${definition.least} to ${definition.most}`;
}
