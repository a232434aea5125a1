import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';
import { openStream, type Result, type Transport } from '../../support/streams.ts';

let server: ApiServer;
beforeAll(async () => { server = await startApiServer({ port: 21110 }); });
afterAll(() => server.close());

type Way = Transport | 'http';
async function ask(way: Way, query: string, variables: Record<string, unknown> = {}): Promise<Result> {
  if (way === 'http') return (await server.post(query, { variables })).body as Result;
  const stream = openStream(way, server.url, server.token, query, variables);
  const answer = (await stream.next()) ?? { errors: await stream.ended };
  stream.stop();
  return answer as Result;
}

const deep = (levels: number): string => `{ instances { edges { node { ${'task { subject { ... on Instance { '.repeat(levels)} id ${'} } } '.repeat(levels)} } } } }`;
const doubling = (levels: number, leaf: string): string => {
  const fragments = Array.from({ length: levels }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`);
  return `{ ...F0 } ${fragments.join(' ')} fragment F${levels} on Query { ${leaf} }`;
};
const limit = 'REQUEST.LIMIT_EXCEEDED';
const invalid = 'REQUEST.INVALID';

const hostile: [string, string, string, Record<string, unknown>?][] = [
  ['too deep', deep(20), limit],
  ['too deep by a fragment named __schema', `query { ...__schema } fragment __schema on Query ${deep(20)}`, limit],
  ['too deep by a fragment named __type used twice', `query { viewer { actor } ...__type ...__type } fragment __type on Query ${deep(20)}`, limit],
  ['too deep by fragments in fragments', `{ instances { edges { node { ...A } } } } ${Array.from({ length: 12 }, (_, i) => `fragment ${String.fromCharCode(65 + i)} on Instance { task { subject { ...${String.fromCharCode(66 + i)} } } }`).join(' ')} fragment M on Instance { id }`, limit],
  ['a fragment that uses itself', '{ ...A } fragment A on Query { viewer { actor } ...A }', invalid],
  ['fragments in a circle', '{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } fragment C on Query { ...A viewer { actor } }', invalid],
  ['a circle through fields', '{ instances { edges { node { ...I } } } } fragment I on Instance { task { ...O } } fragment O on Operation { subject { ...I } }', invalid],
  ['a circle of fragments named __schema', '{ ...__schema } fragment __schema on Query { ...__type } fragment __type on Query { ...__schema }', invalid],
  ['doubling fragments with aliases', doubling(20, 'a: viewer { actor }'), limit],
  ['doubling fragments that cost much', doubling(20, 'instances { totalCount }'), limit],
  ['too many aliases', `{ viewer { ${Array.from({ length: 61 }, (_, i) => `a${i}: actor`).join(' ')} } }`, limit],
  ['too many aliases by a fragment used often', `{ ${'viewer { ...V } '.repeat(10)} } fragment V on Viewer { ${Array.from({ length: 7 }, (_, i) => `a${i}: actor`).join(' ')} }`, limit],
  ['too many root fields', `{ ${Array.from({ length: 21 }, (_, i) => `a${i}: __typename`).join(' ')} }`, limit],
  ['too many root fields in fragments', `{ ...R ...S } fragment R on Query { ${'viewer { actor } '.repeat(11)} } fragment S on Query { ${'viewer { role } '.repeat(11)} }`, limit],
  ['too many directives', `{ viewer { ${Array.from({ length: 41 }, () => 'actor @include(if: true)').join(' ')} } }`, limit],
  ['too many tokens', `{ viewer { ${'actor '.repeat(3_000)} } }`, limit],
  ['many tokens that are no document', '['.repeat(50_000), invalid],
  ['lists in lists', '{ instances(first: 100) { edges { node { operations(first: 100) { edges { node { children(first: 100) { edges { node { id } } } } } } } } } }', limit],
  ['lists in lists by variables', 'query ($n: Int) { instances(first: $n) { edges { node { operations(first: $n) { edges { node { id kind state step } } } } } } }', limit, { n: 100 }],
  ['a page too large', '{ instances(first: 101) { totalCount } }', 'INPUT.INVALID'],
  ['a page too large by a variable', 'query ($n: Int!) { instances(last: $n) { totalCount } }', 'INPUT.INVALID', { n: 1_000_000 }],
  ['a page too large by a default', 'query ($n: Int = 5000) { operations(first: $n) { totalCount } }', 'INPUT.INVALID'],
  ['a page of less than nothing', '{ events(first: -1) { totalCount } }', 'INPUT.INVALID'],
  ['too many ids', 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', 'INPUT.INVALID', { ids: Array.from({ length: 101 }, () => 'x') }],
  ['introspection in circles', '{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }', invalid],
  ['introspection in circles by a fragment named __schema', '{ __schema { types { ...__schema } } } fragment __schema on __Type { fields { type { fields { type { fields { name } } } } } }', invalid],
  ['introspection many times over', `{ ${Array.from({ length: 19 }, (_, i) => `s${i}: __schema { types { fields { name args { name type { name ofType { name } } } type { name } } inputFields { name } enumValues { name } } }`).join(' ')} }`, limit],
  ['a document without an operation', 'fragment A on Query { viewer { actor } }', invalid],
  ['two keys where one is wanted', '{ instance(by: { id: "x", name: { name: "y" } }) { id } }', invalid],
  ['two keys by a variable where one is wanted', 'query ($by: LookupInput!) { instance(by: $by) { id } }', invalid, { by: { id: 'x', name: { name: 'y' } } }],
  ['no key by a variable where one is wanted', 'query ($by: LookupInput!) { instance(by: $by) { id } }', invalid, { by: {} }],
];

describe.each<Way>(['http', 'websocket', 'sse'])('over %s', (way) => {
  it.each(hostile)('%s is refused, quickly and before anything is done', async (_name, query, code, variables) => {
    server.fake.calls.length = 0;
    const startedAt = performance.now();
    const answer = await ask(way, query, variables);
    expect(answer.errors?.map((error) => error.extensions?.code)).toContain(code);
    expect(answer.data ?? null).toBeNull();
    expect(server.fake.calls).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('the introspection query of tools is answered', async () => {
    const query = getIntrospectionQuery({ descriptions: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, specifiedByUrl: true, oneOf: true });
    expect((await ask(way, query)).data.__schema.types.length).toBeGreaterThan(50);
  });

  it('an ordinary deep and wide query is answered', async () => {
    const query = `{ instances(first: 100) { totalCount edges { cursor node { id name status project { name } datastoreVersion { name datastore { name } } flavor { name vcpus memoryMb }
      volume { sizeGb type { name } } conditions { type status message } endpoints { role uri tls } task { id kind progress steps { name state } } tags { key value } } } pageInfo { hasNextPage } } }`;
    expect((await ask(way, query)).errors).toBeUndefined();
  });
});

describe('limits', () => {
  it('are what the viewer is told', async () => {
    const { body } = await server.post('{ viewer { limits { tokens depth aliases rootFields directives cost listSize bodyBytes subscriptionsPerConnection subscriptionsPerToken } } }');
    expect(body.data.viewer.limits).toMatchObject({ tokens: 2_000, depth: 16, listSize: 100 });
  });

  it('can be other ones', async () => {
    const narrow = await startApiServer({ port: 21111, limits: { maxDepth: 1 } });
    const { body } = await narrow.post('{ viewer { actor } }');
    await narrow.close();
    expect(body.errors[0].message).toContain('nests 2 levels; 1 are allowed');
  });
});
