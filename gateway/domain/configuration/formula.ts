/**
 * Formulas over the size of an instance, as a group's values may be: `{memoryMb}MB / 4`, `max(100, {vcpus} * 50)`. Small on
 * purpose, read by hand, never run as a program. Pure; nothing here throws.
 *
 *   sum     = product { ("+" | "-") product }
 *   product = signed { ("*" | "/" | "//") signed }            "//" divides and rounds down
 *   signed  = "-" signed | primary
 *   primary = (number | variable) [ unit ] | ("min" | "max") "(" sum { "," sum } ")" | "(" sum ")"
 *   variable = "{memoryMb}" | "{vcpus}" | "{volumeGb}"
 *
 * What is followed by a unit is that size or time, counted in the unit of the parameter; everything else is as it stands.
 */
import type { SizingInput } from '../../../strategies/spi/control.ts';
import { convert, tidy, unitNamed } from '../../../strategies/spi/parameter-values.ts';
import type { ParameterSpec } from '../../../strategies/spi/parameters.ts';

export type InstanceSize = Omit<SizingInput, 'track'>;
const variables = ['memoryMb', 'vcpus', 'volumeGb'] as const;
export type Variable = (typeof variables)[number];
export type Leaf = { kind: 'number'; value: number; unit: string | null } | { kind: 'variable'; name: Variable; unit: string | null };
export type Formula =
  | Leaf
  | { kind: 'negate'; of: Formula }
  | { kind: 'binary'; operator: '+' | '-' | '*' | '/' | '//'; left: Formula; right: Formula }
  | { kind: 'call'; name: 'min' | 'max'; args: readonly Formula[] };
/** The end of a sentence that begins with the parameter's name or "The formula". */
export interface FormulaProblem { problem: string }

export const longestFormula = 200;
const deepestFormula = 20;

export const isProblem = (outcome: object | number | string): outcome is FormulaProblem => typeof outcome === 'object' && 'problem' in outcome;

/**
 * A value is a formula, and not a number written as text, when its parameter is a number and it has a brace, a parenthesis, a
 * comma, an operator, or a sign that is not its first character. "-5", "1e-3" and "64MB" are none.
 */
export function isFormula(spec: Pick<ParameterSpec, 'type'>, value: unknown): value is string {
  if ((spec.type !== 'INTEGER' && spec.type !== 'NUMBER') || typeof value !== 'string') return false;
  const text = value.trim();
  return /[{}()*/,]|[^][+-]/.test(text) && !/^[+-]?[\d.]+e[+-]?\d+$/i.test(text);
}

export function parseFormula(text: string): Formula | FormulaProblem {
  if (text.length > longestFormula) return { problem: `must be a formula of at most ${longestFormula} characters` };
  const tokens = tokensOf(text);
  if (isProblem(tokens)) return tokens;
  try {
    return parse(tokens);
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message };
    throw error;
  }
}

/** `unit` is that of the parameter. */
export function evaluate(formula: Formula, size: InstanceSize, unit: string | null = null): number | FormulaProblem {
  const value = reckon(formula, size, unit);
  if (isProblem(value)) return value;
  return Number.isFinite(value) ? tidy(value) + 0 : { problem: 'has a formula whose result is too large' };
}

/** Its numbers and variables, from left to right. */
export function leavesOf(formula: Formula): Leaf[] {
  switch (formula.kind) {
    case 'number': case 'variable': return [formula];
    case 'negate': return leavesOf(formula.of);
    case 'binary': return [...leavesOf(formula.left), ...leavesOf(formula.right)];
    case 'call': return formula.args.flatMap(leavesOf);
  }
}

/** Of units that the parameter does not count in. */
export function unitProblem(formula: Formula, unit: string | null): string | null {
  const wrong = leavesOf(formula).find((leaf) => leaf.unit !== null && convert(1, leaf.unit, unit) === null);
  return wrong ? wrongUnit(wrong.unit!, unit) : null;
}
const wrongUnit = (given: string, unit: string | null): string =>
  unit === null ? `has a formula with ${given}, and is a plain number` : `has a formula with ${given}, and is counted in ${unit}`;

function reckon(formula: Formula, size: InstanceSize, unit: string | null): number | FormulaProblem {
  switch (formula.kind) {
    case 'number': return counted(formula.value, formula.unit, unit);
    case 'variable': return counted(formula.name === 'volumeGb' ? size.volumeGb : size.flavor[formula.name], formula.unit, unit);
    case 'negate': {
      const of = reckon(formula.of, size, unit);
      return isProblem(of) ? of : -of;
    }
    case 'call': {
      const args = formula.args.map((arg) => reckon(arg, size, unit));
      return args.find(isProblem) ?? Math[formula.name](...args as number[]);
    }
    case 'binary': {
      const [left, right] = [reckon(formula.left, size, unit), reckon(formula.right, size, unit)];
      if (isProblem(left)) return left;
      return isProblem(right) ? right : apply(formula.operator, left, right);
    }
  }
}

function counted(value: number, from: string | null, unit: string | null): number | FormulaProblem {
  if (from === null) return value;
  return convert(value, from, unit) ?? { problem: convert(1, from, unit) === null ? wrongUnit(from, unit) : 'has a formula whose result is too large' };
}

function apply(operator: '+' | '-' | '*' | '/' | '//', left: number, right: number): number | FormulaProblem {
  if ((operator === '/' || operator === '//') && right === 0) return { problem: 'has a formula that divides by zero' };
  switch (operator) {
    case '+': return left + right;
    case '-': return left - right;
    case '*': return left * right;
    case '/': return left / right;
    case '//': return Math.floor(tidy(left / right));
  }
}

interface Token { kind: 'number' | 'variable' | 'word' | 'sign' | 'end'; text: string; at: number }
const tokenShapes = /\s*(?:(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)|\{\s*(?<variable>[^{}]*?)\s*\}|(?<word>[a-z\u00b5\u03bc]+)|(?<sign>\/\/|[-+*/(),]))/iy;

function tokensOf(text: string): Token[] | FormulaProblem {
  const tokens: Token[] = [];
  let at = 0;
  const rest = text.trimEnd().length;
  while (at < rest) {
    tokenShapes.lastIndex = at;
    const match = tokenShapes.exec(text);
    if (!match) {
      const start = at + /^\s*/.exec(text.slice(at))![0].length;
      return { problem: `has a formula with "${String.fromCodePoint(text.codePointAt(start)!)}" at character ${start + 1}, where nothing like it can be` };
    }
    const [kind, found] = Object.entries(match.groups!).find(([, part]) => part !== undefined) as [Token['kind'], string];
    tokens.push({ kind, text: found, at: at + match[0].length - match[0].trimStart().length });
    at = tokenShapes.lastIndex;
  }
  return [...tokens, { kind: 'end', text: '', at: rest }];
}

/** Leaves the parser from any depth; does not leave this file. */
class Unreadable extends Error {}

function parse(tokens: readonly Token[]): Formula {
  let next = 0;
  let depth = 0;
  const token = (): Token => tokens[next]!;
  const wrong = (wanted: string, { kind, text, at } = token()): Unreadable =>
    new Unreadable(kind === 'end' ? `has a formula that ends where ${wanted} is missing` : `has a formula with "${text}" at character ${at + 1}, where ${wanted} is expected`);
  const take = (...texts: string[]): string | null => {
    const { kind, text } = token();
    if (kind !== 'sign' || !texts.includes(text)) return null;
    next += 1;
    return text;
  };
  const need = (sign: string, wanted: string): void => { if (take(sign) === null) throw wrong(wanted); };
  const deeper = <T>(inner: () => T): T => {
    depth += 1;
    if (depth > deepestFormula) throw new Unreadable(`has a formula nested deeper than ${deepestFormula}`);
    const found = inner();
    depth -= 1;
    return found;
  };
  const chain = (operators: readonly ('+' | '-' | '*' | '/' | '//')[], part: () => Formula): Formula => {
    let left = part();
    for (;;) {
      const operator = take(...operators) as (typeof operators)[number] | null;
      if (operator === null) return left;
      left = { kind: 'binary', operator, left, right: part() };
    }
  };
  const sum = (): Formula => chain(['+', '-'], product);
  const product = (): Formula => chain(['*', '/', '//'], signed);
  const signed = (): Formula => (take('-') === null ? primary() : deeper(() => ({ kind: 'negate', of: signed() })));
  const unit = (): string | null => {
    if (token().kind !== 'word') return null;
    const named = unitNamed(token().text);
    if (named === null) throw wrong('an operator, or a unit such as MB or ms,');
    next += 1;
    return named;
  };
  const primary = (): Formula => {
    const here = token();
    if (take('(') !== null) {
      const inner = deeper(sum);
      need(')', 'an operator or ")"');
      return inner;
    }
    next += 1;
    switch (here.kind) {
      case 'number': {
        if (!Number.isFinite(Number(here.text))) throw wrong('a number that is not so large', here);
        return { kind: 'number', value: Number(here.text), unit: unit() };
      }
      case 'variable': {
        const name = variables.find((one) => one === here.text);
        if (name === undefined) throw new Unreadable(`has a formula with {${here.text}}, and there are ${variables.map((one) => `{${one}}`).join(', ')} only`);
        return { kind: 'variable', name, unit: unit() };
      }
      case 'word': {
        if (here.text !== 'min' && here.text !== 'max') throw wrong('a number, a variable such as {memoryMb}, min, max or "("', here);
        need('(', '"("');
        const args = deeper(() => {
          const found = [sum()];
          while (take(',') !== null) found.push(sum());
          return found;
        });
        need(')', 'an operator, "," or ")"');
        return { kind: 'call', name: here.text, args };
      }
      case 'sign': case 'end': throw wrong('a number, a variable such as {memoryMb}, min, max or "("', here);
    }
  };
  const whole = sum();
  if (token().kind !== 'end') throw wrong('an operator');
  return whole;
}
