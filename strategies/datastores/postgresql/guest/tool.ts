/** initdb and the server in single-user mode. */
import { join } from 'node:path';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';

export const program = (ctx: GuestContext, name: string): string => join(ctx.paths.bin, name);
export const remainingMs = (ctx: GuestContext): number => Math.max(1_000, ctx.deadline.getTime() - Date.now());

export async function runTool(ctx: GuestContext, name: string, args: readonly string[], stdin = ''): Promise<string> {
  const result = await ctx.engine.run({ command: program(ctx, name), args, env: { LC_ALL: 'C', TZ: 'UTC' }, stdin, timeoutMs: remainingMs(ctx) });
  if (result.exitCode === 0) return result.stdout;
  throw new GuestFault('FAILED', `${name} ended with code ${result.exitCode}: ${tellErrors(result.stderr)}`);
}

/** Without the statement: it may hold a verifier. */
export function tellErrors(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.includes('STATEMENT:'));
  const errors = lines.filter((line) => /ERROR|FATAL|PANIC|error:/.test(line));
  return (errors.length > 0 ? errors : lines).slice(-3).join('; ').slice(0, 600);
}

/**
 * Statements as the bootstrap superuser, with no server running and nothing listening. The first that fails ends it.
 * https://www.postgresql.org/docs/current/app-postgres.html#APP-POSTGRES-SINGLE-USER
 */
export async function runSingleUser(ctx: GuestContext, data: string, database: string, statements: readonly string[]): Promise<void> {
  const settings = { exit_on_error: 'on', log_min_error_statement: 'panic', log_statement: 'none', search_path: 'pg_catalog,pg_temp', role: 'none', local_preload_libraries: '', session_preload_libraries: '', shared_preload_libraries: '', archive_mode: 'off', dynamic_shared_memory_type: 'mmap' };
  const args = ['--single', '-j', '-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]), database];
  await runTool(ctx, 'postgres', args, statements.map((statement) => `${statement};\n\n`).join(''));
}
