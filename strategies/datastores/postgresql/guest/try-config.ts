/**
 * Whether the server would take a file, asked of the server's own program, which reads it as a start would and ends: the
 * running server is not touched, and a stopped one need not be started.
 * https://www.postgresql.org/docs/current/app-postgres.html: `-C`
 */
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { foreignLibraries, preloadable, preloadParameter } from '../libraries.ts';
import { serverArguments } from './owned.ts';
import { program, remainingMs } from './tool.ts';

const line = /^\S+ \S+ \S+ \[\d+\] (?:LOG|ERROR|FATAL|DETAIL|HINT): {2}(.*)$/s;
const mostChars = 400;

/** REFUSED with the parameter's name and the server's words. */
export async function tryServerConfig(ctx: GuestContext, file: string): Promise<void> {
  const [foreign] = foreignLibraries(ctx.parameters);
  if (foreign !== undefined) throw refusal(preloadParameter, `"${foreign}" cannot be loaded; there are ${preloadable.join(', ')}`);
  const unwritable = Object.keys(ctx.parameters).find((name) => ctx.parameters[name]?.includes('\0'));
  if (unwritable !== undefined) throw refusal(unwritable, 'it must not contain the character 0');
  const args = ['-C', 'config_file', ...serverArguments(ctx, file)];
  const result = await ctx.engine.run({ command: program(ctx, 'postgres'), args, env: { LC_ALL: 'C', TZ: 'UTC' }, cwd: ctx.paths.data, timeoutMs: remainingMs(ctx) });
  if (result.exitCode === 0) return;
  const words = wordsOf(result.stderr);
  throw refusal(namedIn(words, ctx.parameters), words);
}

export const refusal = (name: string, words: string): GuestFault => new GuestFault('REFUSED', `${name}: the server does not take it: ${words}`);

/** Without times, and without our paths: they say nothing to who chose the value. */
export function wordsOf(stderr: string): string {
  const lines = stderr.split('\n').map((text) => line.exec(text)?.[1] ?? text.trim()).filter((text) => text !== '' && !/^configuration file ".*" contains errors/.test(text));
  return lines.map((text) => text.replace(/ in file ".*" line \d+/, '')).join('; ').slice(0, mostChars);
}

/** The server names one parameter after the other; the first is enough. Where it names none, those that were given are. */
export function namedIn(words: string, parameters: Readonly<Record<string, string>>): string {
  const quoted = [...words.matchAll(/"([^"]+)"/g)].map(([, text]) => text?.toLowerCase());
  const names = Object.keys(parameters);
  return quoted.map((text) => names.find((name) => name.toLowerCase() === text)).find((name) => name !== undefined) ?? names.join(', ');
}
