/**
 * GraphiQL for browsers, offline: one page with everything in it. It is large, so it is loaded with the first visit and
 * kept compressed, here and in the browser.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { renderGraphiqlPage } from './graphiql-html.ts';

export interface GraphiqlPage { body: Buffer; etag: string; headers: readonly string[] }

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');

/** No host but our own; of scripts only those of the page, by their hash, and the editor's workers made from them. */
const policyFor = (scripts: readonly string[]): string => [
  "default-src 'none'", `script-src ${scripts.map((code) => `'sha256-${hashOf(code)}'`).join(' ')}`, 'worker-src blob:', "style-src 'unsafe-inline'", 'img-src data:', 'font-src data:',
  "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join('; ');

async function load(): Promise<GraphiqlPage> {
  const { js, css, editorWorkerService, graphqlWorker, jsonWorker } = await import('@graphql-yoga/render-graphiql/graphiql');
  const { html, scripts } = renderGraphiqlPage({ js, css, workers: { editorWorkerService, graphql: graphqlWorker, json: jsonWorker } });
  const etag = `"${hashOf(html)}"`;
  return {
    body: await promisify(gzip)(html, { level: 6 }), etag,
    headers: [
      'content-type', 'text/html; charset=utf-8', 'content-encoding', 'gzip', 'etag', etag, 'cache-control', 'no-cache', 'vary', 'accept, accept-encoding, authorization',
      'content-security-policy', policyFor(scripts), 'x-content-type-options', 'nosniff', 'referrer-policy', 'no-referrer',
    ],
  };
}

let page: Promise<GraphiqlPage> | null = null;
export function graphiqlPage(): Promise<GraphiqlPage> {
  return (page ??= load().catch((error: unknown) => {
    page = null;
    throw error;
  }));
}
