import { describe, expect, it, vi } from 'vitest';
import type { Caller } from '../../../gateway/domain/api.ts';
import { bearerOf, clientAddressOf, createTrustedProxies } from '../../../gateway/http/client.ts';
import { createOperationNames } from '../../../gateway/http/metrics.ts';
import { acceptedOf, isJsonBody, requestOfBody, requestOfUrl } from '../../../gateway/http/negotiate.ts';
import { createSessions } from '../../../gateway/http/sessions.ts';

describe('the address of a client', () => {
  const proxies = createTrustedProxies(['10.0.0.0/8', '::1']);
  it.each([
    ['is the socket\'s', '203.0.113.9', undefined, '203.0.113.9'],
    ['is the socket\'s when nobody trusts it', '203.0.113.9', '1.2.3.4', '203.0.113.9'],
    ['is what a trusted proxy saw', '10.1.2.3', '1.2.3.4', '1.2.3.4'],
    ['is the first that no trusted proxy vouches for', '10.1.2.3', '6.6.6.6, 1.2.3.4, 10.9.9.9', '1.2.3.4'],
    ['is the proxy\'s when what it says is no address', '10.1.2.3', 'unknown', '10.1.2.3'],
    ['is written as IPv4 where it is one', '::ffff:10.1.2.3', '2001:db8::1', '2001:db8::1'],
    ['is unknown when the socket is gone', undefined, '1.2.3.4', null],
  ])('%s', (_name, socket, header, address) => expect(clientAddressOf(socket, header, proxies)).toBe(address));
});

describe('a bearer token', () => {
  it.each([['Bearer abc', 'abc'], ['bearer  a.b_c-d~e+f/g=', 'a.b_c-d~e+f/g='], ['Basic abc', null], ['Bearer ', null], ['Bearer a b', null], [`Bearer ${'x'.repeat(513)}`, null], [undefined, null], [{}, null]])('of %j is %j', (header, token) =>
    expect(bearerOf(header)).toBe(token));
});

describe('what a client accepts', () => {
  it.each([
    [undefined, { json: 'application/json', stream: false, html: false }],
    ['*/*', { json: 'application/json', stream: false, html: false }],
    ['application/graphql-response+json, application/json;q=0.9', { json: 'application/graphql-response+json', stream: false, html: false }],
    ['text/event-stream', { json: null, stream: true, html: false }],
    ['application/json; charset=iso-8859-1', { json: null, stream: false, html: false }],
    ['text/html,application/xhtml+xml,*/*;q=0.8', { json: 'application/json', stream: false, html: true }],
  ])('%s', (header, accepted) => expect(acceptedOf(header)).toEqual(accepted));
});

describe('a request', () => {
  it('is JSON by its type', () => {
    expect(['application/json', 'application/json; charset=utf-8', 'Application/JSON ; charset="UTF-8"'].map(isJsonBody)).toEqual([true, true, true]);
    expect([undefined, 'text/plain', 'application/json; charset=latin1', 'application/jsonp'].map(isJsonBody)).toEqual([false, false, false, false]);
  });
  it('is an object with a query', () => {
    expect(requestOfBody('{"query":"{a}","variables":null}')).toEqual({ request: { query: '{a}', operationName: null, variables: null } });
    for (const body of ['', '[]', '[{"query":"{a}"}]', '"x"', '{}', '{"query":1}', '{"query":"{a}","variables":[]}', '{"query":"{a}","operationName":1}', '{"query":"{a}","extensions":"x"}']) expect(requestOfBody(body)).toHaveProperty('problem');
    expect(requestOfUrl(new URLSearchParams('query={a}&variables={"a":1}'))).toEqual({ request: { query: '{a}', operationName: null, variables: { a: 1 } } });
    expect(requestOfUrl(new URLSearchParams('query={a}&variables={'))).toHaveProperty('problem');
  });
});

describe('names of operations as labels', () => {
  it('are so many and then "other"', () => {
    const label = createOperationNames(2);
    expect(['A', 'B', 'C', 'A', null, 'x'.repeat(65), 'with space'].map((name) => label(name))).toEqual(['A', 'B', 'other', 'A', 'anonymous', 'other', 'other']);
  });
});

describe('sessions', () => {
  const caller = (expiresAt: string | null): Caller => ({ tokenId: 'tok', tokenName: 'n', role: 'VIEWER', projectId: 'p', actor: 'a', clientAddress: null, requestId: 'r', expiresAt });
  const limits = { maxSubscriptionsPerToken: 2 };

  it('end when the token does, also when that is further away than a timer reaches', () => {
    vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z') });
    const ended: string[] = [];
    const sessions = createSessions(limits);
    sessions.open(caller('2026-03-01T00:00:00Z'), 'sse', (reason) => ended.push(reason));
    const closed = sessions.open(caller('2026-01-02T00:00:00Z'), 'sse', () => ended.push('closed before'));
    closed.close();
    vi.advanceTimersByTime(58 * 86_400_000);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(2 * 86_400_000);
    expect(ended).toEqual(['token-ended']);
    vi.useRealTimers();
  });

  it('count subscriptions over all connections of a token, and give them back', () => {
    const changes: number[] = [];
    const sessions = createSessions(limits, (_transport, change) => changes.push(change));
    const [one, two] = [sessions.open(caller(null), 'websocket', () => {}), sessions.open(caller(null), 'sse', () => {})];
    expect([one.openSubscription(), two.openSubscription(), two.openSubscription()]).toEqual([true, true, false]);
    one.closeSubscription();
    one.closeSubscription();
    expect(two.openSubscription()).toBe(true);
    two.close();
    two.close();
    one.close();
    expect(changes.reduce((sum, change) => sum + change, 0)).toBe(0);
  });

  it('end with the gateway, also those that come while it closes', async () => {
    const ended: string[] = [];
    const sessions = createSessions(limits);
    sessions.open(caller(null), 'sse', (reason) => ended.push(`early ${reason}`));
    sessions.endAll();
    sessions.open(caller(null), 'sse', (reason) => ended.push(`late ${reason}`));
    await Promise.resolve();
    expect(ended).toEqual(['early shutdown', 'late shutdown']);
  });
});
