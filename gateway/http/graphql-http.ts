/**
 * GraphQL over HTTP: POST and GET, answered as JSON or, where the client asks for it, as an event stream. Its own path
 * instead of Yoga's, because the fetch objects of that cost half the throughput; `graphql-http`'s audits are run against
 * the live server. Browsers cannot be tricked into it: a token must be in a header, and a POST must be JSON.
 */
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { isCofferError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Caller } from '../domain/api.ts';
import type { Api } from '../graphql/api.ts';
import { presentError } from '../graphql/present-error.ts';
import { type Authenticator, newRequestId } from './authenticate.ts';
import type { Metrics } from './metrics.ts';
import { acceptedOf, type Accepted, isJsonBody, type MediaType, type Parsed, requestOfBody, requestOfUrl } from './negotiate.ts';
import { countRefused, requestErrorsOf, runObserved } from './observe.ts';
import { readBody, send, sendError, sendRefusal } from './respond.ts';
import type { Sessions } from './sessions.ts';

export interface GraphqlHttpOptions { api: Api; authenticator: Authenticator; sessions: Sessions; metrics: Metrics; log: Log }

const respond = (res: ServerResponse, status: number, type: MediaType, result: ExecutionResult, headers?: readonly string[]): void =>
  send(res, status, `${type}; charset=utf-8`, JSON.stringify(result), headers);

/** Clients from before the media type of its own expect 200 whenever GraphQL itself gave the answer. */
const refuse = (res: ServerResponse, type: MediaType, errors: readonly GraphQLError[], headers?: readonly string[]): void =>
  respond(res, type === 'application/json' ? 200 : 400, type, { errors }, headers);

export function createGraphqlHttp({ api, authenticator, sessions, metrics, log }: GraphqlHttpOptions): (req: IncomingMessage, res: ServerResponse, url: URL) => Promise<void> {
  async function parametersOf(req: IncomingMessage, url: URL): Promise<Parsed> {
    return req.method === 'GET' ? requestOfUrl(url.searchParams) : requestOfBody(await readBody(req, api.limits.maxBodyBytes));
  }

  async function answer(req: IncomingMessage, res: ServerResponse, accepted: Accepted, { request }: Extract<Parsed, { request: unknown }>, caller: Caller, startedAt: number): Promise<void> {
    const requestId = ['x-request-id', caller.requestId];
    const type = accepted.json ?? 'application/json';
    const isStreamOnly = accepted.json === null;
    const prepared = api.prepare(request, caller);
    if (prepared.kind === 'refused') {
      countRefused(metrics, startedAt);
      return isStreamOnly ? streamed(req, res, caller, { result: { errors: prepared.errors } }) : refuse(res, type, prepared.errors, requestId);
    }
    if (prepared.operation === 'mutation' && req.method === 'GET') {
      return sendError(res, 405, 'REQUEST.INVALID', 'Mutations are sent by POST', { headers: ['allow', 'POST', ...requestId] });
    }
    if (prepared.operation === 'subscription' && !accepted.stream) {
      return sendError(res, 400, 'REQUEST.INVALID', 'Subscriptions are served over a WebSocket, or with "Accept: text/event-stream"', { headers: requestId });
    }
    const { result, stream } = await runObserved(prepared, metrics, startedAt);
    if (stream) return streamed(req, res, caller, { stream });
    if (isStreamOnly) return streamed(req, res, caller, { result });
    const errors = requestErrorsOf(result);
    return errors ? refuse(res, type, errors, requestId) : respond(res, 200, type, result, requestId);
  }

  // Loaded with the first stream: most gateways start for something else.
  async function streamed(req: IncomingMessage, res: ServerResponse, caller: Caller, source: { result: ExecutionResult } | { stream: AsyncIterable<ExecutionResult> }): Promise<void> {
    const { sendEventStream } = await import('./event-stream.ts');
    return sendEventStream({ req, res, caller, sessions, source, silentClientTimeoutMs: api.limits.silentClientTimeoutMs, log });
  }

  return async (req, res, url) => {
    const startedAt = performance.now();
    const id = newRequestId();
    if (req.method !== 'GET' && req.method !== 'POST') return sendError(res, 405, 'REQUEST.INVALID', 'GraphQL is served by POST and GET', { headers: ['allow', 'GET, POST'] });
    try {
      const caller = await authenticator.authenticate(req, req.headers.authorization, id);
      const accepted = acceptedOf(req.headers.accept);
      if (accepted.json === null && !accepted.stream) return sendError(res, 406, 'REQUEST.INVALID', 'Answers come as application/graphql-response+json, application/json or text/event-stream');
      if (req.method === 'POST' && !isJsonBody(req.headers['content-type'])) return sendError(res, 415, 'REQUEST.INVALID', 'A POST must have "Content-Type: application/json"');
      const parsed = await parametersOf(req, url);
      if ('problem' in parsed) return sendError(res, 400, 'REQUEST.INVALID', parsed.problem);
      await answer(req, res, accepted, parsed, caller, startedAt);
    } catch (error) {
      if (req.destroyed && !req.complete) return;
      countRefused(metrics, startedAt);
      if (isCofferError(error) && error.code === 'REQUEST.LIMIT_EXCEEDED') return sendError(res, 413, error.code, error.message, { remedy: error.remedy, headers: ['connection', 'close'] });
      if (isCofferError(error)) return sendRefusal(res, error);
      const { message, extensions } = presentError(error, log, id);
      sendError(res, 500, String(extensions['code']), message, { headers: ['x-request-id', id] });
    }
  };
}
