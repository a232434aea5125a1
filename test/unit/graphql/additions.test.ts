/** What plugins add to the schema: what is accepted, and that policy, limits and errors are those of everything else. */
import type { ExecutionResult } from 'graphql';
import { beforeEach, describe, expect, it } from 'vitest';
import { CofferError } from '../../../kernel/errors.ts';
import type { Caller } from '../../../gateway/domain/api.ts';
import { type Addition, extendWithAdditions } from '../../../gateway/graphql/additions.ts';
import { createApi } from '../../../gateway/graphql/api.ts';
import { schema as core } from '../../../gateway/graphql/schema.ts';
import type { GraphqlAdditions } from '../../../strategies/spi/manifest.ts';
import { createFakeDomain, type FakeDomain } from '../../support/fake-domain.ts';
import { silentLog } from '../../../kernel/log.ts';

const sdl = `
  type Postgresql { cache(of: String! = "all", since: DateTime): PostgresqlCache  rows: [PostgresqlCache!] }
  type PostgresqlCache { hits: Int!  state: PostgresqlState  inner: PostgresqlCache }
  enum PostgresqlState { WARM COLD }
  input PostgresqlPurgeArguments { table: String!  states: [PostgresqlState!] = [COLD] }
`;
const actions = { purge: { description: 'Purges "it".', arguments: 'PostgresqlPurgeArguments' }, sync: { description: 'Syncs.' } };
const addition: Addition = { id: 'postgresql', title: 'PostgreSQL', graphql: { sdl, actions } };

describe('an addition', () => {
  const refusal = (graphql: unknown, id = 'my-engine'): string | undefined => extendWithAdditions(core, [{ id, title: 'Mine', graphql: graphql as GraphqlAdditions }]).refused.get(id);
  it('is accepted under its namespace', () => {
    expect(refusal({ sdl: 'type MyEngine { size: Int }', actions: { flush: { description: 'Flushes.' } } })).toBeUndefined();
    expect(refusal({ sdl: '', actions: {} })).toMatch(/Syntax Error/);
    expect(refusal({ sdl: '"nothing" enum MyEngineMode { A }', actions: { flush: { description: 'Flushes.' } } })).toBeUndefined();
    expect(refusal({ sdl: 'type MyEngine { old: Int @deprecated(reason: "gone") }' })).toBeUndefined();
  });
  it.each([
    ['that is no SDL', { sdl: 'type MyEngine {' }, /Syntax Error/],
    ['without one', { actions: {} }, /must have an sdl/],
    ['that is nothing', null, /must have an sdl/],
    ['with no actions where some are said', { sdl: 'type MyEngine { a: Int }', actions: null }, /actions must be an object/],
    ['with actions that are nothing', { sdl: 'type MyEngine { a: Int }', actions: { drop: null } }, /drop must have a description/],
    ['that is endless', { sdl: `#${'x'.repeat(70_000)}` }, /at most 65536 characters/],
    ['with a name outside its namespace', { sdl: 'type MyEngine { a: Theirs } type Theirs { a: Int }' }, /Theirs must begin with MyEngine/],
    ['that changes what is there', { sdl: 'extend type Query { all: Int }' }, /types, inputs and enums, and nothing else/],
    ['with a directive of its own', { sdl: 'directive @myEngine on FIELD' }, /nothing else/],
    ['with a scalar of its own', { sdl: 'scalar MyEngineBytes' }, /nothing else/],
    ['that joins an interface', { sdl: 'type MyEngine implements Node { id: ID }' }, /must not implement interfaces/],
    ['with a directive somewhere', { sdl: 'type MyEngine { a: Int @defer }' }, /no directive but @deprecated/],
    ['that promises an answer of a silent engine', { sdl: 'type MyEngine { a: Int! }' }, /MyEngine\.a must be nullable/],
    ['with arguments nobody answers', { sdl: 'type MyEngine { a: MyEngineA } type MyEngineA { b(c: Int): Int }' }, /MyEngineA\.b may have no arguments/],
    ['that reaches for types of the core', { sdl: 'type MyEngine { a: ApiToken }' }, /ApiToken is not one of MyEngine's types/],
    ['that takes types of the core', { sdl: 'type MyEngine { a(of: CreateInstanceInput): Int }' }, /CreateInstanceInput is not one of/],
    ['with a name twice', { sdl: 'type MyEngine { a: Int } type MyEngine { b: Int }' }, /There can be only one type named "MyEngine"|does not fit the schema/],
    ['with an action of a strange name', { sdl: 'type MyEngine { a: Int }', actions: { 'drop it': { description: 'x' } } }, /drop it must begin/],
    ['with an action without a description', { sdl: 'type MyEngine { a: Int }', actions: { drop: {} } }, /drop must have a description/],
    ['with an action whose input is not there', { sdl: 'type MyEngine { a: Int }', actions: { drop: { description: 'x', arguments: 'MyEngineDrop' } } }, /no input MyEngineDrop/],
    ['with an object where an input must be', { sdl: 'type MyEngine { a(of: MyEngine): Int }' }, /MyEngine/],
  ])('%s is refused, and why', (_what, graphql, reason) => expect(refusal(graphql)).toMatch(reason));
  it('whose namespace is taken is refused, and the schema is as it was', () => {
    expect(refusal({ sdl: 'type Status { a: Int }' }, 'status')).toMatch(/status/i);
    expect(refusal({ sdl: 'enum MyEngineUp { A }', actions: { instance: { description: 'x' } } }, 'create')).toMatch(/must begin with Create/);
    expect(refusal({ sdl: 'enum CreateUp { A }', actions: { instance: { description: 'x' } } }, 'create')).toMatch(/createInstance|CreateInstance/);
    const two = extendWithAdditions(core, [{ id: 'x', title: 'X', graphql: { sdl: 'type X { a: Int } type XY { a: Int }' } }, { id: 'x-y', title: 'XY', graphql: { sdl: 'type XY { b: Int }' } }]);
    expect([...two.refused.keys()]).toEqual(['x-y']);
    expect(two.schema.getType('X')).toBeDefined();
    expect(extendWithAdditions(core, [{ id: 'x', title: 'X', graphql: undefined as never }]).schema).toBe(core);
  });
});

describe('what was added', () => {
  const { schema, refused } = extendWithAdditions(core, [addition]);
  let fake: FakeDomain;
  let api: ReturnType<typeof createApi>;
  let id: string;
  const callerOf = (role: Caller['role'], projectId: string | null): Caller =>
    ({ tokenId: 't', tokenName: 't', role, projectId, actor: 'token:t', clientAddress: null, requestId: 'r', expiresAt: null });
  const ask = async (query: string, caller = callerOf('OPERATOR', null), variables: Record<string, unknown> = {}): Promise<any> => {
    const prepared = api.prepare({ query, variables }, caller);
    return prepared.kind === 'refused' ? { errors: prepared.errors } : ((await prepared.run()) as ExecutionResult);
  };
  beforeEach(() => {
    fake = createFakeDomain();
    api = createApi({ domain: fake.domain, feed: fake.feed, log: silentLog, serverVersion: '0', schema });
    ({ id } = fake.addInstance('one'));
  });

  it('is there', () => expect([...refused]).toEqual([]));
  it('a field is the plugin\'s answer, asked with its arguments', async () => {
    fake.answerPluginFields((asked) => ({ hits: JSON.stringify(asked).length, state: 'WARM' }));
    const asked = JSON.stringify({ datastore: 'postgresql', field: 'cache', args: { of: 'all' } });
    expect(await ask(`{ instance(by: { id: "${id}" }) { postgresql { cache { hits state inner { hits } } } } }`)).toEqual({ data: { instance: { postgresql: { cache: { hits: asked.length, state: 'WARM', inner: null } } } } });
    fake.answerPluginFields(({ args }) => [{ hits: Object.keys(args).length }]);
    expect((await ask(`query($n: String!) { instance(by: { id: "${id}" }) { postgresql { rows { hits } cache(of: $n) { hits } } } }`, undefined, { n: 'x' })).data.instance.postgresql.rows).toEqual([{ hits: 0 }]);
  });
  it('a field that does not keep its promise is null, and told with its place', async () => {
    fake.answerPluginFields(() => ({ hits: 'many' }));
    const { data, errors } = await ask(`{ instance(by: { id: "${id}" }) { name postgresql { cache { hits } } } }`);
    expect(data).toEqual({ instance: { name: 'one', postgresql: { cache: null } } });
    expect(errors).toEqual([expect.objectContaining({ message: 'Int cannot represent non-integer value: "many"', path: ['instance', 'postgresql', 'cache', 'hits'] })]);
  });
  it('a silent engine is told as everywhere', async () => {
    fake.setSilent(true);
    const { data, errors } = await ask(`{ instance(by: { id: "${id}" }) { name postgresql { cache { hits } } } }`);
    expect(data.instance).toEqual({ name: 'one', postgresql: { cache: null } });
    expect(errors[0].extensions.code).toBe('ENGINE.UNAVAILABLE');
  });
  it('a list that is longer than any page is refused', async () => {
    fake.answerPluginFields(() => Array.from({ length: 101 }, () => ({ hits: 1 })));
    const { data, errors } = await ask(`{ instance(by: { id: "${id}" }) { postgresql { rows { hits } } } }`);
    expect([data.instance.postgresql.rows, errors[0].extensions.code, errors[0].message]).toEqual([null, 'PLUGIN.FAILED', 'the answer for rows has a list of 101; 100 are allowed']);
  });
  it('lists are reckoned as pages, also those inside', async () => {
    const aliases = Array.from({ length: 60 }, (_, i) => `a${i}: rows { hits state inner { hits } }`).join(' ');
    const one = await ask(`{ instance(by: { id: "${id}" }) { postgresql { ${aliases} } } }`);
    expect(one.errors).toBeUndefined();
    const many = await ask(`{ instances(first: 2) { edges { node { postgresql { ${aliases} } } } } }`);
    expect(many.errors[0].extensions.code).toBe('REQUEST.LIMIT_EXCEEDED');
  });
  it('instances of another datastore have none of it', async () => {
    const other = fake.addInstance('other', undefined, { versionId: 'another' });
    expect(await ask(`{ instance(by: { id: "${other.id}" }) { name postgresql { cache { hits } } } }`)).toEqual({ data: { instance: { name: 'other', postgresql: null } } });
  });
  it('a list of instances with it costs what other live reads cost', async () => {
    const { errors } = await ask('{ instances(first: 100) { edges { node { postgresql { rows { hits } cache { hits } } } } } }');
    expect(errors[0].extensions.code).toBe('REQUEST.LIMIT_EXCEEDED');
  });

  const purge = (input: string): string => `mutation { postgresqlPurge(input: ${input}) { __typename ... on Error { code message } ... on PostgresqlPurgePayload { instance { name } operation { state } error { code } } } }`;
  it('an action is an operation on its instance', async () => {
    const { data, errors } = await ask(purge(`{ instanceId: "${id}", arguments: { table: "t" }, idempotencyKey: "k" }`));
    expect(errors).toBeUndefined();
    expect(data.postgresqlPurge).toEqual({ __typename: 'PostgresqlPurgePayload', instance: { name: 'one' }, operation: { state: 'RUNNING' }, error: null });
    expect(fake.calls).toContain(JSON.stringify({ datastore: 'postgresql', action: 'purge', args: { table: 't', states: ['COLD'] }, idempotencyKey: 'k' }));
    expect((await ask(`mutation { postgresqlSync(input: { instanceId: "${id}" }) { __typename } }`)).data).toEqual({ postgresqlSync: { __typename: 'PostgresqlSyncPayload' } });
  });
  it('an action with arguments that the SDL refuses is not asked for', async () => {
    const { errors } = await ask(purge(`{ instanceId: "${id}", arguments: { states: [HOT] } }`));
    expect(errors[0].message).toMatch(/table|HOT/);
    expect(fake.calls).toEqual([]);
  });
  it('an action while the store is away is told with its code, outside the union', async () => {
    fake.domain.engine.runPluginAction = async () => { throw new CofferError('STORE.UNAVAILABLE', 'the store is away'); };
    const { errors } = await ask(purge(`{ instanceId: "${id}", arguments: { table: "t" } }`));
    expect(errors[0].extensions.code).toBe('STORE.UNAVAILABLE');
  });
  it('those who may only look are refused, and a foreign project sees nothing', async () => {
    const [alpha, beta] = fake.projects;
    const input = `{ instanceId: "${id}", arguments: { table: "t" } }`;
    expect((await ask(purge(input), callerOf('VIEWER', alpha!.id))).data.postgresqlPurge).toMatchObject({ __typename: 'ForbiddenError', code: 'ACCESS.FORBIDDEN' });
    expect((await ask(purge(input), callerOf('EDITOR', beta!.id))).data.postgresqlPurge).toMatchObject({ __typename: 'NotFoundError', code: 'RESOURCE.NOT_FOUND' });
    expect((await ask(`{ instance(by: { id: "${id}" }) { postgresql { rows { hits } } } }`, callerOf('VIEWER', beta!.id))).data).toEqual({ instance: null });
  });
});
