/** The compiled reading of a query against graphql-js: same data in the same order, same errors in the same places. */
import fc from 'fast-check';
import {
  buildSchema, type ExecutionResult, executeRootSelectionSet, getOperationAST, type GraphQLObjectType, parse, validate, type ValidatedExecutionArgs, validateExecutionArgs,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { createContext } from '../../../gateway/graphql/context.ts';
import { fragmentsOf } from '../../../gateway/graphql/document-limits.ts';
import { compileQuery } from '../../../gateway/graphql/execution/compile-query.ts';
import { createQueryExecutor, executeCompiled } from '../../../gateway/graphql/execution/execute-query.ts';
import { limitsWith } from '../../../gateway/graphql/limits.ts';
import { schema as api } from '../../../gateway/graphql/schema.ts';
import { createFakeDomain } from '../../support/fake-domain.ts';

const schema = buildSchema(`
  enum Colour { RED GREEN }
  input Pick @oneOf { a: Int b: String }
  interface Thing { id: ID! }
  type Query implements Thing {
    id: ID!  text: String  number: Int  real: Float!  colour: Colour  yes: Boolean
    say(x: Int = 3, words: [String!], pick: Pick, colour: Colour): String
    one: Query  sure: Query!  many: [Query]  firm: [Query!]!  texts: [String]  sureTexts: [String!]  grid: [[Query]]
    thing: Thing
  }`);
type Behaviour = (seed: number) => 'value' | 'null' | 'throw' | 'async' | 'reject' | 'async-null' | 'error';

const hash = (text: string): number => {
  let value = 2_166_136_261;
  for (const char of text) value = Math.imul(value ^ char.charCodeAt(0), 16_777_619);
  return value >>> 0;
};
const leaves: Record<string, (seed: number) => unknown> = {
  id: (seed) => seed, text: (seed) => `t${seed % 9}`, number: (seed) => seed % 100, real: (seed) => seed / 3, colour: (seed) => (seed % 5 === 0 ? 'BLUE' : 'RED'), yes: (seed) => seed % 2 === 0,
};
function valueOf(name: string, seed: number, args: object): unknown {
  const child = (index: number): object => ({ seed: hash(`${seed}:${index}`) });
  const items = Array.from({ length: seed % 4 }, (_, index) => index);
  const item = (index: number): unknown => { const own = hash(`${seed}.${index}`); return own % 7 === 0 ? null : own % 11 === 0 ? new Error(`item ${index}`) : child(index); };
  if (name in leaves) return leaves[name]!(seed);
  if (name === 'say') return JSON.stringify(args);
  if (name === 'many') return items.map((index) => (hash(`${seed}?${index}`) % 3 === 0 ? Promise.resolve(item(index)) : item(index)));
  if (name === 'firm') return items.map(item);
  if (name === 'grid') return items.map((index) => [child(index), null, child(index + 9)]);
  if (name === 'texts' || name === 'sureTexts') return items.map((index) => (hash(`${seed}-${index}`) % 5 === 0 ? null : `w${index}`));
  return child(0);
}
function wire(behaviour: Behaviour): void {
  for (const field of Object.values((schema.getType('Query') as GraphQLObjectType).getFields())) {
    field.resolve = (source: { seed: number } | undefined, args: object) => {
      const seed = hash(`${source?.seed ?? 1}/${field.name}/${JSON.stringify(args)}`);
      const value = (): unknown => valueOf(field.name, seed, args);
      switch (behaviour(seed)) {
        case 'null': return null;
        case 'throw': throw new Error(`thrown at ${field.name}`);
        case 'error': return new Error(`returned at ${field.name}`);
        case 'async': return Promise.resolve(value());
        case 'async-null': return Promise.resolve(null);
        case 'reject': return Promise.reject(new Error(`rejected at ${field.name}`));
        default: return value();
      }
    };
  }
}

const validated = (source: string, variables: Record<string, unknown> = {}): ValidatedExecutionArgs => {
  const args = validateExecutionArgs({ schema, document: parse(source), variableValues: variables });
  if ('length' in args) throw args[0];
  return args;
};
const compiledOf = (args: ValidatedExecutionArgs) => compileQuery(args.schema, args.operation, fragmentsOf(args.document));
const flat = (result: ExecutionResult) => ({ data: JSON.stringify(result.data), errors: (result.errors ?? []).map((error) => JSON.stringify(error.toJSON())).sort() });
async function both(args: ValidatedExecutionArgs) {
  const compiled = compiledOf(args);
  if (!compiled) throw new Error('not compiled');
  return { ours: flat(await executeCompiled(compiled, args)), theirs: flat(await executeRootSelectionSet(args)) };
}

/** Documents of every form that is compiled: aliases, repeats that merge, fragments of both kinds in each other. */
const alias = fc.constantFrom('', '', 'x: ', 'y: ');
const leafField = fc.tuple(alias, fc.constantFrom('id', 'text', 'number', 'real', 'colour', 'yes', 'texts', 'sureTexts', '__typename', 'say', 'say(x: 1)', 'say(x: $n, words: ["a", $w])', 'say(pick: { a: 2 }, colour: GREEN)', 'say(pick: $pick)')).map((parts) => parts.join(''));
const { set } = fc.letrec<{ set: string; selection: string }>((tie) => ({
  set: fc.array(tie('selection'), { minLength: 1, maxLength: 4 }).map((parts) => `{ ${parts.join(' ')} }`),
  selection: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leafField,
    fc.constantFrom('...F', '...G'),
    fc.tuple(alias, fc.constantFrom('one', 'sure', 'many', 'firm', 'grid'), tie('set')).map((parts) => parts.join(' ')),
    fc.tuple(fc.constantFrom('...', '... on Query', '... on Thing'), fc.constantFrom('{ id }', '{ id __typename }')).map((parts) => parts.join(' ')),
    tie('set').map((inner) => `... on Query ${inner}`),
  ),
}));
const documents = set.map((body) => `query Q($n: Int, $w: String = "v", $pick: Pick) ${body} fragment F on Query { text one { ...G number } x: id } fragment G on Thing { id ... on Query { firm { real } } }`);
const variables = fc.record({ n: fc.option(fc.integer({ min: -5, max: 5 })), pick: fc.constantFrom({ a: 1 }, { b: 'c' }) });

/** Enough to have found every fault put in on purpose; many more were run once. */
const runs = 150;
const timeoutMs = 30_000;

function checkAll(behaviour: Behaviour, compare: (result: Awaited<ReturnType<typeof both>>) => void) {
  let compared = 0;
  wire(behaviour);
  return fc.assert(fc.asyncProperty(documents, variables, async (source, given) => {
    const errors = validate(schema, parse(source)).filter((error) => !/never used/.test(error.message));
    fc.pre(errors.length === 0);
    compare(await both(validated(source, given)));
    compared += 1;
  }), { numRuns: runs, maxSkipsPerRun: 400 }).then(() => compared);
}

describe('a compiled query answers as graphql-js does', () => {
  it('where all goes well, now and later', async () => {
    expect(await checkAll((seed) => (seed % 3 === 0 ? 'async' : 'value'), ({ ours, theirs }) => expect(ours).toEqual(theirs))).toBeGreaterThan(100);
  }, timeoutMs);

  it('where fields are null, fail and hand their failures up, all at once', async () => {
    const behaviour: Behaviour = (seed) => (['value', 'value', 'value', 'null', 'throw', 'error', 'value'] as const)[seed % 7]!;
    await checkAll(behaviour, ({ ours, theirs }) => {
      expect(ours.data).toBe(theirs.data);
      expect(ours.errors).toEqual(theirs.errors);
    });
  }, timeoutMs);

  it('where failures race: the data is the same, and what failed is told', async () => {
    const behaviour: Behaviour = (seed) => (['value', 'async', 'async', 'async-null', 'reject', 'throw', 'async', 'value', 'value'] as const)[seed % 9]!;
    await checkAll(behaviour, ({ ours, theirs }) => {
      expect(ours.data).toBe(theirs.data);
      expect(ours.errors.length > 0).toBe(theirs.errors.length > 0);
      if (theirs.errors.length === 1) expect(ours.errors).toEqual(theirs.errors);
    });
  }, timeoutMs);
});

describe('variables', () => {
  it('are coerced by graphql-js, so that two keys are refused where one is wanted', () => {
    const source = 'query ($pick: Pick) { say(pick: $pick) }';
    expect(() => validated(source, { pick: { a: 1, b: 'x' } })).toThrow('OneOf');
    expect(() => validated(source, { pick: {} })).toThrow('OneOf');
  });

  it('of an argument that fails are told at the field', async () => {
    wire(() => 'value');
    const { ours, theirs } = await both(validated('query ($w: String) { say(words: [$w]) text }', { w: null }));
    expect(ours).toEqual(theirs);
    expect(ours.errors).toHaveLength(1);
  });
});

describe('what is not compiled', () => {
  it.each([
    ['@skip and @include', 'query ($a: Boolean!) { text @skip(if: $a) id @include(if: $a) }', { a: true }],
    ['a fragment that is skipped', 'query ($a: Boolean!) { ...F @skip(if: $a) } fragment F on Query { id }', { a: false }],
    ['introspection', '{ __schema { queryType { name } } }', {}],
    ['an interface', '{ thing { id } }', {}],
    ['a key that is the prototype of an object', '{ __proto__: text }', {}],
  ])('is left to graphql-js and answered all the same: %s', async (_name, source, given) => {
    wire(() => 'value');
    (schema.getType('Query') as GraphQLObjectType).getFields()['thing']!.resolve = () => ({ __typename: 'Query', seed: 3 });
    const args = validated(source, given);
    expect(compiledOf(args)).toBeNull();
    const execute = createQueryExecutor();
    const expected = flat(await executeRootSelectionSet(args));
    for (let use = 0; use < 5; use += 1) expect(flat(await execute(args))).toEqual(expected);
  });

  it('are mutations and subscriptions', () => {
    for (const source of ['mutation { createProject(input: { name: "x" }) { __typename } }', 'subscription { events { id } }']) {
      const document = parse(source);
      expect(compileQuery(api, getOperationAST(document)!, fragmentsOf(document))).toBeNull();
    }
  });
});

describe('the API', () => {
  const fake = createFakeDomain();
  for (let index = 0; index < 25; index += 1) {
    const instance = fake.addInstance(`i${index}`, fake.projects[index % 2]);
    const { steps: _steps, ...task } = fake.addOperation(instance, 'instance.start');
    if (index % 3 === 0) fake.instances.set(instance.id, { ...instance, task, fault: { code: 'INTERNAL', message: 'm', at: '2026-01-01T00:00:00.000Z', operationId: task.id }, tags: [{ key: 'a', value: 'b' }] });
  }
  const first = [...fake.instances.keys()][0]!;
  const caller = { tokenId: 't', tokenName: 'n', role: 'OPERATOR', projectId: null, actor: 'token:n', clientAddress: null, requestId: 'r', expiresAt: null } as const;
  const node = `id name status intent build revision createdAt deletedAt volume { sizeGb usedBytes type { name } } flavor { name vcpus memoryMb } project { id name }
    datastoreVersion { name endOfLife capabilities datastore { name plugin { maturity } versions(first: 1) { totalCount edges { node { name } } } } } task { id kind progress steps { name state } fault { code } parent { id } }
    fault { code operation { id state } } conditions { type status since } endpoints { role port uri tls } tags { key value } maintenance { day } capabilities databases { edges { node { name sizeBytes } } }`;
  const corpus: [string, string, Record<string, unknown>?][] = [
    ['a list', `query ($n: Int) { instances(first: $n) { totalCount pageInfo { hasNextPage startCursor endCursor } edges { cursor node { ${node} } } } }`, { n: 20 }],
    ['one instance', `query ($id: ID!) { instance(by: { id: $id }) { ...N } } fragment N on Instance { ${node} ... on Node { id } }`, { id: first }],
    ['one that is not there', 'query ($by: LookupInput!) { instance(by: $by) { id } }', { by: { name: { name: 'nobody' } } }],
    ['the viewer', '{ viewer { actor role project { name } limits { depth } serverVersion } system { version plugins { name } } }'],
    ['the catalogue', '{ flavors { id name } volumeTypes { id } datastores { edges { node { id versions { edges { node { id source { kinds builds { id } } flavors { name } absentCapabilities { reason } } } } } } } }'],
    ['operations and events', '{ operations(first: 5) { edges { node { id kind state steps { title } children { totalCount } } } } events { totalCount } projects { edges { node { name tokens { totalCount } } } } }'],
  ];

  it.each(corpus)('has its hot reads compiled, and answered the same: %s', async (_name, source, given = {}) => {
    for (const silent of [false, true]) {
      fake.setSilent(silent);
      const make = (): ValidatedExecutionArgs => {
        const contextValue = createContext({ domain: fake.domain, feed: fake.feed, limits: limitsWith(), serverVersion: '1' }, caller);
        const args = validateExecutionArgs({ schema: api, document: parse(source), variableValues: given, contextValue });
        if ('length' in args) throw args[0];
        return args;
      };
      expect(validate(api, parse(source))).toEqual([]);
      const args = make();
      const compiled = compiledOf(args);
      expect(compiled).not.toBeNull();
      expect(flat(await executeCompiled(compiled!, args))).toEqual(flat(await executeRootSelectionSet(make())));
    }
  });
});
