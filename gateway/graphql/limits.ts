/**
 * Every limit of the public API, in one table. They hold alike over HTTP, WebSocket and SSE; whoever composes the
 * gateway may give others. Documents are judged by `document-limits.ts` (shape) and `cost.ts` (work).
 */
export const defaultLimits = {
  /** lexical tokens of a document; counted while parsing, so that a huge one is not even parsed */
  maxTokens: 2_000,
  /** nested selections, fragments followed; the standard introspection query needs 15 */
  maxDepth: 16,
  /** aliased fields in the whole document, each fragment counted as often as it is used */
  maxAliases: 60,
  /** fields of the operation itself, fragments followed */
  maxRootFields: 20,
  /** directives in the whole document */
  maxDirectives: 40,
  /** fields that an answer may have at most, with the size of lists multiplied in; fields that cost a statement or a call count for many */
  maxCost: 20_000,
  /** the same for `__schema` and `__type`; the standard introspection query costs about two thirds of it */
  maxIntrospectionCost: 75_000,
  /** `first`, `last` and the length of `ids` */
  maxListSize: 100,
  /** what a list gives when neither `first` nor `last` is given */
  defaultListSize: 20,
  /** instances in the first message of the `instances` subscription */
  maxSnapshotItems: 5_000,
  /** a request's body or query string, and one WebSocket message */
  maxBodyBytes: 256 * 1024,
  /** errors told about one document or one set of variables */
  maxErrors: 20,
  /** operations in flight on one WebSocket connection */
  maxSubscriptionsPerConnection: 100,
  /** live subscriptions of one token, on this gateway process */
  maxSubscriptionsPerToken: 5_000,
  /** from the WebSocket handshake to `connection_init` */
  connectionInitTimeoutMs: 5_000,
  /** a client that does not answer a WebSocket ping, or does not read its stream, is let go after this */
  silentClientTimeoutMs: 12_000,
  /** request line and headers */
  headersTimeoutMs: 10_000,
  /** a whole request, body included */
  requestTimeoutMs: 30_000,
  /** an idle connection kept for the next request */
  keepAliveTimeoutMs: 65_000,
  /** parsed and validated documents kept, and their length in characters altogether */
  cachedDocuments: 500,
  cachedDocumentChars: 500_000,
} satisfies Record<string, number>;

export type Limits = { [name in keyof typeof defaultLimits]: number };

export const limitsWith = (overrides: Partial<Limits> = {}): Limits => ({ ...defaultLimits, ...overrides });
