import { buildSchema, getOperationAST, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { judgeCost } from '../../../gateway/graphql/cost.ts';
import { shapeErrors } from '../../../gateway/graphql/document-limits.ts';
import { type Limits, limitsWith } from '../../../gateway/graphql/limits.ts';
import { schema } from '../../../gateway/graphql/schema.ts';

function costOf(source: string, variables: Record<string, unknown> = {}): number {
  const document = parse(source);
  const { errors } = judgeCost(schema, document, getOperationAST(document)!, variables, limitsWith({ maxCost: -1, maxIntrospectionCost: Infinity }));
  return Number(/about (\d+) fields/.exec(errors.at(-1)!.message)?.[1]);
}
const shape = (source: string, limits: Partial<Limits>): string[] => shapeErrors(parse(source), limitsWith(limits)).map((error) => error.message);

describe('the cost of an operation', () => {
  it('grows with the page', () => {
    const list = (args: string): string => `query ($n: Int) { instances${args} { edges { node { name } } } }`;
    expect(costOf(list('(first: 100)')) - 10).toBe((costOf(list('(first: 10)')) - 10) * 10);
    expect(costOf(list('(first: $n)'), { n: 50 })).toBe(costOf(list('(last: 50)')));
    expect(costOf(list(''))).toBe(costOf(list('(first: 20)')));
  });

  it('takes the larger of two sizes, whatever came first', () => {
    expect(costOf('{ instances(first: 1, last: 50) { totalCount } }')).toBe(costOf('{ instances(last: 50) { totalCount } }'));
  });

  it('is the same by way of fragments, whatever they are called', () => {
    const plain = costOf('{ instances { edges { node { name status task { kind } } } } }');
    expect(costOf('{ ...__schema } fragment __schema on Query { instances { ...C } } fragment C on InstanceConnection { edges { node { ... on Instance { name status ...T } } } } fragment T on Instance { task { kind } }')).toBe(plain);
  });

  it('counts what costs a call for more', () => {
    expect(costOf('{ instances(first: 1) { edges { node { databases(first: 1) { totalCount } } } } }')).toBeGreaterThan(100);
  });

  it('is measured in no time for a document that expands without end', () => {
    const levels = Array.from({ length: 200 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`).join(' ');
    const startedAt = performance.now();
    expect(costOf(`{ ...F0 } ${levels} fragment F200 on Query { viewer { actor } }`)).toBeNaN();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('can be remembered unless a size is a variable', () => {
    const verdict = (source: string) => judgeCost(schema, parse(source), getOperationAST(parse(source))!, {}, limitsWith());
    expect(verdict('query ($by: LookupInput!) { instance(by: $by) { id } }').dependsOnVariables).toBe(false);
    expect(verdict('query ($n: Int) { instances(first: $n) { totalCount } }').dependsOnVariables).toBe(true);
    expect(verdict('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }').dependsOnVariables).toBe(true);
  });
});

describe('the shape of a document', () => {
  it('is as deep as its deepest operation or fragment, used or not', () => {
    expect(shape('{ viewer { limits { depth } } }', { maxDepth: 3 })).toEqual([]);
    expect(shape('{ viewer { actor } } fragment Unused on Query { viewer { limits { depth } } }', { maxDepth: 2 })).toEqual(['the document nests 3 levels; 2 are allowed']);
    expect(shape('{ viewer { ...on Viewer { ...on Viewer { actor } } } }', { maxDepth: 2 })).toEqual([]);
  });

  it('does not end in a circle of fragments', () => {
    expect(shape('{ ...A } fragment A on Query { viewer { ...B } } fragment B on Viewer { ...B actor }', { maxDepth: 10 })).toEqual([]);
  });

  it('counts aliases as often as a fragment is used, and directives everywhere', () => {
    expect(shape('{ a: viewer { ...V } b: viewer { ...V } } fragment V on Viewer { x: actor y: role }', { maxAliases: 5 })).toEqual(['the document has 8 aliases; 5 are allowed']);
    expect(shape('query @a { viewer @b { actor @c ...V @d } } fragment V on Viewer @e { role }', { maxDirectives: 4 })).toEqual(['the document has 5 directives; 4 are allowed']);
  });
});

describe('the estimate of another schema', () => {
  it('does not need connections to be marked by name', () => {
    const plain = buildSchema('type Query { things: [Thing!]! } type Thing { id: ID! others: [Thing!]! }');
    const document = parse('{ things { others { others { id } } } }');
    const { errors } = judgeCost(plain, document, getOperationAST(document)!, {}, limitsWith({ maxCost: 100 }));
    expect(errors).toHaveLength(1);
  });
});
