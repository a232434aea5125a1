/** GraphQL over HTTP: one POST a request, a deadline on each. */
import type { TypedDocument } from '../generated/documents.ts';
import { Failure } from '../failure.ts';
import { failureOfError, type GraphqlErrorShape } from './refusal.ts';

export interface Connection {
  /** the GraphQL endpoint */
  url: string;
  token: string;
  /** ends with the command: Ctrl-C, `--timeout` */
  signal: AbortSignal;
  /** what `--debug` shows; never a variable, since those hold secrets */
  trace(line: string): void;
}
export interface Answer<Result> { data: Result; errors: GraphqlErrorShape[] }
export interface Client extends Connection {
  /** The data, or the first error thrown. */
  request<Result, Variables extends object>(document: TypedDocument<Result, Variables>, variables: Variables): Promise<Result>;
  /** For documents with fields that may fail alone: their errors come beside the data. */
  requestPartial<Result, Variables extends object>(document: TypedDocument<Result, Variables>, variables: Variables): Promise<Answer<Result>>;
}

/** Longer than the gateway itself waits for a slow engine. */
const requestTimeoutMs = 60_000;
/** What a change answers (a password, say) is told once: it is waited for a little even when the command is ended. */
const changeGraceMs = 10_000;

export function createClient(connection: Connection): Client {
  async function requestPartial<Result, Variables extends object>(document: TypedDocument<Result, Variables>, variables: Variables): Promise<Answer<Result>> {
    const begun = performance.now();
    const isChange = document.text.startsWith('mutation');
    connection.signal.throwIfAborted();
    const response = await post(connection, { query: document.text, operationName: document.name, variables }, isChange ? afterGrace(connection.signal) : connection.signal);
    const requestId = response.headers.get('x-request-id');
    connection.trace(`${document.name} → HTTP ${response.status} in ${Math.round(performance.now() - begun)} ms${requestId ? ` (${requestId})` : ''}`);
    const { data, errors = [] } = (await bodyOf(connection.url, response)) as Partial<Answer<Result | null>>;
    if (data === null || data === undefined) throw errors[0] ? failureOfError(errors[0], requestId) : noGraphql(connection.url, response.status);
    return { data, errors };
  }
  return {
    ...connection,
    requestPartial,
    async request(document, variables) {
      const { data, errors } = await requestPartial(document, variables);
      if (errors[0]) throw failureOfError(errors[0]);
      return data;
    },
  };
}

function afterGrace(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  signal.addEventListener('abort', () => setTimeout(() => controller.abort(signal.reason), changeGraceMs).unref(), { once: true });
  return controller.signal;
}

async function post(connection: Connection, body: object, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(connection.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json', authorization: `Bearer ${connection.token}` },
      body: JSON.stringify(body),
      redirect: 'error', // the token is for this address alone
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(connection.url, error);
  }
}

async function bodyOf(url: string, response: Response): Promise<object> {
  const text = await response.text().catch((error: unknown) => { throw unreachable(url, error); });
  try {
    const body = JSON.parse(text) as unknown;
    if (typeof body === 'object' && body !== null && ('data' in body || 'errors' in body)) return body;
  } catch { /* told below */ }
  throw noGraphql(url, response.status);
}

const noGraphql = (url: string, status: number): Failure => new Failure(`${url} answered HTTP ${status}, but not with GraphQL`, {
  code: status === 502 || status === 503 || status === 504 ? 'CLIENT.UNREACHABLE' : 'CLIENT.FAILED',
  remedy: 'Check the address: `coffer context show` tells where it comes from',
});

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there', ENOTFOUND: 'the name is not known', EAI_AGAIN: 'the name cannot be looked up now', ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut', ETIMEDOUT: 'it does not answer', UND_ERR_CONNECT_TIMEOUT: 'it does not answer', EHOSTUNREACH: 'there is no way to it', ENETUNREACH: 'there is no way to it',
};

/** A request that was sent may have been carried out: what became of it has to be looked up, not guessed. */
export function unreachable(url: string, error: unknown): Failure {
  if (error instanceof Error && error.name === 'TimeoutError') return new Failure(`${url} did not answer within ${requestTimeoutMs / 1000} s`, { code: 'CLIENT.TIMEOUT', remedy: 'What was asked for may still happen: look before you repeat it' });
  const cause = error instanceof Error ? (error.cause as { code?: string; message?: string } | undefined) : undefined;
  const reason = words[cause?.code ?? ''] ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
  const wasCut = cause?.code === 'ECONNRESET' || cause?.code === 'UND_ERR_SOCKET';
  return new Failure(`Coffer cannot be reached at ${url}: ${reason}`, {
    code: 'CLIENT.UNREACHABLE',
    remedy: wasCut ? 'What was asked for may have been accepted: look before you repeat it' : 'Start it (npm start), or check the address with `coffer context show`',
  });
}
