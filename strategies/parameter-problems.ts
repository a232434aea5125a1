/** Whether a catalogue of parameters has the form that the contract says; whoever wrote it, callers may rely on what passed. Pure. */
import { canonicalValue, isUnit } from './spi/parameter-values.ts';
import type { ParameterSpec } from './spi/parameters.ts';

export const mostParameters = 5_000;
const longest = { name: 100, value: 4_096, text: 2_000 };
const mostAllowed = 1_000;
const mostTold = 3;
const types: readonly unknown[] = ['BOOLEAN', 'INTEGER', 'NUMBER', 'STRING', 'ENUM'];
const applies: readonly unknown[] = ['LIVE', 'RESTART', 'CREATE'];

type Fields = Record<string, unknown>;
const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value !== '' && value.length <= most && value.isWellFormed();
const isNumberOrNull = (value: unknown): value is number | null => value === null || (typeof value === 'number' && Number.isFinite(value));

/** The first few, in words; null when there are none. */
export function catalogueProblem(answer: unknown): string | null {
  if (!Array.isArray(answer)) return 'parameters must answer a list';
  if (answer.length > mostParameters) return `parameters must answer at most ${mostParameters}`;
  const seen = new Set<unknown>();
  const problems: string[] = [];
  for (const [index, spec] of answer.entries() as IterableIterator<[number, unknown]>) {
    if (problems.length >= mostTold) break;
    const named = typeof spec === 'object' && spec !== null ? (spec as Fields) : {};
    const problem = seen.has(named['name']) ? 'is there twice' : specProblem(named);
    seen.add(named['name']);
    if (problem !== null) problems.push(`${isText(named['name'], longest.name) ? named['name'] : `parameter ${index}`} ${problem}`);
  }
  return problems.length > 0 ? `parameters: ${problems.join('; ')}` : null;
}

function specProblem(spec: Fields): string | null {
  const { name, type, unit, min, max, allowed } = spec;
  const isNumber = type === 'INTEGER' || type === 'NUMBER';
  if (!isText(name, longest.name) || /[\s\p{C}]/u.test(name)) return `must have a name of at most ${longest.name} characters, without spaces`;
  if (!types.includes(type)) return `must have a type of ${types.join(', ')}`;
  if (unit !== null && !(isNumber && typeof unit === 'string' && isUnit(unit))) return 'must have a unit such as 8kB or ms if it is a number, else null';
  if (!isNumberOrNull(min) || !isNumberOrNull(max) || (!isNumber && (min !== null || max !== null))) return 'must have min and max that are numbers or null, and null if it is no number';
  if (min !== null && max !== null && min > max) return 'must not have a min above its max';
  if (type === 'ENUM' ? !isListOfTexts(allowed) : allowed !== null) return `must have 1 to ${mostAllowed} different texts that are allowed if it is an ENUM, else null`;
  if (!applies.includes(spec['apply'])) return `must have an apply of ${applies.join(', ')}`;
  if (!isText(spec['description'], longest.text)) return `must have a description of at most ${longest.text} characters`;
  for (const key of ['owned', 'warning']) if (spec[key] !== undefined && !isText(spec[key], longest.text)) return `must have an ${key} that says why, or none`;
  return defaultProblem(spec as unknown as ParameterSpec);
}

/** Engines have choices that are the empty text. */
const isListOfTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.length <= mostAllowed && value.every((one) => one === '' || isText(one, longest.value)) && new Set(value).size === value.length;

/** Bounds may be narrower than what an engine begins with. */
function defaultProblem(spec: ParameterSpec): string | null {
  if (spec.default === null) return null;
  if (typeof spec.default !== 'string' || spec.default.length > longest.value) return 'must have a default that is a text or null';
  const canonical = canonicalValue({ ...spec, min: null, max: null }, spec.default);
  return 'problem' in canonical || canonical.value !== spec.default ? `must have a default that is canonical, not "${spec.default}"` : null;
}
