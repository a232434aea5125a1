/** Values on the command line: a word each. What they mean is the server's to say. */
import { usageFailure } from '../../failure.ts';

export const valueArgument = 'name=value: a number, on or off, a text with a unit such as 64MB, or a formula such as "{memoryMb} / 4"';

export function parseValues(words: readonly string[]): { name: string; value: string }[] {
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) throw usageFailure(`${word} is no value`, 'Write name=value');
    return { name: word.slice(0, at).trim(), value: word.slice(at + 1).trim() };
  });
}
