/**
 * The HTTP server of a gateway: /graphql (POST, GET, WebSocket, SSE; GraphiQL for browsers), /healthz, /readyz, /metrics.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { CofferError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Access } from '../domain/api.ts';
import type { Api } from '../graphql/api.ts';
import { createAuthenticator, newRequestId } from './authenticate.ts';
import { createTrustedProxies } from './client.ts';
import { createGraphqlHttp } from './graphql-http.ts';
import { type HealthCheck, readinessOf } from './health.ts';
import type { Metrics } from './metrics.ts';
import { acceptedOf } from './negotiate.ts';
import { send, sendError, sendJson, sendRefusal } from './respond.ts';
import { createSessions } from './sessions.ts';
import type { WebSocketTransport } from './websocket.ts';

export interface HttpServerOptions {
  host: string;
  /** 0: any free port */
  port: number;
  api: Api;
  access: Pick<Access, 'authenticate'>;
  metrics: Metrics;
  health: readonly HealthCheck[];
  log: Log;
  /** addresses or networks whose X-Forwarded-For is believed */
  trustedProxies?: readonly string[];
  /** how long streams have to end in an orderly way when the server closes; default 2 s */
  closeTimeoutMs?: number;
}
export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Ends what a token has open. Call it on every gateway when a token is revoked. */
  onTokenRevoked(tokenId: string): void;
  /** From now on /readyz says no and streams are closed so that clients resume elsewhere; resolves when all is closed. */
  close(): Promise<void>;
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
const backlog = 4096;

export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { api, metrics, log, closeTimeoutMs = 2_000 } = options;
  const authenticator = createAuthenticator(options.access, createTrustedProxies(options.trustedProxies ?? []));
  const sessions = createSessions(api.limits, (transport, change) => metrics.subscriptionsChanged(transport, change));
  const graphql = createGraphqlHttp({ api, authenticator, sessions, metrics, log });
  let isClosing = false;

  async function readyz(res: ServerResponse): Promise<void> {
    const { ready, checks } = await readinessOf(options.health, log);
    const all = isClosing ? [...checks, { name: 'process', ok: false, reason: 'is shutting down' }] : checks;
    sendJson(res, ready && !isClosing ? 200 : 503, { ready: ready && !isClosing, checks: all });
  }
  async function scrape(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (!isLoopback(options.host)) {
      try {
        const caller = await authenticator.authenticate(req, req.headers.authorization, newRequestId());
        if (caller.role !== 'OPERATOR') return sendError(res, 403, 'ACCESS.FORBIDDEN', 'Metrics are for operators');
      } catch (error) {
        return sendRefusal(res, error);
      }
    }
    const { body, contentType } = await metrics.scrape();
    send(res, 200, contentType, body);
  }
  async function graphiql(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (!String(req.headers['accept-encoding'] ?? '').includes('gzip')) return sendError(res, 406, 'REQUEST.INVALID', 'This page is only served compressed (gzip)');
    const { graphiqlPage } = await import('./graphiql.ts');
    const { body, etag, headers } = await graphiqlPage();
    const isKnown = req.headers['if-none-match'] === etag;
    res.writeHead(isKnown ? 304 : 200, isKnown ? [...headers] : ['content-length', String(body.length), ...headers]);
    res.end(isKnown ? undefined : body);
  }
  async function route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', 'http://gateway');
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    // A person who follows a link sends no token, and the page opens the query of the link.
    const isVisit = req.method === 'GET' && acceptedOf(req.headers.accept).html && req.headers.authorization === undefined;
    if (url.pathname === '/graphql') return isVisit ? graphiql(req, res) : graphql(req, res, url);
    if (!isRead) return sendError(res, url.pathname === '/' ? 404 : 405, 'REQUEST.INVALID', 'Only GET is served here', { headers: ['allow', 'GET, HEAD'] });
    if (url.pathname === '/healthz') return sendJson(res, 200, { alive: true });
    if (url.pathname === '/readyz') return readyz(res);
    if (url.pathname === '/metrics') return scrape(req, res);
    sendError(res, 404, 'RESOURCE.NOT_FOUND', 'There is nothing here; the API is at /graphql');
  }

  const { requestTimeoutMs: requestTimeout, headersTimeoutMs: headersTimeout, keepAliveTimeoutMs: keepAliveTimeout } = api.limits;
  // Timeouts are looked at in turns only.
  const connectionsCheckingInterval = Math.ceil(Math.min(requestTimeout, headersTimeout) / 2);
  const server = createServer({ requestTimeout, headersTimeout, keepAliveTimeout, connectionsCheckingInterval }, (req, res) => {
    route(req, res).catch((error: unknown) => {
      log.error({ err: error instanceof Error ? { message: error.message, stack: error.stack } : String(error) }, 'a request could not be answered');
      if (res.headersSent) res.destroy();
      else sendError(res, 500, 'INTERNAL', 'Something unexpected happened');
    });
  });

  // The library is needed with the first socket only.
  let webSockets: Promise<WebSocketTransport> | null = null;
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    if (isClosing || new URL(req.url ?? '/', 'http://gateway').pathname !== '/graphql') {
      socket.end(`HTTP/1.1 ${isClosing ? '503 Service Unavailable' : '404 Not Found'}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    webSockets ??= import('./websocket.ts').then(({ createWebSocketTransport }) => createWebSocketTransport({ api, authenticator, sessions, metrics, log }));
    webSockets.then((transport) => transport.upgrade(req, socket, head), (error: unknown) => {
      log.error({ err: String(error) }, 'WebSockets cannot be served');
      socket.destroy();
    });
  });

  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${isIP(options.host) === 6 ? `[${options.host}]` : options.host}:${port}`,
    onTokenRevoked: (tokenId) => sessions.onTokenRevoked(tokenId),
    async close() {
      isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      sessions.endAll();
      // Connections whose stream has just ended become idle only now and then.
      const sweep = setInterval(() => server.closeIdleConnections(), 20);
      const timer = setTimeout(() => {
        void webSockets?.then((transport) => transport.terminate());
        server.closeAllConnections();
      }, closeTimeoutMs);
      await closed;
      clearTimeout(timer);
      clearInterval(sweep);
    },
  };
}

function listen(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is in use; choose another with COFFER_PORT' : error.code === 'EACCES' ? 'may not be opened by this user' : error.message;
      reject(new CofferError('INTERNAL', `Port ${port} of ${host} ${why}`, { cause: error }));
    });
    server.listen({ host, port, backlog }, resolve);
  });
}
