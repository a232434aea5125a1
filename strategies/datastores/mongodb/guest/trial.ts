/**
 * Settings tried by the server's own program: it takes them as a start would, and is then to end a server on data that are
 * nowhere: so it ends itself, and has touched nothing.
 */
import { join } from 'node:path';
import type { GuestContext, ToolResult } from '../../../spi/guest.ts';
import { spellingsOf } from '../options.ts';
import { renderConfig, type Settings } from './config-file.ts';
import { removeAside, writeAside } from './files.ts';
import { tellFatal } from './log.ts';
import { remainingMs } from './management.ts';

const mostChars = 400;
const trialOf = ({ paths }: Pick<GuestContext, 'paths'>): string => `${paths.config}/trial.conf`;

/** Of a trial that was cut off. */
export const removeTrial = (ctx: Pick<GuestContext, 'paths'>): Promise<void> => removeAside(trialOf(ctx));

/** The program's words against them; null: it takes them. `bin`: of the build that is asked. */
export async function trySettings(ctx: GuestContext, bin: string, settings: Settings): Promise<string | null> {
  await removeTrial(ctx);
  const aside = await writeAside(ctx, trialOf(ctx), renderConfig(settings));
  try {
    return refusalIn(await ctx.engine.run({ command: join(bin, 'mongod'), args: ['--config', aside, '--shutdown'], env: { LC_ALL: 'C' }, cwd: ctx.paths.config, timeoutMs: remainingMs(ctx) }));
  } finally {
    await removeTrial(ctx);
  }
}

const usageExitCode = 2;

/** Either it does not come to a log and ends as after a misspelt command, or its log has a fatal error. */
export function refusalIn({ exitCode, stdout, stderr }: ToolResult): string | null {
  const lines = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim());
  const words = exitCode === usageExitCode
    ? lines.filter((line) => line !== '' && !line.startsWith('{') && !line.startsWith('try ')).join('; ')
    : tellFatal(stdout);
  return words === null ? null : words.replace(/^BadValue: /, '').slice(0, mostChars);
}

/** The one of these that the words are about; null: none of them. */
export function namedIn(words: string, names: readonly string[]): string | null {
  const found = names.filter((name) => spellingsOf(name).some((one) => words.includes(one)));
  // one name may begin with another
  return found.sort((a, b) => b.length - a.length)[0] ?? null;
}
