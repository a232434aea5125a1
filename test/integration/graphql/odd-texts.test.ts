/** Texts that no store keeps are the caller's mistake, wherever they are put, and never an unexpected error. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { startStoreApi, type StoreApi } from '../../support/store-api.ts';

let postgres: TestPostgres;
let api: StoreApi;
beforeAll(async () => {
  postgres = await startTestPostgres();
  api = await startStoreApi(postgres);
});
afterAll(async () => {
  await api.close();
  await postgres.stop();
});

const first = { first: 1 };
describe('an odd text', () => {
  it.each<[string, string, object]>([
    ['NUL in an id', 'query($v: ID!) { instance(by: { id: $v }) { id } }', { v: 'inst_\u0000' }],
    ['NUL in a filter', 'query($v: String!) { instances(first: 1, filter: { name: $v }) { totalCount } }', { v: 'a\u0000' }],
    ['NUL in a tag to look for', 'query($v: String!) { instances(first: 1, filter: { tag: { key: "k", value: $v } }) { totalCount } }', { v: '\u0000' }],
    ['half a character in a tag to look for', 'query($v: String!) { instances(first: 1, filter: { tag: { key: "k", value: $v } }) { totalCount } }', { v: '\ud800' }],
    ['a cursor of another list', 'query($v: String!) { events(first: 1, after: $v) { totalCount } }', { v: Buffer.from('["name","inst_1"]').toString('base64url') }],
  ])('%s is an invalid input', async (_what, query, variables) => {
    const { body } = await api.post(query, { variables: { ...first, ...variables } });
    expect(body.errors?.[0]?.extensions?.code).toBe('INPUT.INVALID');
  });

  it('in an idempotency key, and a key without end, are refused as data', async () => {
    const create = 'mutation($key: String!) { createInstance(input: { name: "shop", datastore: "postgresql", flavor: "small", volume: { sizeGb: 1 }, idempotencyKey: $key }) { __typename ... on InvalidInputError { issues { path message } } } }';
    const { body } = await api.post(create, { variables: { key: 'x'.repeat(4_000) } });
    expect(body.data.createInstance).toEqual({ __typename: 'InvalidInputError', issues: [{ path: ['input', 'idempotencyKey'], message: 'at most 255 characters' }] });
  });
});
