/**
 * The server's own reading of its file, without a server: a tool of its build, which reads the whole configuration as a
 * start does, makes a token of it and ends. It opens no data. What a start looks at beyond that (limits of data and of the disk) it does not see.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { GuestContext, NamedBuild, ToolResult } from '../../../spi/guest.ts';
import { refusalOf } from '../../../spi/refused-values.ts';
import { writeOwned } from './files.ts';
import { configFiles, java, libraries } from './places.ts';

const tool = ['org.apache.cassandra.tools.GenerateTokens', '--nodes', '1', '--tokens', '1', '--rf', '1'];
const mostChars = 400;

/** What the tool of a build says against the text; null: it takes it. Files that do not depend on values are there. */
export async function tryFile(ctx: GuestContext, text: string, build: Pick<NamedBuild, 'bin' | 'prefix'>): Promise<string | null> {
  const { server, tool: options, rack } = configFiles(ctx);
  const place = { paths: { ...ctx.paths, bin: build.bin, prefix: build.prefix } };
  const aside = join(ctx.paths.run, 'trial.yaml');
  await writeOwned(ctx, aside, text);
  try {
    const result = await ctx.engine.run({
      // The later of two class paths counts. With the heap of the server: limits that nobody set follow from it. It takes no more of that than it needs.
      command: java(place), args: [`@${options}`, '-cp', libraries(place), `-Xmx${ctx.sizing['jvm.heap_mb'] ?? '64'}m`, `-Dcassandra.config=${pathToFileURL(aside).href}`, `-Dcassandra-rackdc.properties=${pathToFileURL(rack).href}`, ...tool],
      env: { LC_ALL: 'C.UTF-8', TZ: 'UTC' }, timeoutMs: Math.max(1_000, ctx.deadline.getTime() - Date.now()),
    });
    return refusalIn(result)?.replaceAll(pathToFileURL(aside).href, server) ?? null;
  } finally {
    await rm(aside, { force: true });
  }
}

export async function tryValues(ctx: GuestContext, text: string, names: readonly string[]): Promise<void> {
  const words = await tryFile(ctx, text, ctx.paths);
  if (words !== null) throw refusalOf(namedIn(words, names), names, words);
}

/** Of a file that cannot be read at all the innermost reason; else what is wrong in it. Null: it is taken. */
export function refusalIn({ exitCode, stdout, stderr }: ToolResult): string | null {
  if (exitCode === 0) return null;
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
  const [, first] = lines.map((line) => /encountered during startup: (.*)/.exec(line)).find((found) => found !== null) ?? [];
  const causes = lines.filter((line) => line.startsWith('Caused by: ')).map((line) => line.replace(/^Caused by: (?:[\w.$]+(?:Exception|Error): )?/, ''));
  const words = causes.at(-1) ?? first ?? lines.filter((line) => line !== '').at(-1) ?? `it ended with code ${exitCode}`;
  return words.slice(0, mostChars);
}

/** The longest that is named: one name may begin with another. Null: none is. */
export const namedIn = (words: string, names: readonly string[]): string | null =>
  names.filter((name) => words.includes(name)).sort((a, b) => b.length - a.length)[0] ?? null;
