import { execFileSync } from 'node:child_process';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** An HTTP proxy between apt and the real archive that counts, slows down, damages or refuses. */
export interface ArchiveProxy {
  /** for the variable http_proxy */
  url: string;
  /** bytes passed on, by path, of answers to requests for packages */
  packageBytes: Map<string, number>;
  /** may be changed at any time */
  behaviour: { packageBytesPerSecond?: number; damages?(path: string): boolean; refuses?(path: string): boolean };
  stop(): Promise<void>;
}

/** Whether apt of this host can be led through it: a plain HTTP archive, and no proxy of apt's own. */
export function canInterpose(): boolean {
  const ask = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return /^'http:/m.test(ask('apt-get', 'update', '--print-uris')) && !/^Acquire::http::Proxy ".+"/m.test(ask('apt-config', 'dump'));
}

const chunkBytes = 16 * 1024;

function shape(proxy: ArchiveProxy, path: string): Transform {
  const isPackage = path.endsWith('.deb');
  let isFirst = true;
  return new Transform({
    highWaterMark: chunkBytes,
    async transform(chunk: Buffer, _encoding, done) {
      const rate = isPackage ? proxy.behaviour.packageBytesPerSecond : undefined;
      if (rate !== undefined) await sleep((chunk.length / rate) * 1000);
      if (isPackage) proxy.packageBytes.set(path, (proxy.packageBytes.get(path) ?? 0) + chunk.length);
      if (isFirst && proxy.behaviour.damages?.(path)) chunk[0] = (chunk[0] ?? 0) ^ 0xff;
      isFirst = false;
      done(null, chunk);
    },
  });
}

function forward(proxy: ArchiveProxy, incoming: IncomingMessage, answer: ServerResponse): void {
  const url = new URL(incoming.url ?? '');
  if (proxy.behaviour.refuses?.(url.pathname)) { answer.writeHead(404).end(); return; }
  const upstream = request(url, { method: incoming.method, headers: incoming.headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(shape(proxy, url.pathname)).pipe(answer);
  });
  upstream.on('error', () => answer.destroy());
  answer.on('close', () => upstream.destroy());
  upstream.end();
}

export async function startArchiveProxy(): Promise<ArchiveProxy> {
  const server: Server = createServer((incoming, answer) => forward(proxy, incoming, answer));
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const proxy: ArchiveProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, packageBytes: new Map(), behaviour: {},
    stop: async () => { server.closeAllConnections(); await new Promise((resolve) => { server.close(resolve); }); },
  };
  return proxy;
}
