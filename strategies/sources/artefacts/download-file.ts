import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../../../kernel/backoff.ts';
import { sha256OfFile } from '../file-hash.ts';
import { EngineSourceError } from '../source-error.ts';
import type { HttpAnswer, HttpClient } from './http-get.ts';

export interface Download {
  url: string;
  authorization?: string | undefined;
  sha256: string;
  sizeBytes: number;
  /** where it grows; what is there already is continued */
  path: string;
  /** how many bytes are there now */
  onBytes(count: number): void;
  signal: AbortSignal;
}

/** Attempts in a row that brought nothing, and attempts at all: a line that breaks off again and again still gets on. */
const retry = { attempts: 4, firstDelayMs: 500, maxDelayMs: 5_000 };
const maxAttempts = 50;

/** What a server answered, or that none did; `isFinal`: asking again is of no use. */
class DownloadFailure extends EngineSourceError {
  readonly isFinal: boolean;
  constructor(reason: EngineSourceError['reason'], message: string, isFinal: boolean, cause?: unknown) {
    super(reason, message, { cause });
    this.isFinal = isFinal;
  }
}

/** The status of an answer that has no file in it, as people read it. */
export function describeStatus(status: number): { reason: EngineSourceError['reason']; message: string; isFinal: boolean } {
  if (status === 404 || status === 410) return { reason: 'no-such-package', message: `the server does not have it (${status})`, isFinal: true };
  if (status === 401 || status === 403) return { reason: 'no-network', message: `the server does not give it to this host (${status})`, isFinal: true };
  if (status === 407) return { reason: 'no-network', message: 'the proxy wants a login (407)', isFinal: true };
  return { reason: 'no-network', message: `the server answers with status ${status}`, isFinal: status < 500 && ![206, 408, 429].includes(status) };
}

const sizeOf = async (path: string): Promise<number> => await stat(path).then((s) => s.size, () => 0);

/** Whether an answer continues a file at `offset`; a server that knows no ranges begins anew. */
function continues({ status, response }: HttpAnswer, offset: number): boolean {
  return status === 206 && new RegExp(`^bytes ${offset}-`).test(response.headers['content-range'] ?? '');
}

/** An answer without the file's bytes in it. What is on disk does not fit a server that cannot continue there: it goes. */
async function refuse({ status, response }: HttpAnswer, { path, sizeBytes }: Download, offset: number): Promise<never> {
  response.destroy();
  if (status === 206 || status === 416) await rm(path, { force: true });
  if (status === 416) throw new DownloadFailure('corrupt-package', `the server's file ends before ${offset} of its ${sizeBytes} bytes`, false);
  const { reason, message, isFinal } = describeStatus(status);
  throw new DownloadFailure(reason, message, isFinal);
}

async function receive(client: HttpClient, download: Download, offset: number): Promise<void> {
  const { url, authorization, path, sizeBytes, signal, onBytes } = download;
  const answer = await client.get({ url, authorization, signal, headers: offset > 0 ? { range: `bytes=${offset}-` } : {} });
  const isContinued = continues(answer, offset);
  if (answer.status !== 200 && !isContinued) return await refuse(answer, download, offset);
  let there = isContinued ? offset : 0;
  const file = await open(path, isContinued ? 'a' : 'w');
  try {
    for await (const chunk of answer.response as AsyncIterable<Buffer>) {
      there += chunk.length;
      if (there > sizeBytes) throw new DownloadFailure('corrupt-package', `it is larger than the ${sizeBytes} bytes the plugin names`, true);
      await file.writeFile(chunk);
      onBytes(there);
    }
  } finally { await file.close(); }
}

/** One go at the file, from where the last one ended. True when it is there and is what the plugin named. */
async function attempt(client: HttpClient, download: Download): Promise<void> {
  const { path, sizeBytes, sha256, signal } = download;
  const offset = await sizeOf(path);
  if (offset < sizeBytes) await receive(client, download, offset);
  const found = await sizeOf(path);
  if (found < sizeBytes) throw new DownloadFailure('corrupt-package', `only ${found} of ${sizeBytes} bytes arrived`, false);
  if (await sha256OfFile(path, signal) === sha256) return;
  await rm(path, { force: true });
  // A part of an earlier attempt may be what was wrong: then the whole is fetched once more.
  throw new DownloadFailure('corrupt-package', 'it did not arrive with the SHA-256 the plugin names', offset === 0);
}

function toFailure(error: unknown): DownloadFailure | undefined {
  if (error instanceof DownloadFailure) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOENT'].includes(code)) return undefined;
  return new DownloadFailure('no-network', message || code, false, error);
}

/**
 * Brings one file to `path`, whole and verified, or throws what the last attempt met. A broken connection is continued
 * where it broke, a kill as well; a server without ranges sends everything again.
 */
export async function downloadFile(client: HttpClient, download: Download): Promise<void> {
  let [inVain, most] = [0, await sizeOf(download.path)];
  for (let attempts = 1; ; attempts++) {
    try { return await attempt(client, download); } catch (error) {
      download.signal.throwIfAborted();
      const failure = toFailure(error);
      if (failure === undefined) throw error;
      const there = await sizeOf(download.path);
      inVain = there > most ? 0 : inVain + 1;
      most = Math.max(most, there);
      if (failure.isFinal || inVain >= retry.attempts || attempts >= maxAttempts) throw failure;
      await sleep(backoffMs(retry, inVain, Math.random()), undefined, { signal: download.signal });
    }
  }
}
