import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';

let server: ApiServer;
beforeAll(async () => { server = await startApiServer({ port: 21101 }); });
afterAll(() => server.close());

const authorized: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('authorization', `Bearer ${server.token}`);
  return fetch(input, { ...init, headers });
};
const audits = serverAudits({ url: () => server.url, fetchFn: authorized });

describe('the live server and GraphQL over HTTP', () => {
  it('is audited in 61 ways', () => expect(audits).toHaveLength(61));

  it.each(audits.map((audit) => [`${audit.id} ${audit.name}`, audit] as const))('%s', async (_name, audit) => {
    const result = await audit.fn();
    expect(result.status === 'ok' ? null : result.reason).toBeNull();
  });
});
