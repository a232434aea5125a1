/** How a guest half tells that its engine does not take values of a configuration group. Pure. */
import { GuestFault } from './guest.ts';

const mostNames = 5;

/** `name`: the parameter that the engine's words are about. */
export const refusal = (name: string, words: string): GuestFault => new GuestFault('REFUSED', `${name}: the server does not take it: ${words}`);

/** Where the words do not tell which of these it is: they come first, however many the names are. */
export function refusalOfSome(names: readonly string[], words: string): GuestFault {
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return refusal(only, words);
  const more = names.length - mostNames;
  return new GuestFault('REFUSED', `the server does not take one of the values: ${words} (of ${names.slice(0, mostNames).join(', ')}${more > 0 ? ` and ${more} more` : ''})`);
}

/** `name`: the one that the words are about, of these; null: they do not tell. */
export const refusalOf = (name: string | null, names: readonly string[], words: string): GuestFault => (name === null ? refusalOfSome(names, words) : refusal(name, words));
