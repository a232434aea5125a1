import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConfigureResult, type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { refusal } from '../../../spi/refused-values.ts';
import { libraryOf, preloadedLibraries } from '../libraries.ts';
import { renderAccess, renderServerConfig, renderUserMap } from './files.ts';
import { isInitialised } from './initialise.ts';
import { type Sql, withManagement } from './management.ts';
import { configFiles } from './owned.ts';
import { loadedAfterMs, loadedAtMs, readSettings } from './parameters.ts';
import type { ToldSetting } from './settings.ts';
import { tryServerConfig } from './try-config.ts';

const reloadTimeoutMs = 10_000;
const pollMs = 20;
/** File systems tell the time of the kernel's latest tick. To have the files read once more does no harm. */
const coarseClockMs = 20;

export async function configure(ctx: GuestContext): Promise<ConfigureResult> {
  // Values that people chose are tried before the files of the last ones are gone. Our own need no trial.
  const changed = await writeFiles(ctx, Object.keys(ctx.parameters).length > 0 && isInitialised(ctx) ? tryServerConfig : undefined);
  if (ctx.engine.pid() === null) return { changed, restartRequired: [] };
  if (changed || !(await isLoaded(ctx))) await reload(ctx);
  const live = await readSettings(ctx);
  const untaken = decideUntaken(ctx.parameters, live);
  if (untaken) throw refusal(untaken.name, untaken.has === null ? await wordsAbout(ctx, untaken.name) : untaken.has);
  return { changed, restartRequired: live.filter(({ pending }) => pending !== null).map(({ name }) => name) };
}

/** Where that cannot be asked, the values in force may be what keeps management out. */
async function isLoaded(ctx: GuestContext): Promise<boolean> {
  const afterMs = await withManagement(ctx, { purpose: 'read' }, (sql) => loadedAfterMs(ctx, sql)).catch(() => null);
  return afterMs !== null && afterMs >= coarseClockMs;
}

/** True when any file was not as it should be. */
export async function writeFiles(ctx: GuestContext, attempt?: (ctx: GuestContext, serverFile: string) => Promise<void>): Promise<boolean> {
  const files = configFiles(ctx);
  const wanted: [string, string][] = [[files.server, renderServerConfig(ctx.sizing, ctx.parameters)], [files.access, renderAccess()], [files.users, renderUserMap()]];
  let changed = false;
  for (const [path, text] of wanted) {
    const aside = `${path}.new`;
    if ((await readFile(path, 'utf8').catch(() => null)) === text) {
      // Of a call that died.
      await rm(aside, { force: true });
      continue;
    }
    await writeFile(aside, text, { mode: 0o600 });
    await ctx.engine.own(aside, 0o600);
    if (path === files.server) await attempt?.(ctx, aside).catch(async (error: unknown) => { await rm(aside, { force: true }); throw error; });
    await rename(aside, path);
    changed = true;
  }
  return changed;
}

/**
 * Returns when the server has read its files, or says why it could not. The values in force may be what keeps management out:
 * new ones are read whether it can log in or not.
 */
export async function reload(ctx: GuestContext): Promise<void> {
  let fault: unknown = null;
  const loadedMs = async (): Promise<number | null> => {
    fault = null;
    return withManagement(ctx, { purpose: 'read' }, loadedAtMs).catch((error: unknown) => { ctx.signal.throwIfAborted(); fault = error; return null; });
  };
  const beforeMs = await loadedMs();
  const signalledMs = Date.now();
  await ctx.engine.signal('SIGHUP');
  const deadline = signalledMs + reloadTimeoutMs;
  while (!isLoadedAnew(await loadedMs(), { beforeMs, signalledMs })) {
    if (Date.now() > deadline) throw fault instanceof Error ? fault : new GuestFault('RETRYABLE', `the server did not read its configuration within ${reloadTimeoutMs} ms`);
    await delay(pollMs, undefined, { signal: ctx.signal });
  }
  const problems = await withManagement(ctx, { purpose: 'read' }, fileProblems);
  if (problems.length > 0) throw new GuestFault('FAILED', `the server does not accept its configuration: ${problems.join('; ')}`);
}

/** Clocks may be set back, so that another time is enough; where there is none to compare with, it must be later than the signal. */
export const isLoadedAnew = (loadedMs: number | null, { beforeMs, signalledMs }: { beforeMs: number | null; signalledMs: number }): boolean =>
  loadedMs !== null && (beforeMs === null ? loadedMs >= signalledMs : loadedMs !== beforeMs);

/** The first value that is neither in force nor waits for a restart. `has`: what the server has in its place; null: its words have to be asked for. */
export function decideUntaken(parameters: Readonly<Record<string, string>>, live: readonly ToldSetting[]): { name: string; has: string | null } | null {
  const told = new Map(live.map((one) => [one.name, one]));
  for (const [name, value] of Object.entries(parameters)) {
    const found = told.get(name);
    const library = libraryOf(name);
    if (!found && library !== undefined && preloadedLibraries(parameters).includes(library)) continue; // there once it is loaded
    if (!found) return { name, has: library === undefined ? 'it has no such parameter' : `it has no such parameter without ${library} in shared_preload_libraries` };
    if (found.isRefused) return { name, has: null };
    const next = found.pending ?? found.value;
    if (next !== value) return { name, has: `it has ${next === '' ? 'nothing' : next} in its place` };
  }
  return null;
}

/** Some values are looked at only inside a database, whose objects they name. */
async function wordsAbout(ctx: GuestContext, name: string): Promise<string> {
  const error = await withManagement(ctx, { purpose: 'read' }, (sql) => sql.rows('select set_config($1, $2, true)', [name, ctx.parameters[name]])).then(() => null, (reason: unknown) => reason);
  return error instanceof Error ? error.message : 'its line in the file cannot be applied';
}

/**
 * A parameter that waits for a restart is told as one that "could not be applied", and where its line is gone in another
 * sentence; one given on the command line is not applied on purpose.
 */
const fileProblems = async (sql: Sql): Promise<string[]> =>
  (await sql.rows<{ problem: string }>(`select coalesce(name || ': ', '') || error as problem from pg_file_settings
    where error is not null and error <> 'setting could not be applied' and error not like '%cannot be changed without restarting the server'
    union all select 'pg_hba.conf: ' || error from pg_hba_file_rules where error is not null`)).map((row) => row.problem);
