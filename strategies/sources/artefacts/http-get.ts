import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext, getCACertificates } from 'node:tls';
import { releaseVersion } from '../../../kernel/release.ts';

/** Node's own client: no other program needs to be on the host. Proxies are those of the environment, as for apt. */
export interface HttpClient {
  /** The answer after redirects; only its start has arrived. A status is an answer, a broken connection an exception. */
  get(request: HttpRequest): Promise<HttpAnswer>;
  close(): void;
}
export interface HttpRequest {
  url: string;
  headers?: Record<string, string>;
  /** sent to the origin of the first address alone: a redirect elsewhere does not get it */
  authorization?: string | undefined;
  signal: AbortSignal;
}
export interface HttpAnswer { status: number; url: string; response: IncomingMessage }

const userAgent = `coffer/${releaseVersion()}`;
const maxRedirects = 5;
/** No byte for so long means that nobody sends any. */
const silenceMs = 30_000;
const redirects = new Set([301, 302, 303, 307, 308]);

/** Authorities Node knows, those of NODE_EXTRA_CA_CERTS, and the host's: a company's own is usually among these. */
const trusted = (): string[] => [...getCACertificates('default'), ...getCACertificates('system')];

export function createHttpClient(connections: number): HttpClient {
  const options = { keepAlive: true, maxSockets: connections, proxyEnv: process.env };
  const http = new HttpAgent(options);
  let https: HttpsAgent | undefined;
  const secure = (): HttpsAgent => https ??= new HttpsAgent({ ...options, secureContext: createSecureContext({ ca: trusted() }) });

  function ask(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const isSecure = url.protocol === 'https:';
    const asked = (isSecure ? httpsRequest : httpRequest)(url, { agent: isSecure ? secure() : http, headers, signal });
    asked.setTimeout(silenceMs, () => asked.destroy(new Error(`nothing arrived for ${silenceMs / 1000} s`)));
    asked.on('response', resolve).on('error', reject).end();
    return promise;
  }

  return {
    async get({ url: first, headers = {}, authorization, signal }) {
      let url = new URL(first);
      const { origin } = url;
      for (let hops = 0; hops <= maxRedirects; hops++) {
        const own: Record<string, string> = authorization !== undefined && url.origin === origin ? { authorization } : {};
        const response = await ask(url, { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers, ...own }, signal);
        const { statusCode: status = 0 } = response;
        const next = redirects.has(status) ? URL.parse(response.headers.location ?? '', url.href) : null;
        if (next === null) return { status, url: url.href, response };
        response.destroy();
        if (!/^https?:$/.test(next.protocol) || (url.protocol === 'https:' && next.protocol === 'http:')) throw new Error('it redirects from https to something else');
        url = next;
      }
      throw new Error('it redirects too often');
    },
    close: () => { http.destroy(); https?.destroy(); },
  };
}

/** A page as text. */
export async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw new Error(`the page is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
