/**
 * The server's own account of its options, `--verbose --help`: what each would be in a server started with these arguments.
 * Nothing is started for it, and a running server is not touched.
 * https://dev.mysql.com/doc/refman/en/server-configuration.html
 */
import { join } from 'node:path';
import type { GuestContext, ToolResult } from '../../../spi/guest.ts';
import type { Dialect } from './dialect.ts';

const timeoutMs = 20_000;
const columnChars = 60;

/** Its files are its own: what a running server has of these would be removed at the end, and before the first start there are none. */
const aside = ({ paths }: Pick<GuestContext, 'paths'>): string[] =>
  [`--datadir=${paths.run}`, `--tmpdir=${paths.run}`, `--secure-file-priv=${paths.run}`, `--socket=${join(paths.run, 'help.sock')}`, `--pid-file=${join(paths.run, 'help.pid')}`, '--verbose', '--help'];

export const askHelp = (ctx: GuestContext, dialect: Dialect, args: readonly string[]): Promise<ToolResult> =>
  ctx.engine.run({ command: dialect.program(ctx), args: [...args, ...aside(ctx)], env: dialect.environment, cwd: ctx.paths.run, timeoutMs });

/** The table at its end: option → value, in the server's words. Pure. */
export function parseHelp(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.slice(text.indexOf(`\n${'-'.repeat(columnChars)} `)).split('\n')) {
    const [option] = /^[a-z][\w-]+(?= )/.exec(line) ?? [];
    if (option === undefined) continue;
    const value = line.slice(Math.max(columnChars, option.length) + 1);
    found.set(option.replaceAll('-', '_'), value === '(No default value)' ? '' : value);
  }
  return found;
}
