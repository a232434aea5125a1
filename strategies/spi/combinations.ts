/** How a control half tells of values that are right one by one and not together. Pure. */
import type { InputIssue } from '../../kernel/input-issue.ts';

/** The end of a sentence that begins with the name of the parameter that is told, for whoever shows it puts that first. */
export type Ending = string | ((name: string) => string);
/** Told once, of the first of these that the group sets. */
export type Blame = (names: readonly string[], ending: Ending) => void;

export const blaming = (parameters: Readonly<Record<string, string>>, issues: InputIssue[]): Blame => (names, ending) => {
  const name = names.find((one) => Object.hasOwn(parameters, one));
  if (name !== undefined) issues.push({ path: [name], message: typeof ending === 'string' ? ending : ending(name) });
};

/** Of two that are in the wrong order; `isStrict`: they must not be the same either. */
export const ordered = (least: string, most: string, why: string, isStrict = false): Ending => (name) => {
  const [below, above] = isStrict ? ['be below', 'be above'] : ['not be above', 'not be below'];
  return `must ${name === least ? `${below} ${most}` : `${above} ${least}`}: ${why}`;
};
