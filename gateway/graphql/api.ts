/**
 * The API without a transport: a document in, a result or a stream of results out. HTTP, WebSocket and SSE all come
 * through here, so that authentication, limits and masking cannot differ between them. Yoga is the host of the plugins;
 * its own HTTP layer is not used (docs/adr/0006-read-path.md).
 */
import { type ExecutionArgs, type ExecutionResult, getOperationAST, GraphQLError, type GraphQLSchema } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Log } from '../../kernel/log.ts';
import type { Caller, Domain } from '../domain/api.ts';
import type { EventFeed } from '../events/feed.ts';
import { createContext, type GraphqlContext, type Services } from './context.ts';
import { createDocuments } from './documents.ts';
import { type Limits, limitsWith } from './limits.ts';
import { useDocuments } from './plugins/use-documents.ts';
import { useExecution } from './plugins/use-execution.ts';
import { schema as coreSchema } from './schema.ts';

export interface ApiOptions {
  domain: Domain;
  feed: EventFeed;
  log: Log;
  serverVersion: string;
  limits?: Partial<Limits>;
  /** the core's when left out */
  schema?: GraphQLSchema;
  /** further Envelop plugins */
  plugins?: Plugin[];
}
export interface GraphqlRequest { query: string; operationName?: string | null | undefined; variables?: Record<string, unknown> | null | undefined }
export type OperationType = 'query' | 'mutation' | 'subscription';
export type Answer = ExecutionResult | AsyncIterable<ExecutionResult>;
export type Prepared =
  | { kind: 'refused'; errors: readonly GraphQLError[] }
  /** `run` answers a result without `data` when the request is refused after all, for its variables or its cost */
  | { kind: 'ready'; operation: OperationType; name: string | null; args: ExecutionArgs; run(): Answer | Promise<Answer> };

export interface Api {
  readonly limits: Limits;
  prepare(request: GraphqlRequest, caller: Caller): Prepared;
}

const noOperation = (name: string | null | undefined): GraphQLError =>
  new GraphQLError(name ? `the document has no operation "${name}"` : 'the document must have exactly one operation, or operationName must name one', { extensions: { code: 'REQUEST.INVALID' } });

export function createApi(options: ApiOptions): Api {
  const { schema = coreSchema } = options;
  const limits = limitsWith(options.limits);
  const documents = createDocuments(schema, limits);
  const services: Services = { domain: options.domain, feed: options.feed, limits, serverVersion: options.serverVersion };
  const { getEnveloped } = createYoga<object, GraphqlContext>({
    schema, logging: false, graphiql: false, landingPage: false, cors: false, multipart: false, maskedErrors: false, parserAndValidationCache: false,
    plugins: [useDocuments(documents), useExecution({ documents, log: options.log }), ...(options.plugins ?? [])],
  });

  return {
    limits,
    prepare({ query, operationName, variables }, caller) {
      const context = createContext(services, caller);
      const enveloped = getEnveloped(context as never);
      const document = enveloped.parse(query);
      const errors = enveloped.validate(enveloped.schema, document);
      if (errors.length > 0) return { kind: 'refused', errors };
      const operation = getOperationAST(document, operationName);
      if (!operation) return { kind: 'refused', errors: [noOperation(operationName)] };
      const args: ExecutionArgs = { schema: enveloped.schema, document, operationName, variableValues: variables ?? {}, contextValue: context };
      const run = operation.operation === 'subscription' ? enveloped.subscribe : enveloped.execute;
      return { kind: 'ready', operation: operation.operation, name: operation.name?.value ?? null, args, run: () => run(args) as Answer | Promise<Answer> };
    },
  };
}
