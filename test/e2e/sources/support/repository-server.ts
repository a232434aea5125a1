import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHash } from 'node:crypto';

/** A Maven repository below /maven2 and a package index below /simple, with real files in them and the faults of real servers. */
export interface RepositoryServer {
  url: string;
  /** by path, such as /maven2/org/… or /files/x.whl */
  files: Map<string, Buffer>;
  /** one per request, in their order */
  requests: { path: string; range: string | undefined; authorization: string | undefined }[];
  /** bytes of files sent, by path */
  sent: Map<string, number>;
  /** may be changed at any time */
  behaviour: {
    bytesPerSecond?: number;
    damages?: boolean;
    /** the connection breaks after so many bytes of each answer */
    breaksAfter?: number;
    /** answers are whole, and shorter than the file */
    endsAfter?: number;
    knowsNoRanges?: boolean;
    status?: number;
    /** paths are found at another server */
    redirectsTo?: string;
    indexIsHtml?: boolean;
  };
  stop(): Promise<void>;
}

const chunkBytes = 16 * 1024;

function indexPage(server: RepositoryServer): { type: string; text: string } {
  const files = [...server.files].filter(([path]) => path.startsWith('/files/'))
    .map(([path, content]) => ({ filename: path.slice('/files/'.length), url: `../../files/${path.slice('/files/'.length)}`, hashes: { sha256: createHash('sha256').update(content).digest('hex') } }));
  if (server.behaviour.indexIsHtml !== true) return { type: 'application/vnd.pypi.simple.v1+json', text: JSON.stringify({ meta: { 'api-version': '1.1' }, files }) };
  const links = files.map((f) => `<a href="${f.url}#sha256=${f.hashes.sha256}" data-requires-python="&gt;=3.7">${f.filename}</a><br/>`);
  return { type: 'text/html', text: `<!DOCTYPE html><html><body>${links.join('\n')}</body></html>` };
}

async function sendFile(server: RepositoryServer, path: string, content: Buffer, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { behaviour } = server;
  const from = behaviour.knowsNoRanges === true ? undefined : /^bytes=(\d+)-$/.exec(incoming.headers.range ?? '')?.[1];
  const start = Number(from ?? 0);
  const end = Math.min(content.length, behaviour.endsAfter ?? content.length);
  if (from !== undefined && start >= end) { answer.writeHead(416).end(); return; }
  answer.writeHead(from === undefined ? 200 : 206, {
    'content-length': end - start, ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${end}` }),
  });
  const stop = behaviour.breaksAfter === undefined ? end : Math.min(end, start + behaviour.breaksAfter);
  for (let at = start; at < stop && !answer.destroyed; at += chunkBytes) {
    const chunk = Buffer.from(content.subarray(at, Math.min(at + chunkBytes, stop)));
    if (behaviour.damages === true && at === 0) chunk[0] = (chunk[0] ?? 0) ^ 0xff;
    if (behaviour.bytesPerSecond !== undefined) await sleep((chunk.length / behaviour.bytesPerSecond) * 1000);
    server.sent.set(path, (server.sent.get(path) ?? 0) + chunk.length);
    await new Promise((resolve) => { answer.write(chunk, resolve); });
  }
  if (stop < end) answer.destroy();
  else answer.end();
}

async function serve(server: RepositoryServer, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const path = decodeURIComponent(new URL(incoming.url ?? '', server.url).pathname);
  server.requests.push({ path, range: incoming.headers.range, authorization: incoming.headers.authorization });
  const { status, redirectsTo } = server.behaviour;
  if (status !== undefined) { answer.writeHead(status).end('<html>no</html>'); return; }
  if (redirectsTo !== undefined) { answer.writeHead(302, { location: `${redirectsTo}${path}` }).end(); return; }
  const content = server.files.get(path);
  if (path.startsWith('/simple/')) {
    const { type, text } = indexPage(server);
    answer.writeHead(200, { 'content-type': type }).end(text);
  } else if (content === undefined) answer.writeHead(404).end('<html>not found</html>');
  else await sendFile(server, path, content, incoming, answer);
}

export async function startRepositoryServer(port: number, files: ReadonlyMap<string, Buffer>): Promise<RepositoryServer> {
  const http = createServer((incoming, answer) => { serve(server, incoming, answer).catch(() => answer.destroy()); });
  const server: RepositoryServer = {
    url: `http://127.0.0.1:${port}`, files: new Map(files), requests: [], sent: new Map(), behaviour: {},
    stop: async () => { http.closeAllConnections(); await new Promise((resolve) => { http.close(resolve); }); },
  };
  await new Promise<void>((resolve, reject) => { http.on('error', reject).listen(port, '127.0.0.1', resolve); });
  return server;
}
