/** Whether the server would start with a file, and with the very values that it has; asked of the server's own program. */
import type { GuestContext } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { refusal, refusalOfSome } from '../../../spi/refused-values.ts';
import { optionOf } from '../option-file.ts';
import { fromEngine, isSameValue } from '../values.ts';
import type { Dialect } from './dialect.ts';
import { askHelp, parseHelp } from './server-help.ts';

const mostChars = 400;
const mostShown = 100;
/** It rings before it speaks. */
const programName = /^\x07?\/\S+: /;

export const inItsPlace = (spec: ParameterSpec, words: string): string => {
  const value = fromEngine(spec, words);
  return `it has ${value === '' ? 'nothing' : value.length > mostShown ? `${value.slice(0, mostShown)}…` : value} in its place`;
};

/** REFUSED with the name of the group's parameter and the server's words. */
export async function tryServerFile(ctx: GuestContext, dialect: Dialect, specs: ReadonlyMap<string, ParameterSpec>, file: string): Promise<void> {
  const { exitCode, stdout, stderr } = await askHelp(ctx, dialect, [`--defaults-file=${file}`, ...dialect.serverArguments(ctx)]);
  const complaints = [...complaintsOf(stderr), ...(exitCode === 0 ? [] : earlyWordsOf(stderr))];
  const would = parseHelp(stdout);
  const untaken = decideUntaken(specs, ctx.parameters, (name) => would.get(optionOf(name)));
  const said = complaints.map((words) => ({ name: namedIn(words, ctx.parameters), words })).find(({ name }) => name !== null);
  if (said) throw refusal(said.name ?? '', said.words);
  if (exitCode !== 0) throw refusalOfSome(Object.keys(ctx.parameters), complaints.join('; ').slice(0, mostChars) || `it ends with code ${exitCode}`);
  if (untaken) throw refusal(untaken.name, untaken.words);
}

/** The first of a group's values that is another one in the server. Pure. */
export function decideUntaken(specs: ReadonlyMap<string, ParameterSpec>, parameters: Readonly<Record<string, string>>, wordsOf: (name: string) => string | undefined): { name: string; words: string } | null {
  for (const [name, value] of Object.entries(parameters)) {
    const [spec, now] = [specs.get(name), wordsOf(name)];
    if (!spec || now === undefined) return { name, words: 'it has no such parameter' };
    if (!isSameValue(spec, now, value)) return { name, words: inItsPlace(spec, now) };
  }
  return null;
}

/** Its errors, without times, numbers and the path of its program. */
export const complaintsOf = (stderr: string): string[] =>
  stderr.split('\n').flatMap((line) => /\[ERROR\] (.*)$/s.exec(line)?.slice(1) ?? [])
    .map((text) => text.replace(/^(\[[^\]]*\] )+/, '').replace(/^Buffered error: /, '').replace(programName, '').slice(0, mostChars)).filter((text) => text !== 'Aborting');

/** What it says before it keeps a log, in the name of its program. Where the build has its files is nobody's concern. */
export const earlyWordsOf = (stderr: string): string[] =>
  stderr.split('\n').filter((line) => programName.test(line)).map((line) => line.replace(programName, '').replace(/'\/[^']*\/([^'/]+)'/g, "'$1'").slice(0, mostChars));

/** By its name, or by its value where the server tells no more. */
export function namedIn(words: string, parameters: Readonly<Record<string, string>>): string | null {
  const plain = (text: string): string => text.toLowerCase().replaceAll('-', '_');
  const text = plain(words);
  const given = Object.entries(parameters);
  const found = given.find(([name]) => new RegExp(`\\b${optionOf(name)}\\b`).test(text)) ?? given.find(([, value]) => value !== '' && text.includes(`'${plain(value)}'`));
  return found?.[0] ?? null;
}
