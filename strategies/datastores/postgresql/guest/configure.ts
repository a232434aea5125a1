import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConfigureResult, type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { renderAccess, renderServerConfig, renderUserMap } from './files.ts';
import { type Sql, withManagement } from './management.ts';
import { configFiles } from './owned.ts';

const reloadTimeoutMs = 10_000;
const pollMs = 20;

export async function configure(ctx: GuestContext): Promise<ConfigureResult> {
  const changed = await writeFiles(ctx);
  if (ctx.engine.pid() === null) return { changed, restartRequired: [] };
  if (changed) await reload(ctx);
  const restartRequired = await withManagement(ctx, { purpose: 'read' }, pendingRestart);
  return { changed, restartRequired };
}

/** True when any file was not as it should be. */
export async function writeFiles(ctx: GuestContext): Promise<boolean> {
  const files = configFiles(ctx);
  const wanted: [string, string][] = [[files.server, renderServerConfig(ctx.sizing)], [files.access, renderAccess()], [files.users, renderUserMap()]];
  let changed = false;
  for (const [path, text] of wanted) {
    if ((await readFile(path, 'utf8').catch(() => null)) === text) continue;
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await ctx.engine.own(`${path}.new`, 0o600);
    await rename(`${path}.new`, path);
    changed = true;
  }
  return changed;
}

/** Returns when the server has read its files, or says why it could not. */
export async function reload(ctx: GuestContext): Promise<void> {
  const loadedAt = (): Promise<string> => withManagement(ctx, { purpose: 'read' }, async (sql) => (await sql.rows<{ at: string }>('select pg_conf_load_time()::text as at'))[0]?.at ?? '');
  const before = await loadedAt();
  await ctx.engine.signal('SIGHUP');
  const deadline = Date.now() + reloadTimeoutMs;
  while ((await loadedAt()) === before) {
    if (Date.now() > deadline) throw new GuestFault('RETRYABLE', `the server did not read its configuration within ${reloadTimeoutMs} ms`);
    await delay(pollMs, undefined, { signal: ctx.signal });
  }
  const problems = await withManagement(ctx, { purpose: 'read' }, fileProblems);
  if (problems.length > 0) throw new GuestFault('FAILED', `the server does not accept its configuration: ${problems.join('; ')}`);
}

const pendingRestart = async (sql: Sql): Promise<string[]> =>
  (await sql.rows<{ name: string }>('select name from pg_settings where pending_restart order by name')).map((row) => row.name);

/** A parameter that waits for a restart is told as one that "could not be applied"; one given on the command line is not applied on purpose. */
const fileProblems = async (sql: Sql): Promise<string[]> =>
  (await sql.rows<{ problem: string }>(`select coalesce(name || ': ', '') || error as problem from pg_file_settings where error is not null and error <> 'setting could not be applied'
    union all select 'pg_hba.conf: ' || error from pg_hba_file_rules where error is not null`)).map((row) => row.problem);
