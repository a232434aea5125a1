/**
 * Server-sent events as `graphql-sse` speaks them in its distinct connections mode: one request, one stream, `next`
 * events and at last `complete`. Comments keep the line open; who does not read is let go.
 */
import type { ExecutionResult } from 'graphql';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../kernel/log.ts';
import type { Caller } from '../domain/api.ts';
import { presentError } from '../graphql/present-error.ts';
import type { EndReason, Sessions } from './sessions.ts';

export interface EventStreamOptions {
  req: IncomingMessage; res: ServerResponse; caller: Caller; sessions: Sessions; log: Log; silentClientTimeoutMs: number;
  source: { result: ExecutionResult } | { stream: AsyncIterable<ExecutionResult> };
}

const headers = {
  'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff', connection: 'keep-alive',
};
const next = (result: unknown): string => `event: next\ndata: ${JSON.stringify(result)}\n\n`;
const complete = 'event: complete\ndata: \n\n';
const tokenEnded = next({ errors: [{ message: 'The token has expired or was revoked', extensions: { code: 'ACCESS.UNAUTHENTICATED' } }] });
const tooMany = (caller: Caller): unknown => ({ errors: [{ message: `the token ${caller.tokenName} has as many live subscriptions as it may have`, extensions: { code: 'REQUEST.LIMIT_EXCEEDED' } }] });

export async function sendEventStream({ res, caller, sessions, source, silentClientTimeoutMs, log }: EventStreamOptions): Promise<void> {
  const iterator = 'stream' in source ? source.stream[Symbol.asyncIterator]() : undefined;
  const stop = (): void => void Promise.resolve(iterator?.return?.()).catch(() => {});
  if (res.destroyed) return stop();
  res.writeHead(200, { ...headers, 'x-request-id': caller.requestId });
  if (!iterator) return void res.end(next('result' in source ? source.result : {}) + complete);

  let ended: EndReason | null = null;
  const session = sessions.open(caller, 'sse', (reason) => { ended = reason; stop(); });
  const keepAlive = setInterval(() => { if (!res.writableNeedDrain) res.write(':\n\n'); }, silentClientTimeoutMs);
  res.once('close', stop);
  try {
    if (!session.openSubscription()) {
      stop();
      return void res.end(next(tooMany(caller)) + complete);
    }
    res.flushHeaders();
    res.write(':\n\n');
    for (;;) {
      const item = await iterator.next();
      if (item.done === true || ended !== null || res.destroyed) break;
      if (!res.write(next(item.value))) await drained(res, silentClientTimeoutMs);
    }
    if (!res.destroyed) res.end((ended === 'token-ended' ? tokenEnded : '') + complete);
  } catch (error) {
    if (res.destroyed) return;
    const shown = presentError(error, log, caller.requestId);
    res.end(next({ errors: [shown] }) + complete);
  } finally {
    clearInterval(keepAlive);
    session.close();
    stop();
  }
}

async function drained(res: ServerResponse, timeoutMs: number): Promise<void> {
  try {
    await once(res, 'drain', { signal: AbortSignal.timeout(timeoutMs) });
  } catch {
    res.destroy();
  }
}
