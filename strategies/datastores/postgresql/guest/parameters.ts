/** The group `configuration`: what the server can be told, and what it has. */
import { stat } from 'node:fs/promises';
import type { GuestContext } from '../../../spi/guest.ts';
import type { LiveParameter, ParameterSpec } from '../../../spi/parameters.ts';
import { preloadedLibraries, preloadParameter } from '../libraries.ts';
import { type Sql, withManagement } from './management.ts';
import { configFiles } from './owned.ts';
import { type FileEntry, type SettingRow, specOf, tellSetting, type ToldSetting } from './settings.ts';

const mostTries = 20;
/** Loaded by the first function that needs it; only then its parameters are known. */
const loadLanguage = "load 'plpgsql'";
/** `internal` ones tell how the server was built; the transaction's own cannot stand in a file. */
const settings = `select name, vartype, unit, context, category, short_desc || coalesce(' ' || extra_desc, '') as description, boot_val as boot, min_val as min, max_val as max,
  enumvals as allowed, reset_val as value, source, pending_restart as "isPending"
  from pg_settings where context <> 'internal' and not 'NO_RESET_ALL' = any (pg_settings_get_flags(name)) order by name`;

export async function describe(ctx: GuestContext): Promise<ParameterSpec[]> {
  const [, rows] = await withManagement(ctx, { purpose: 'read' }, (sql) => sql.sets([loadLanguage, settings]));
  return (rows as SettingRow[]).map(specOf);
}

export async function read(ctx: GuestContext): Promise<LiveParameter[]> {
  return (await readSettings(ctx)).map(({ name, value, pending }) => ({ name, value, pending }));
}

export async function readSettings(ctx: GuestContext): Promise<ToldSetting[]> {
  const { rows, entries, areFilesLoaded } = await withManagement(ctx, { purpose: 'read', asConfigured: true }, (sql) => look(ctx, sql));
  const entryOf = new Map(entries.map((entry) => [entry.name.toLowerCase(), entry]));
  return rows.map((row) => {
    const told = tellSetting(row, entryOf.get(row.name.toLowerCase()), areFilesLoaded);
    return row.name === preloadParameter ? tellLibraries(told, ctx.parameters) : told;
  });
}

/** They are on the command line, where the server has them without blanks; the next start has the group's. */
function tellLibraries(told: ToldSetting, parameters: Readonly<Record<string, string>>): ToldSetting {
  const given = parameters[preloadParameter] ?? '';
  return told.value === preloadedLibraries(parameters).join(',') ? { ...told, value: given } : { ...told, pending: given };
}

/** The files first: to look at them is what brings the marks of what waits for a restart up to date. */
async function look(ctx: GuestContext, sql: Sql): Promise<{ rows: SettingRow[]; entries: FileEntry[]; areFilesLoaded: boolean }> {
  await untilLeftAlone(sql);
  const [, , files, rows] = await sql.sets([
    'set search_path = pg_catalog, pg_temp', loadLanguage,
    'select name, setting as value, error from pg_file_settings where name is not null order by seqno',
    settings,
  ]);
  return { rows: rows as SettingRow[], entries: files as FileEntry[], areFilesLoaded: (await loadedAfterMs(ctx, sql)) > 0 };
}

/** How long after its files were put in place the server read them; below zero when it has not since: who put them there may have died. */
export async function loadedAfterMs(ctx: GuestContext, sql: Sql): Promise<number> {
  const changedMs = await Promise.all(Object.values(configFiles(ctx)).map((path) => stat(path).then(({ ctimeMs }) => ctimeMs, () => 0)));
  return (await loadedAtMs(sql)) - Math.max(...changedMs);
}

/** When the server read its files. */
export const loadedAtMs = async (sql: Sql): Promise<number> =>
  (await sql.rows<{ atMs: number }>('select extract(epoch from pg_conf_load_time())::float8 * 1000 as "atMs"'))[0]?.atMs ?? 0;

/** The shortest timeout of all, a millisecond, may end even this; and what is looked at may be more than fits into the group's memory. What is told is what the session began with. */
async function untilLeftAlone(sql: Sql): Promise<void> {
  for (let left = mostTries; ; left--) {
    const error = await sql.sets(['set statement_timeout = 0', 'set temp_file_limit = -1', 'set client_min_messages = warning']).then(() => null, (reason: unknown) => reason);
    if (error === null) return;
    if (left === 0 || (error as { code?: string }).code !== '57014') throw error;
  }
}
