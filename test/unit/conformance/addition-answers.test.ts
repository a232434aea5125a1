import { describe, expect, it } from 'vitest';
import { answerProblems } from '../../../strategies/conformance/addition-answers.ts';
import { subjectOf, staticChecks } from '../../../strategies/conformance/static.ts';
import type { GuestHalf } from '../../../strategies/spi/guest.ts';
import tiny from '../../fixtures/tiny-datastore/index.ts';

const sdl = `
  type Tiny { keys(of: Int!): TinyKeys  names: [String!]  since: DateTime }
  type TinyKeys { count: Int!  mode: TinyMode!  next: TinyKeys }
  enum TinyMode { FAST SLOW }
`;
const manifest = { ...tiny.manifest, graphql: { sdl, actions: { drop: { description: 'Drops.' } } } };

describe('an answer of a plugin', () => {
  const problems = (field: string, answer: unknown): string => answerProblems(manifest, field, answer).join('; ');
  it.each([['keys', { count: 1, mode: 'FAST' }], ['keys', { count: 1, mode: 'SLOW', next: { count: 2, mode: 'FAST', more: 1 } }], ['keys', null], ['names', ['a', 'b']], ['names', []], ['since', '2026-01-01T00:00:00Z']])(
    '%s as the SDL has it: %j', (field, answer) => expect(problems(field, answer)).toBe(''));
  it.each([
    ['keys', { count: 'x', mode: 'FAST' }, /keys\.count: Int cannot represent/], ['keys', { mode: 'FAST' }, /keys\.count: Cannot return null/], ['keys', { count: 1, mode: 'QUICK' }, /keys\.mode: Enum/],
    ['keys', { count: 1, mode: 'FAST', next: { count: 2 } }, /keys\.next\.mode/], ['names', 'a', /Expected Iterable/], ['names', [null], /names\.0/],
  ] as const)('%s that is not, and where: %j', (field, answer, reason) => expect(problems(field, answer)).toMatch(reason));
});

it('an SDL that ends with a comment is read to its end', () => {
  expect(answerProblems({ ...manifest, graphql: { sdl: 'type Tiny { since: DateTime } # and no more' } }, 'since', 'x')).toEqual([]);
});

describe('the static tier on additions', () => {
  const find = async (graphql: GuestHalf['graphql'], said: object = manifest): Promise<unknown> => {
    const guest = { ...(await tiny.guest()), graphql } as GuestHalf;
    return staticChecks.find(({ capability }) => capability === 'API')!.find(subjectOf({ ...tiny, manifest: said as typeof manifest }, guest, { databases: [], awkwardNames: [], systemNames: [] }));
  };
  const handler = async (): Promise<void> => {};
  it('is content with what is promised and answered', async () => {
    expect(await find({ fields: { keys: handler, names: handler, since: handler }, actions: { drop: handler } })).toEqual([]);
    expect(await find(undefined, tiny.manifest)).toEqual([]);
  });
  it('fails what is promised and not answered, and warns of what nobody can ask for', async () => {
    expect(await find({ fields: { keys: handler, names: handler, since: handler, more: handler } })).toEqual([
      { level: 'warning', text: 'the guest half has graphql.fields.more and manifest.graphql does not: nobody can ask for it' },
      { level: 'problem', text: 'the guest half has no graphql.actions.drop' },
    ]);
  });
  it('fails an SDL that the gateway would refuse', async () => {
    expect(await find(undefined, { ...manifest, graphql: { sdl: 'scalar Tiny' } })).toEqual([{ level: 'problem', text: 'manifest.graphql.sdl may hold types, inputs and enums, and nothing else' }]);
  });
});
