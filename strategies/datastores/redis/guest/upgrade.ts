/** A later version reads the files of an earlier one as they are; what matters is that they are whole when the engine stops. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding, GuestContext, GuestHalf, NamedBuild, ToolResult } from '../../../spi/guest.ts';
import { appendFolder } from './config-file.ts';
import { ask } from './management.ts';

export const upgrade: NonNullable<GuestHalf['upgrade']> = {
  async check(ctx, to) {
    const told = parseInfo(String(await ask(ctx, 'INFO', 'persistence')));
    return [...persistenceFindings(told), ...moduleFindings(await modulesOf(ctx)), ...(await fileFindings(ctx, to))];
  },
  async run() { /* the engine reads its files forward when it starts */ },
  async finish() { /* and writes the new form whenever it next writes them */ },
};

export const parseInfo = (text: string): ReadonlyMap<string, string> =>
  new Map(text.split('\r\n').flatMap((line) => (line.includes(':') ? [[line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const] : [])));

/** Pure. */
export function persistenceFindings(told: ReadonlyMap<string, string>): Finding[] {
  const failed = [['aof_last_write_status', 'the append-only file could not be written last'], ['aof_last_bgrewrite_status', 'the append-only file could not be rewritten last'], ['rdb_last_bgsave_status', 'the data could not be saved last']] as const;
  return failed.flatMap(([name, words]): Finding[] => (told.get(name) === 'err' ? [{ severity: 'ERROR', subject: name, message: `${words}: what is on the disk may not be what is in memory. See the log, and make room or memory` }] : []));
}

/** What the engine would begin with is read by the new build's own tool: the version of its form, and whether it is whole. */
async function fileFindings(ctx: GuestContext, to: NamedBuild): Promise<Finding[]> {
  const tool = join(to.bin, 'redis-check-rdb');
  // A folder of an operator's own may have the server alone.
  if (!existsSync(tool)) return [];
  const folder = join(ctx.paths.data, appendFolder);
  const found: Finding[] = [];
  for (const name of (await readdir(folder)).filter((entry) => entry.endsWith('.rdb')).sort()) {
    ctx.progress(0.5, `reading ${name} with ${to.version}`);
    const result = await ctx.engine.run({ command: tool, args: [join(folder, name)], timeoutMs: Math.max(1_000, ctx.deadline.getTime() - Date.now()) });
    // The engine may have written it anew meanwhile, in its own form.
    const problem = existsSync(join(folder, name)) ? fileProblem(result) : null;
    if (problem !== null) found.push({ severity: 'ERROR', subject: name, message: `${to.version} could not read this file: ${problem}` });
  }
  return found;
}

/** Pure. */
export function fileProblem({ exitCode, stdout, stderr }: ToolResult): string | null {
  if (exitCode === 0) return null;
  const [, words = ''] = stdout.split('RDB ERROR DETECTED');
  return /^\[offset \d+\] (.*)$/m.exec(words)?.[1] ?? (stderr.trim().split('\n').at(-1) || `its check ended with code ${exitCode}`);
}

/** None is loaded by Coffer; data of one could be read by nobody else. */
export const moduleFindings = (names: readonly string[]): Finding[] =>
  names.map((name) => ({ severity: 'ERROR', subject: name, message: 'this module is loaded, and the new build does not have it' }));

/** Built into the engine from version 8 on, and told by it as loaded from nowhere. */
async function modulesOf(ctx: GuestContext): Promise<string[]> {
  const told = (await ask(ctx, 'MODULE', 'LIST')) as unknown[];
  return told.flatMap((one) => {
    const fields = Array.isArray(one) ? one.map(String) : [];
    const valueOf = (key: string): string => fields[fields.indexOf(key) + 1] ?? '';
    return fields.includes('path') && valueOf('path') !== '' ? [valueOf('name')] : [];
  });
}
