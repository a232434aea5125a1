import type { IncomingMessage, ServerResponse } from 'node:http';
import { CofferError, isCofferError } from '../../kernel/errors.ts';

/** For answers of the API: nothing to cache, nothing to guess, nothing to embed. */
const apiHeaders = [
  'cache-control', 'no-store',
  'x-content-type-options', 'nosniff',
  'content-security-policy', "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy', 'no-referrer',
];

export function send(res: ServerResponse, status: number, contentType: string, body: string | Buffer, headers: readonly string[] = []): void {
  if (res.headersSent || res.destroyed) return;
  // A text is written in one piece with its headers, which a small answer gains a sixth of its time by.
  res.writeHead(status, [...apiHeaders, 'content-type', contentType, 'content-length', String(Buffer.byteLength(body)), ...headers]);
  res.end(res.req.method === 'HEAD' ? undefined : body);
}

export const sendJson = (res: ServerResponse, status: number, value: unknown, headers: readonly string[] = []): void =>
  send(res, status, 'application/json; charset=utf-8', JSON.stringify(value), headers);

/** An answer that is not GraphQL's, in GraphQL's form: clients need to understand only one. */
export const sendError = (res: ServerResponse, status: number, code: string, message: string, options: { remedy?: string | null; headers?: readonly string[] } = {}): void =>
  sendJson(res, status, { errors: [{ message, extensions: { code, ...(options.remedy ? { remedy: options.remedy } : {}) } }] }, options.headers);

/** What stops a request before it is one: no token, or nobody to ask about it. */
export function sendRefusal(res: ServerResponse, error: unknown): void {
  if (!isCofferError(error)) throw error;
  const isUnauthenticated = error.code === 'ACCESS.UNAUTHENTICATED';
  sendError(res, isUnauthenticated ? 401 : 503, error.code, error.message, {
    remedy: error.remedy,
    headers: isUnauthenticated ? ['www-authenticate', 'Bearer realm="coffer"'] : ['retry-after', '1'],
  });
}

/** The whole body, never more than `maxBytes`: then a CofferError, and the rest is not read. */
export function readBody(req: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const tooLarge = (): void => {
      req.removeAllListeners('data');
      req.pause();
      reject(new CofferError('REQUEST.LIMIT_EXCEEDED', `the request has more than ${maxBytes} bytes`));
    };
    if (Number(req.headers['content-length']) > maxBytes) return tooLarge();
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) tooLarge();
      else chunks.push(chunk);
    });
    req.once('end', () => resolve(chunks.length === 1 ? chunks[0]!.toString('utf8') : Buffer.concat(chunks).toString('utf8')));
    req.once('error', reject);
    req.once('close', () => reject(new Error('the client went away')));
  });
}
