/** gRPC calls as promises, each with a deadline and an AbortSignal. */
import { Metadata, status, type CallOptions, type ClientReadableStream, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import type { Outcome, Progress, RunResponse } from '../../proto/generated/coffer/agent/v1/agent.ts';

export type Unary<Request, Response> = (request: Request, metadata: Metadata, options: Partial<CallOptions>, callback: (error: ServiceError | null, response: Response) => void) => ClientUnaryCall;

export function callUnary<Request, Response>(method: Unary<Request, Response>, request: Request, options: { timeoutMs: number; signal: AbortSignal }): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) return reject(options.signal.reason);
    const call = method(request, new Metadata(), { deadline: Date.now() + options.timeoutMs }, (error, response) => {
      options.signal.removeEventListener('abort', abort);
      if (error) reject(options.signal.aborted ? options.signal.reason : error);
      else resolve(response);
    });
    const abort = (): void => call.cancel();
    options.signal.addEventListener('abort', abort);
  });
}

/** A stream that ended without an outcome was broken, however politely. */
const noOutcome = (): ServiceError => Object.assign(new Error('the stream ended without an outcome'), { code: status.UNAVAILABLE, details: 'the stream ended without an outcome', metadata: new Metadata() });

export function readOutcome(call: ClientReadableStream<RunResponse>, options: { signal: AbortSignal; progress(progress: Progress): void }): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let outcome: Outcome | undefined;
    const abort = (): void => call.cancel();
    options.signal.addEventListener('abort', abort);
    if (options.signal.aborted) abort();
    const settle = (error: unknown): void => {
      options.signal.removeEventListener('abort', abort);
      if (outcome) resolve(outcome);
      else reject(options.signal.aborted ? options.signal.reason : error);
    };
    call.on('data', ({ event }: RunResponse) => {
      if (event?.$case === 'progress') options.progress(event.value);
      else if (event?.$case === 'outcome') {
        outcome = event.value;
        settle(null);
      }
    });
    call.on('end', () => settle(noOutcome()));
    call.on('error', settle);
  });
}
