import { createContext, runInContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, type Formula, type InstanceSize, isFormula, isProblem, leavesOf, longestFormula, parseFormula, unitProblem } from '../../../../gateway/domain/configuration/formula.ts';
import { convert } from '../../../../strategies/spi/parameter-values.ts';

const size: InstanceSize = { flavor: { vcpus: 0.5, memoryMb: 2048 }, volumeGb: 10 };
const read = (text: string): Formula => {
  const formula = parseFormula(text);
  if (isProblem(formula)) throw new Error(formula.problem);
  return formula;
};
const value = (text: string, unit: string | null = null): unknown => evaluate(read(text), size, unit);

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'us', 'ms', 's', 'min', 'h', 'd'];
const unit = fc.option(fc.constantFrom(...units));
const leaf: fc.Arbitrary<Formula> = fc.oneof(
  fc.record({ kind: fc.constant('number' as const), value: fc.oneof(fc.nat(1000), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })).map((n) => n + 0), unit }),
  fc.record({ kind: fc.constant('variable' as const), name: fc.constantFrom('memoryMb' as const, 'vcpus' as const, 'volumeGb' as const), unit }));
const { tree: anyFormula } = fc.letrec<{ tree: Formula }>((tie) => ({
  tree: fc.oneof({ maxDepth: 4, depthSize: 'small' }, leaf,
    fc.record({ kind: fc.constant('negate' as const), of: tie('tree') }),
    fc.record({ kind: fc.constant('binary' as const), operator: fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const, '//' as const), left: tie('tree'), right: tie('tree') }),
    fc.record({ kind: fc.constant('call' as const), name: fc.constantFrom('min' as const, 'max' as const), args: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) })),
}));

/** With no more parentheses than are needed, so that precedence is tried too. */
function print(formula: Formula, space = ''): string {
  const part = (inner: Formula, least: number): string => (strength(inner) < least ? `(${print(inner, space)})` : print(inner, space));
  switch (formula.kind) {
    case 'number': return `${formula.value}${formula.unit ?? ''}`;
    case 'variable': return `{${formula.name}}${formula.unit ?? ''}`;
    case 'negate': return `-${space}${part(formula.of, 3)}`;
    case 'binary': return [part(formula.left, strength(formula)), formula.operator, part(formula.right, strength(formula) + 1)].join(space);
    case 'call': return `${formula.name}(${formula.args.map((arg) => print(arg, space)).join(`,${space}`)})`;
  }
}
const strength = (formula: Formula): number => (formula.kind === 'binary' ? ('+-'.includes(formula.operator) ? 1 : 2) : formula.kind === 'negate' ? 3 : 4);

/** Numbers have some 15 good digits. */
const rounded = (number: number): number => (Math.abs(number) >= 1e15 ? number : Number(number.toPrecision(15)));

/** As a program of another kind reckons it; division by zero is not finite there. */
function reference(formula: Formula, own: string): number {
  switch (formula.kind) {
    case 'number': return formula.unit === null ? formula.value : convert(formula.value, formula.unit, own) ?? NaN;
    case 'variable': {
      const plain = { memoryMb: 2048, vcpus: 0.5, volumeGb: 10 }[formula.name];
      return formula.unit === null ? plain : convert(plain, formula.unit, own) ?? NaN;
    }
    case 'negate': return -reference(formula.of, own);
    case 'call': return formula.args.map((arg) => reference(arg, own)).reduce((a, b) => (formula.name === 'min' ? Math.min(a, b) : Math.max(a, b)));
    case 'binary': {
      const [a, b] = [reference(formula.left, own), reference(formula.right, own)];
      if (formula.operator.startsWith('/') && b === 0) return NaN;
      return { '+': a + b, '-': a - b, '*': a * b, '/': a / b, '//': Math.floor(rounded(a / b)) }[formula.operator];
    }
  }
}

describe('a formula', () => {
  it.each<[string, number]>([
    ['1 + 2 * 3', 7], ['(1 + 2) * 3', 9], ['10 - 3 - 2', 5], ['100 / 10 / 2', 5], ['7 // 2', 3], ['-7 // 2', -4], ['7 / 2', 3.5], ['--3', 3], ['2 * -3', -6], ['-2 + 3', 1],
    ['min(3, 1, 2)', 1], ['max(3, 1, 2)', 3], ['max(1)', 1], ['{memoryMb} * 0.25', 512], ['{ memoryMb }/{vcpus}', 4096], ['{volumeGb}', 10], ['max(100, {memoryMb} // 9)', 227], ['.5 * 4.', 2], ['1e3 * 2', 2000],
    ['0.29 * 100', 29],
  ])('%s is %d', (text, expected) => expect(value(text)).toBe(expected));
  it.each<[string, string, number]>([
    ['{memoryMb}MB / 4', '8kB', 65_536], ['{memoryMb} MB', 'MB', 2048], ['{memoryMb}MB * 0.25', 'B', 536_870_912], ['min({memoryMb}mb, 1GiB)', 'kB', 1_048_576], ['1min + 30s', 'ms', 90_000],
    ['5min', 's', 300], ['{vcpus}s', 'ms', 500], ['1GB / {memoryMb}MB', 'kB', 0.5], ['{memoryMb}', '8kB', 2048],
  ])('%s counted in %s is %d', (text, own, expected) => expect(value(text, own)).toBe(expected));
  it.each<[string, string]>([
    ['', 'ends where a number, a variable'], ['1 +', 'ends where a number'], ['1 2', 'with "2" at character 3, where an operator is expected'], ['(1', 'ends where an operator or ")"'], ['1)', 'with ")" at character 2'],
    ['max 1', 'where "(" is expected'], ['max()', 'with ")" at character 5'], ['{memory} * 2', 'with {memory}, and there are {memoryMb}, {vcpus}, {volumeGb} only'], ['{} * 2', 'with {}'], ['2 % 3', 'with "%" at character 3'], ['  é', 'with "é" at character 3'],
    ['1 * 5foo', 'with "foo" at character 6'], ['sqrt(4)', 'with "sqrt" at character 1'], ['MAX(1, 2)', 'with "MAX" at character 1'], ['1e999 * 1', 'that is not so large'], ['{memoryMb', 'with "{" at character 1'],
    ['process.exit(1)', 'with "." at character 8'], ['process(1)', 'with "process" at character 1'], [`${'('.repeat(21)}1${')'.repeat(21)}`, 'nested deeper than 20'], ['-'.repeat(30) + '1', 'nested deeper than 20'],
  ])('%j is none, and says where', (text, words) => expect(parseFormula(text)).toEqual({ problem: expect.stringContaining(words) as string }));
  it('may be so long and no longer', () => {
    expect(isProblem(parseFormula('1'.repeat(longestFormula)))).toBe(false);
    expect(parseFormula('1'.repeat(longestFormula + 1))).toEqual({ problem: 'must be a formula of at most 200 characters' });
  });
  it.each(['1 / 0', '1 // 0', '{memoryMb} / ({vcpus} - 0.5)', 'max(1, 2 / 0)'])('%s divides by zero', (text) => expect(value(text)).toEqual({ problem: 'has a formula that divides by zero' }));
  it.each(['1e200 * 1e200', '-(1e200 * 1e200)', '1e200*1e200 - 1e200*1e200'])('%s is too large', (text) => expect(value(text)).toEqual({ problem: 'has a formula whose result is too large' }));
  it('has units that its parameter counts in, or says so', () => {
    expect(unitProblem(read('{memoryMb}MB + 3'), '8kB')).toBeNull();
    expect(unitProblem(read('{memoryMb}MB + 3s'), '8kB')).toBe('has a formula with s, and is counted in 8kB');
    expect(unitProblem(read('{memoryMb}MB'), null)).toBe('has a formula with MB, and is a plain number');
    expect(value('3s', 'kB')).toEqual({ problem: 'has a formula with s, and is counted in kB' });
  });

  it('is read back as it was printed', () => {
    fc.assert(fc.property(anyFormula, fc.constantFrom('', ' ', '\t  '), (formula, space) => {
      const text = print(formula, space);
      if (text.length <= longestFormula) expect(parseFormula(text)).toEqual(formula);
    }), { numRuns: 2_000 });
  });
  it('is reckoned as another program would', () => {
    fc.assert(fc.property(anyFormula, fc.constantFrom('8kB', 'MB', 'ms'), (formula, own) => {
      const expected = reference(formula, own);
      const found = evaluate(formula, size, own);
      if (isProblem(found)) expect(expected).not.toSatisfy((number: number) => Number.isFinite(number) && !hasWrongUnit(formula, own));
      else expect(found).toBe(rounded(expected) + 0);
    }), { numRuns: 2_000 });
  });
  const hasWrongUnit = (formula: Formula, own: string): boolean => leavesOf(formula).some((one) => one.unit !== null && convert(1, one.unit, own) === null);
  it('has the precedence that the same text has in a language that people know', () => {
    const number = fc.integer({ min: 1, max: 9 }).map(String);
    const text = fc.letrec<{ sum: string }>((tie) => ({
      sum: fc.oneof({ maxDepth: 5 }, number, fc.tuple(tie('sum'), fc.constantFrom(' + ', ' - ', ' * '), tie('sum')).map((parts) => parts.join('')), tie('sum').map((inner) => `(${inner})`), tie('sum').map((inner) => `- ${inner}`)),
    })).sum.filter((one) => one.length <= longestFormula);
    const arithmetic = createContext({});
    fc.assert(fc.property(text, (one) => {
      const formula = parseFormula(one);
      if (!isProblem(formula)) expect(evaluate(formula, size)).toBe((runInContext(one, arithmetic) as number) + 0);
      else expect(formula.problem).toContain('nested deeper');
    }), { numRuns: 1_000 });
  });
  it('never throws, whatever it is and whoever it is for', () => {
    const pieces = fc.array(fc.constantFrom('{memoryMb}', '{vcpus}', '{', '}', '(', ')', 'min', 'max', ',', '+', '-', '*', '/', '//', '1', '0', '.5', 'e', 'MB', 's', ' ', '1e308'), { maxLength: 60 }).map((all) => all.join(''));
    const anySize = fc.record({ flavor: fc.record({ vcpus: fc.double(), memoryMb: fc.double() }), volumeGb: fc.double() });
    fc.assert(fc.property(fc.oneof(fc.string(), pieces), anySize, fc.option(fc.constantFrom('8kB', 'ms', 'nonsense')), (text, any, own) => {
      const formula = parseFormula(text);
      if (isProblem(formula)) return formula.problem.length > 0;
      const found = evaluate(formula, any, own);
      return isProblem(found) || Number.isFinite(found);
    }), { numRuns: 5_000 });
  });
});

describe('a value', () => {
  const of = (type: 'INTEGER' | 'NUMBER' | 'STRING' | 'BOOLEAN' | 'ENUM', given: unknown): boolean => isFormula({ type }, given);
  it.each(['{memoryMb}', '1 + 2', '2*3', '(4)', 'max(1,2)', '10-2', '1/2', '{nonsense', '1,000', '-1 - 1'])('%j for a number is a formula', (text) => {
    expect(of('INTEGER', text)).toBe(true);
    expect(of('NUMBER', text)).toBe(true);
  });
  it.each(['5', '-5', '+5', ' -5 ', '1e-3', '1E+3', '64MB', '64 MB', 'many', '', 5, -5, true, null])('%j for a number is none', (given) => expect(of('NUMBER', given)).toBe(false));
  it.each(['STRING', 'BOOLEAN', 'ENUM'] as const)('for %s is never one', (type) => expect(of(type, '{memoryMb} * 2')).toBe(false));
});
