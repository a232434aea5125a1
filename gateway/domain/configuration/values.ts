/** The values of a configuration group: judged against the catalogue of a version, and evaluated for an instance. Pure. */
import { canonicalValue, type Canonical } from '../../../strategies/spi/parameter-values.ts';
import type { ParameterSpec } from '../../../strategies/spi/parameters.ts';
import { evaluate, type Formula, type InstanceSize, isFormula, isProblem, leavesOf, parseFormula, unitProblem } from './formula.ts';
import { nearNames } from './near-names.ts';

/** `value`: canonical, or the formula as it was written. `warning`: what a person should know of this value. */
export interface StoredValue { name: string; value: string; kind: 'LITERAL' | 'FORMULA'; warning?: string }
/** `field`: which of the two is wrong. `message` is the end of a sentence that begins with the parameter's name. */
export interface ValueIssue { index: number; field: 'name' | 'value'; name: string; message: string }
export interface ValueProblem { name: string; message: string }

export const mostValues = 500;
/** An agent takes 48 KiB for one instance, its sizing among them. */
const mostBytes = 40 * 1024;
const bytesOf = ({ name, value }: Pick<StoredValue, 'name' | 'value'>): number => Buffer.byteLength(JSON.stringify({ [name]: value }));

/** Why a group cannot be so large; null: it can. */
export function sizeProblem(values: readonly StoredValue[]): string | null {
  if (values.length > mostValues) return `the group would have ${values.length} values, and has at most ${mostValues}`;
  const bytes = values.reduce((sum, value) => sum + bytesOf(value), 0);
  return bytes > mostBytes ? `the values of the group would take ${bytes} bytes, and may take ${mostBytes}` : null;
}
const longestText = 4_096;
/** looking for names takes time; who has more wrong has given the names of something else */
const mostNamesLookedFor = 20;

/** Why a group may not set it; null: it may. */
export function reasonNotSettable(spec: Pick<ParameterSpec, 'owned' | 'apply'>): string | null {
  if (spec.owned !== undefined) return spec.owned;
  return spec.apply === 'CREATE' ? 'It is fixed when the data are made.' : null;
}

/** `at`: formulas are evaluated for this size too. Values without an issue are told in any case, in the order given. */
export function judgeValues(
  catalogue: readonly ParameterSpec[], values: readonly { name: string; value: unknown }[], at?: InstanceSize,
): { issues: ValueIssue[]; values: StoredValue[] } {
  const specs = new Map(catalogue.map((spec) => [spec.name, spec]));
  const issues: ValueIssue[] = [];
  const stored: StoredValue[] = [];
  const seen = new Set<string>();
  let [namesLookedFor, bytes] = [0, 0];
  if (values.length > mostValues) issues.push({ index: mostValues, field: 'name', name: values[mostValues]!.name, message: `is one too many: a group has at most ${mostValues} values` });
  for (const [index, { name, value }] of values.slice(0, mostValues).entries()) {
    const issue = (field: ValueIssue['field'], message: string): void => void issues.push({ index, field, name, message });
    const spec = specs.get(name);
    const isTwice = seen.has(name);
    seen.add(name);
    if (isTwice) {
      issue('name', 'is given twice');
    } else if (spec === undefined) {
      namesLookedFor += 1;
      issue('name', unknownName(namesLookedFor > mostNamesLookedFor ? [] : nearNames(name, [...specs.keys()])));
    } else {
      const reason = reasonNotSettable(spec);
      const judged = reason === null ? judgeValue(spec, value, at) : null;
      if (judged === null) issue('name', `cannot be set by a group: ${reason}`);
      else if ('problem' in judged) issue('value', judged.problem);
      else {
        const taken = { name, ...judged };
        const warning = warningFor(spec, taken);
        bytes += bytesOf(taken);
        if (bytes > mostBytes) issue('value', `is too much: the values of a group may take ${mostBytes} bytes together`);
        else stored.push(warning === null ? taken : { ...taken, warning });
      }
    }
  }
  return { issues, values: stored };
}

const unknownName = (near: readonly string[]): string => {
  const words = near.length > 1 ? `${near.slice(0, -1).join(', ')} or ${near.at(-1)}` : near[0];
  return `is no parameter of this version${words === undefined ? '' : `; did you mean ${words}?`}`;
};

function judgeValue(spec: ParameterSpec, value: unknown, at: InstanceSize | undefined): Omit<StoredValue, 'name'> | { problem: string } {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return { problem: 'must be a number, true, false or a text' };
  if (typeof value === 'string') {
    const problem = textProblem(value);
    if (problem !== null) return { problem };
  }
  if (isFormula(spec, value)) return judgeFormula(spec, value.trim(), at);
  const canonical = canonicalValue(spec, value);
  return 'problem' in canonical ? canonical : { value: canonical.value, kind: 'LITERAL' };
}

function textProblem(text: string): string | null {
  if (text.length > longestText) return `must be at most ${longestText} characters long`;
  // a line break would be another line in the engine's file
  // eslint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/.test(text) || !text.isWellFormed() ? 'must not contain control characters or halves of characters' : null;
}

function judgeFormula(spec: ParameterSpec, text: string, at: InstanceSize | undefined): Omit<StoredValue, 'name'> | { problem: string } {
  const formula = parseFormula(text);
  if (isProblem(formula)) return formula;
  const problem = unitProblem(formula, spec.unit);
  if (problem !== null) return { problem };
  // without variables its result is known already
  const size = at ?? (leavesOf(formula).some(({ kind }) => kind === 'variable') ? undefined : { flavor: { vcpus: 1, memoryMb: 1 }, volumeGb: 1 });
  const result = size === undefined ? null : resultOf(spec, formula, size);
  if (result !== null && 'problem' in result) return result;
  return { value: text, kind: 'FORMULA' };
}

/** What a person should know of a value that was judged once: the catalogue of today says it. */
export function warningFor(spec: ParameterSpec, { kind, value }: StoredValue): string | null {
  const formula = kind === 'FORMULA' ? parseFormula(value) : null;
  const warnings = [spec.warning ?? null, formula === null || isProblem(formula) ? null : bareSizeWarning(spec, formula)].filter((one) => one !== null);
  return warnings.length === 0 ? null : warnings.join(' ');
}

const unitOfVariable = new Map([['memoryMb', 'MB'], ['volumeGb', 'GB']]);
/** The likeliest mistake: a quarter of the megabytes, taken for so many pages of 8kB. */
function bareSizeWarning({ unit }: ParameterSpec, formula: Formula): string | null {
  const leaves = leavesOf(formula);
  if (unit === null || !/B$/.test(unit) || leaves.some((leaf) => leaf.unit !== null)) return null;
  const bare = leaves.find((leaf) => leaf.kind === 'variable' && unitOfVariable.has(leaf.name) && unitOfVariable.get(leaf.name) !== unit);
  return bare?.kind === 'variable' ? `The result is counted in ${unit}: write {${bare.name}}${unitOfVariable.get(bare.name)} for the size that it is.` : null;
}

/** Whole numbers are rounded down. */
function resultOf(spec: ParameterSpec, formula: Formula, size: InstanceSize): Canonical {
  const result = evaluate(formula, size, spec.unit);
  if (isProblem(result)) return result;
  const value = spec.type === 'INTEGER' ? Math.floor(result) : result;
  const canonical = canonicalValue(spec, value);
  return 'problem' in canonical ? { problem: `${canonical.problem}, and the formula gives ${value} for ${sizeWords(size)}` } : canonical;
}
const sizeWords = ({ flavor: { vcpus, memoryMb }, volumeGb }: InstanceSize): string => `${vcpus} vCPU, ${memoryMb} MB of memory and a volume of ${volumeGb} GB`;

/** For one instance. The catalogue may be a later one than what the values were judged by: they are judged again. */
export function evaluateValues(catalogue: readonly ParameterSpec[], stored: readonly StoredValue[], size: InstanceSize): { parameters: Record<string, string>; problems: ValueProblem[] } {
  const specs = new Map(catalogue.map((spec) => [spec.name, spec]));
  const problems: ValueProblem[] = [];
  const parameters: [string, string][] = [];
  for (const value of stored) {
    const outcome = evaluateValue(specs.get(value.name), value, size);
    if ('problem' in outcome) problems.push({ name: value.name, message: outcome.problem });
    else parameters.push([value.name, outcome.value]);
  }
  return { parameters: Object.fromEntries(parameters), problems };
}

function evaluateValue(spec: ParameterSpec | undefined, { kind, value }: StoredValue, size: InstanceSize): Canonical {
  if (spec === undefined) return { problem: unknownName([]) };
  const reason = reasonNotSettable(spec);
  if (reason !== null) return { problem: `cannot be set by a group: ${reason}` };
  if (kind === 'LITERAL') return canonicalValue(spec, value);
  const formula = parseFormula(value);
  return isProblem(formula) ? formula : resultOf(spec, formula, size);
}
