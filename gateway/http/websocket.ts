/**
 * GraphQL over WebSocket, the protocol `graphql-transport-ws`. The token comes in `connection_init` (`authorization`) or
 * in the header of the handshake, and is asked for again at every operation. Close codes: 4401 no token, 4403 a token
 * that is not good (any more), 1012 the gateway restarts: come back with your cursors.
 */
import { GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { CloseCode, type Context, handleProtocols, makeServer, type Server } from 'graphql-ws';
import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { isCofferError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Caller } from '../domain/api.ts';
import type { Api, Prepared } from '../graphql/api.ts';
import { presentError } from '../graphql/present-error.ts';
import { type Authenticator, bearerProblem, newRequestId } from './authenticate.ts';
import type { Metrics } from './metrics.ts';
import { countRefused, runObserved } from './observe.ts';
import type { EndReason, Session, Sessions } from './sessions.ts';

export interface WebSocketOptions { api: Api; authenticator: Authenticator; sessions: Sessions; metrics: Metrics; log: Log }
export interface WebSocketTransport {
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Cuts what is still open. */
  terminate(): void;
}

interface Extra { socket: WebSocket; request: IncomingMessage; authorization: unknown; session: Session | null }
type Ctx = Context<Record<string, unknown>, Extra>;
interface Run { prepared: Prepared & { kind: 'ready' }; startedAt: number; session: Session; isSubscription: boolean }

const ends: Record<EndReason, [number, string]> = {
  'token-ended': [CloseCode.Forbidden, 'ACCESS.UNAUTHENTICATED: the token has expired or was revoked'],
  shutdown: [1012, 'the gateway restarts; reconnect and resume with your cursor'],
};
const refusal = (code: string, message: string): GraphQLError => new GraphQLError(message, { extensions: { code } });

export function createWebSocketTransport({ api, authenticator, sessions, metrics, log }: WebSocketOptions): WebSocketTransport {
  const { limits } = api;
  const wss = new WebSocketServer({ noServer: true, maxPayload: limits.maxBodyBytes, perMessageDeflate: false, handleProtocols });

  async function callerOf(ctx: Ctx): Promise<Caller | null> {
    try {
      return await authenticator.authenticate(ctx.extra.request, ctx.extra.authorization, newRequestId());
    } catch (error) {
      if (!isCofferError(error)) throw error;
      if (error.code !== 'ACCESS.UNAUTHENTICATED') ctx.extra.socket.close(1013, error.code);
      else if (bearerProblem(ctx.extra.authorization)) ctx.extra.socket.close(CloseCode.Unauthorized, `${error.code}: no token came with connection_init`);
      else ctx.extra.socket.close(...ends['token-ended']);
      return null;
    }
  }

  async function onConnect(ctx: Ctx): Promise<boolean> {
    ctx.extra.authorization = ctx.connectionParams?.['authorization'] ?? ctx.connectionParams?.['Authorization'] ?? ctx.extra.request.headers.authorization;
    const caller = await callerOf(ctx);
    if (caller === null || ctx.extra.socket.readyState !== ctx.extra.socket.OPEN) return false;
    ctx.extra.session = sessions.open(caller, 'websocket', (reason) => ctx.extra.socket.close(...ends[reason]));
    return true;
  }

  async function onSubscribe(ctx: Ctx, payload: { query: string; operationName?: string | null | undefined; variables?: Record<string, unknown> | null | undefined }): Promise<readonly GraphQLError[] | ExecutionArgs> {
    const startedAt = performance.now();
    if (Object.keys(ctx.subscriptions).length > limits.maxSubscriptionsPerConnection) return [refusal('REQUEST.LIMIT_EXCEEDED', `${limits.maxSubscriptionsPerConnection} operations are in flight on this connection; no more are allowed`)];
    const caller = await callerOf(ctx);
    const { session } = ctx.extra;
    if (caller === null || session === null) return [refusal('ACCESS.UNAUTHENTICATED', 'The token has expired or was revoked')];
    if (typeof payload.query !== 'string') return [refusal('REQUEST.INVALID', 'query must be a string')];
    const prepared = api.prepare(payload, caller);
    if (prepared.kind === 'refused') {
      countRefused(metrics, startedAt);
      return prepared.errors;
    }
    const isSubscription = prepared.operation === 'subscription';
    if (isSubscription && !session.openSubscription()) return [refusal('REQUEST.LIMIT_EXCEEDED', `the token ${caller.tokenName} has as many live subscriptions as it may have`)];
    const run: Run = { prepared, startedAt, session, isSubscription };
    return { ...prepared.args, rootValue: run };
  }

  /** Answers never throw: what escapes would be printed by the library and close the connection. */
  async function perform(args: ExecutionArgs): Promise<ExecutionResult | AsyncIterable<ExecutionResult>> {
    const run = args.rootValue as Run;
    try {
      const { result, stream } = await runObserved(run.prepared, metrics, run.startedAt);
      if (stream) return counted(stream, run.session);
      if (run.isSubscription) run.session.closeSubscription();
      return result;
    } catch (error) {
      if (run.isSubscription) run.session.closeSubscription();
      return { errors: [presentError(error, log, '')] };
    }
  }

  const server: Server<Extra> = makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: limits.connectionInitTimeoutMs,
    onConnect,
    onSubscribe: (ctx, _id, payload) => onSubscribe(ctx, payload) as Promise<GraphQLError[] | ExecutionArgs>,
    execute: perform as never,
    subscribe: perform as never,
    onClose: (ctx) => ctx.extra.session?.close(),
  });

  wss.on('connection', (socket: WebSocket, request: IncomingMessage) => serve(server, socket, request, limits.silentClientTimeoutMs, log));

  return {
    upgrade: (req, socket, head) => wss.handleUpgrade(req, socket, head, (client) => wss.emit('connection', client, req)),
    terminate() {
      for (const client of wss.clients) client.terminate();
      wss.close();
    },
  };
}

/** A stream that gives its place back when it ends, in whichever way. The library only ends what looks like a generator. */
function counted(stream: AsyncIterable<ExecutionResult>, session: Session): AsyncIterable<ExecutionResult> {
  const iterator = stream[Symbol.asyncIterator]();
  let isOpen = true;
  const close = (): void => {
    if (isOpen) session.closeSubscription();
    isOpen = false;
  };
  const done = { done: true, value: undefined } as const;
  const end = async (): Promise<typeof done> => {
    close();
    await iterator.return?.();
    return done;
  };
  return {
    [Symbol.asyncIterator]() { return this; },
    async next(): Promise<IteratorResult<ExecutionResult>> {
      const item = await iterator.next();
      if (item.done === true) close();
      return item;
    },
    return: end,
    throw: end,
  } as AsyncIterableIterator<ExecutionResult>;
}

function serve(server: Server<Extra>, socket: WebSocket, request: IncomingMessage, silentClientTimeoutMs: number, log: Log): void {
  socket.on('error', (error) => {
    log.debug({ reason: error.message }, 'a WebSocket was closed for what it sent');
    socket.close();
  });
  let isAlive = true;
  socket.on('pong', () => { isAlive = true; });
  const ping = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, silentClientTimeoutMs);
  const closed = server.opened({
    protocol: socket.protocol,
    send: (data) => new Promise((resolve, reject) => {
      if (socket.readyState !== socket.OPEN) return resolve();
      socket.send(data, (error) => (error ? reject(error) : resolve()));
    }),
    close: (code, reason) => socket.close(code, reason),
    onMessage: (receive) => socket.on('message', (data) => {
      Promise.resolve(receive((data as Buffer).toString())).catch((error: unknown) => {
        log.error({ err: error instanceof Error ? error.message : String(error) }, 'a WebSocket message could not be handled');
        socket.close(CloseCode.InternalServerError, 'Something unexpected happened');
      });
    }),
  }, { socket, request, authorization: undefined, session: null });
  socket.once('close', (code, reason) => {
    clearInterval(ping);
    void Promise.resolve(closed(code, String(reason))).catch(() => {});
  });
}
