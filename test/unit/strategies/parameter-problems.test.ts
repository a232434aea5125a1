import { describe, expect, it } from 'vitest';
import { catalogueProblem, mostParameters } from '../../../strategies/parameter-problems.ts';
import { catalogue } from '../../support/parameter-catalogue.ts';

const size = catalogue[0]!;
const word = catalogue.find(({ type }) => type === 'ENUM')!;
const text = catalogue.find(({ type }) => type === 'STRING')!;

describe('a catalogue of parameters', () => {
  it('that is right has no problem', () => {
    expect(catalogueProblem(catalogue)).toBeNull();
    expect(catalogueProblem([])).toBeNull();
    expect(catalogueProblem([{ ...size, default: '1', min: 16 }, { ...text, default: '' }, { ...word, default: '', allowed: ['', 'v1'], laterField: 1 }])).toBeNull();
  });
  it.each<[unknown, RegExp]>([
    [null, /must answer a list/], [{ 0: size, length: 1 }, /must answer a list/], [Array.from({ length: mostParameters + 1 }), /at most 5000/], [[null], /parameter 0 must have a name/], [['x'], /parameter 0 must have a name/], [[size, size], /page_cache is there twice/],
  ])('%j is none', (answer, problem) => expect(catalogueProblem(answer)).toMatch(problem));
  it.each<[object, RegExp]>([
    [{ name: '' }, /^parameters: parameter 0 must have a name/], [{ name: 'a b' }, /without spaces/], [{ name: 'a\u0000' }, /without spaces/], [{ name: 'x'.repeat(101) }, /at most 100/], [{ name: 7 }, /must have a name/],
    [{ type: 'SIZE' }, /page_cache must have a type of BOOLEAN/], [{ unit: 'parsec' }, /unit such as/], [{ unit: undefined }, /unit such as/], [{ unit: 8 }, /unit such as/],
    [{ min: '1' }, /min and max/], [{ max: Infinity }, /min and max/], [{ min: undefined }, /min and max/], [{ min: 3, max: 2 }, /min above its max/], [{ allowed: ['1'] }, /if it is an ENUM, else null/], [{ allowed: undefined }, /if it is an ENUM, else null/],
    [{ apply: 'LATER' }, /apply of LIVE/], [{ description: '' }, /description of at most/], [{ description: null }, /description of at most/], [{ description: 'x'.repeat(2001) }, /description of at most/], [{ owned: '' }, /owned that says why/], [{ warning: true }, /warning that says why/],
    [{ default: '128MB' }, /canonical, not "128MB"/], [{ default: 16384 }, /default that is a text or null/], [{ default: undefined }, /default that is a text or null/], [{ default: 'many' }, /canonical, not "many"/],
  ])('with a number that has %j says what is wrong', (change, problem) => expect(catalogueProblem([{ ...size, ...change }])).toMatch(problem));
  it.each<[object, RegExp]>([[{ allowed: [] }, /different texts/], [{ allowed: null }, /different texts/], [{ allowed: ['a', 'a'] }, /different texts/], [{ allowed: ['a', 1] }, /different texts/], [{ unit: 'kB' }, /unit such as/], [{ min: 1 }, /null if it is no number/], [{ default: 'ON' }, /canonical/], [{ default: 'nope' }, /canonical/]])(
    'with a choice that has %j says what is wrong', (change, problem) => expect(catalogueProblem([{ ...word, ...change }])).toMatch(problem));
  it('tells the first few of many', () => {
    const broken = Array.from({ length: 10 }, (_, i) => ({ ...size, name: `p${i}`, type: 'X' }));
    expect(catalogueProblem(broken)!.match(/p\d/g)).toEqual(['p0', 'p1', 'p2']);
  });
});
