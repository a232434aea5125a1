/**
 * A subscription that outlives its connections: after a loss it comes back with the cursor of the last update it has
 * seen, so nothing is missed and nothing comes twice. It never polls.
 */
import type { Client as SocketClient } from 'graphql-ws';
import type { TypedDocument } from '../generated/documents.ts';
import { Failure } from '../failure.ts';
import { webSocketUrl } from './endpoint.ts';
import type { Connection } from './client.ts';
import { failureOfError, type GraphqlErrorShape } from './refusal.ts';

export interface FollowOptions<Update> {
  /** The update after which the stream is meant to end; one that ends before is taken up again. */
  isLast?(update: Update): boolean;
  /** Told once for each loss, and when it is over. */
  onLost?(reason: string): void;
  onResumed?(): void;
  /** Where to come back to when the connection is lost before the first update. */
  resumeFrom?: unknown;
}

const keepAliveMs = 10_000;
const pongTimeoutMs = 5_000;
const connectTimeoutMs = 10_000;
const firstDelayMs = 200;
const maxDelayMs = 5_000;
/** Without any contact for this long the client gives up; the cursor lets a later one go on. */
const patienceMs = 5 * 60_000;

export async function* follow<Update, Variables extends { after?: unknown }>(
  connection: Connection, document: TypedDocument<{ update: Update }, Variables>, variables: Variables, options: FollowOptions<Update> = {},
): AsyncGenerator<Update> {
  let after = variables.after;
  let hasContact = false;
  let lostAt: number | null = null;
  for (let attempt = 0; ; attempt += 1) {
    connection.signal.throwIfAborted();
    try {
      const onConnected = (): void => {
        if (lostAt !== null) options.onResumed?.();
        [lostAt, attempt, hasContact] = [null, 0, true];
      };
      for await (const update of once(connection, document, { ...variables, after }, onConnected)) {
        after = cursorOf(update) ?? after;
        yield update;
        if (options.isLast?.(update)) return;
      }
      connection.signal.throwIfAborted();
      throw new Lost('the stream ended');
    } catch (error) {
      connection.signal.throwIfAborted();
      if (!(error instanceof Lost)) throw error;
      const now = performance.now();
      if (lostAt === null) options.onLost?.(error.message);
      lostAt ??= now;
      after ??= options.resumeFrom;
      if (now - lostAt > patienceMs) throw new Failure(`${connection.url} could not be reached for ${patienceMs / 60_000} minutes`, { code: 'CLIENT.UNREACHABLE', remedy: hasContact && after ? `Go on later from the cursor ${JSON.stringify(after)}` : 'Start Coffer, or check the address' });
      await pause(backoffMs(attempt, Math.random()), connection.signal);
    }
  }
}

/** Doubling, and never in step with other clients. */
export const backoffMs = (attempt: number, random: number): number => Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt, 10)) * (0.5 + random / 2);

/** The connection is gone; the subscription can be taken up again. */
class Lost extends Error {}

const cursorOf = (update: unknown): unknown => (typeof update === 'object' && update !== null && 'cursor' in update ? update.cursor : undefined);

async function* once<Update, Variables extends object>(connection: Connection, document: TypedDocument<{ update: Update }, Variables>, variables: Variables, onConnected: () => void): AsyncGenerator<Update> {
  const client = await openSocket(connection, onConnected);
  const stream = client.iterate({ query: document.text, operationName: document.name, variables: variables as Record<string, unknown> });
  const end = (): void => { void stream.return?.(); client.terminate(); };
  connection.signal.addEventListener('abort', end, { once: true });
  connection.trace(`${document.name} → subscribed`);
  try {
    for await (const result of stream) {
      if (result.errors?.[0]) throw failureOfStream(result.errors[0] as GraphqlErrorShape);
      if (result.data) yield (result.data as { update: Update }).update;
    }
  } catch (error) {
    throw error instanceof Failure || error instanceof Lost ? error : explainClose(error);
  } finally {
    connection.signal.removeEventListener('abort', end);
    await client.dispose();
  }
}

/** A slow reader is let go by the gateway and may come back at once. */
function failureOfStream(error: GraphqlErrorShape): Error {
  return ['SUBSCRIPTION.TOO_SLOW', 'STORE.UNAVAILABLE'].includes(error.extensions?.code ?? '') ? new Lost(error.message) : failureOfError(error);
}

const closeCodes = { unauthorized: 4401, forbidden: 4403, badRequest: 4400, protocol: 4406 };

function explainClose(error: unknown): Error {
  if (Array.isArray(error) && error.length > 0) return failureOfStream(error[0] as GraphqlErrorShape);
  const { code, reason } = (error ?? {}) as { code?: unknown; reason?: string };
  if (code === closeCodes.unauthorized || code === closeCodes.forbidden) return new Failure(reason || 'the token is not accepted', { code: 'ACCESS.UNAUTHENTICATED', remedy: 'Log in again: coffer login' });
  if (code === closeCodes.badRequest || code === closeCodes.protocol) return new Failure(`the gateway refused the subscription: ${reason || `close code ${code}`}`, { remedy: 'Client and gateway are of different releases; use the client that came with the gateway' });
  return new Lost(reason || (error instanceof Error ? error.message : 'the connection was cut'));
}

async function openSocket({ url, token }: Connection, onConnected: () => void): Promise<SocketClient> {
  const { createClient } = await import('graphql-ws'); // most commands never subscribe
  let overdue: NodeJS.Timeout | undefined;
  const client: SocketClient = createClient({
    url: webSocketUrl(url), lazy: true, retryAttempts: 0, keepAlive: keepAliveMs, connectionAckWaitTimeout: connectTimeoutMs,
    connectionParams: { authorization: `Bearer ${token}` },
    on: {
      connected: onConnected,
      // A connection that is dead without saying so shows itself by a missing pong.
      ping: (isReceived) => { if (!isReceived) overdue = setTimeout(() => client.terminate(), pongTimeoutMs); },
      pong: (isReceived) => { if (isReceived) clearTimeout(overdue); },
      closed: () => clearTimeout(overdue),
    },
  });
  return client;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => { clearTimeout(timer); reject(signal.reason as Error); };
    const timer = setTimeout(() => { signal.removeEventListener('abort', onAbort); resolve(); }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
