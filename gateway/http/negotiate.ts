/** Content negotiation and parameters as "GraphQL over HTTP" has them. Decisions only. */
import type { GraphqlRequest } from '../graphql/api.ts';

export type MediaType = 'application/json' | 'application/graphql-response+json';
export interface Accepted { json: MediaType | null; stream: boolean; html: boolean }

/** In the order of the client's header; weights are not looked at. Without a header: JSON, as it always was. */
export function acceptedOf(header: string | undefined): Accepted {
  const accepted: Accepted = { json: null, stream: false, html: false };
  for (const range of (header ?? '*/*').toLowerCase().replaceAll(/\s/g, '').split(',')) {
    const [type, ...parameters] = range.split(';');
    const charset = parameters.find((parameter) => parameter.startsWith('charset=')) ?? 'charset=utf-8';
    if (charset !== 'charset=utf-8' && charset !== 'charset=utf8') continue;
    if (type === 'text/event-stream') accepted.stream = true;
    else if (type === 'text/html') accepted.html = true;
    else if (type === 'application/graphql-response+json') accepted.json ??= type;
    else if (type === 'application/json' || type === 'application/*' || type === '*/*') accepted.json ??= 'application/json';
  }
  return accepted;
}

export function isJsonBody(contentType: string | undefined): boolean {
  const [type, charset] = (contentType ?? '').toLowerCase().replaceAll(/\s/g, '').split(';');
  return type === 'application/json' && (charset === undefined || charset === 'charset=utf-8' || charset === 'charset="utf-8"');
}

/** A request, or what is wrong with it. */
export type Parsed = { request: GraphqlRequest } | { problem: string };

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function checked(raw: Record<string, unknown>): Parsed {
  const { query, operationName, variables, extensions } = raw;
  if (query === undefined || query === null) return { problem: 'the parameter query is missing' };
  if (typeof query !== 'string') return { problem: 'query must be a string' };
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') return { problem: 'operationName must be a string' };
  if (variables !== undefined && variables !== null && !isRecord(variables)) return { problem: 'variables must be an object' };
  if (extensions !== undefined && extensions !== null && !isRecord(extensions)) return { problem: 'extensions must be an object' };
  return { request: { query, operationName: operationName ?? null, variables: variables ?? null } };
}

export function requestOfBody(body: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { problem: 'the body is not JSON' };
  }
  if (Array.isArray(value)) return { problem: 'batches are not served: send one request at a time, over one connection' };
  return isRecord(value) ? checked(value) : { problem: 'the body must be a JSON object' };
}

export function requestOfUrl(search: URLSearchParams): Parsed {
  const json = (name: string): unknown => {
    const text = search.get(name);
    return text === null || text === '' ? undefined : JSON.parse(text);
  };
  try {
    return checked({ query: search.get('query') ?? undefined, operationName: search.get('operationName') ?? undefined, variables: json('variables'), extensions: json('extensions') });
  } catch {
    return { problem: 'variables and extensions must be JSON' };
  }
}
