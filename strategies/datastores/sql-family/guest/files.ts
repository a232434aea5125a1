/** The server's file, its folders, and what of its settings can be changed while it runs. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigureResult, GuestContext } from '../../../spi/guest.ts';
import { SqlError } from '../wire/packets.ts';
import type { Dialect, ServerContext, Sql } from './dialect.ts';
import { socketOf, withManagement } from './management.ts';

const heading = '# Written by Coffer; changes made by hand are lost.\n';
export const serverFile = (ctx: Pick<ServerContext, 'paths'>): string => join(ctx.paths.config, 'server.cnf');
export const pidFile = (ctx: Pick<ServerContext, 'paths'>): string => join(ctx.paths.run, 'server.pid');
/** Beside the data: inside, it would be taken for a database. On the volume: files there may become large. */
export const temporaryFolder = (ctx: Pick<ServerContext, 'paths'>): string => `${ctx.paths.data}.tmp`;
export const isInitialised = (ctx: Pick<GuestContext, 'paths'>): boolean => existsSync(join(ctx.paths.data, 'mysql'));

const wantedSettings = (ctx: ServerContext, dialect: Dialect): Record<string, string> => ({ ...dialect.usualSettings(ctx), ...ctx.sizing });

/** Pure. */
export const renderServerFile = (settings: Readonly<Record<string, string>>): string =>
  `${heading}[server]\n${Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name} = ${value}\n`).join('')}`;

/** True when the file was not as it should be. */
export async function writeFiles(ctx: GuestContext, dialect: Dialect): Promise<boolean> {
  const path = serverFile(ctx);
  const text = renderServerFile(wantedSettings(ctx, dialect));
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return false;
  await writePrivate(ctx, path, text);
  return true;
}

export async function writePrivate(ctx: GuestContext, path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await ctx.engine.own(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
}

/** An empty folder of the engine's. */
export async function makeFolder(ctx: GuestContext, path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  await ctx.engine.own(path, 0o700);
}

/** What a server that is gone left where the next one would stumble over it. */
export async function clearRunFiles(ctx: GuestContext): Promise<void> {
  for (const stale of [pidFile(ctx), socketOf(ctx), `${socketOf(ctx)}.lock`]) await rm(stale, { force: true });
}

export async function configure(ctx: GuestContext, dialect: Dialect): Promise<ConfigureResult> {
  const changed = await writeFiles(ctx, dialect);
  if (ctx.engine.pid() === null) return { changed, restartRequired: [] };
  const restartRequired = await withManagement(ctx, dialect, 'read', (sql) => applyLive(sql, wantedSettings(ctx, dialect)));
  return { changed, restartRequired };
}

/** ER_INCORRECT_GLOBAL_LOCAL_VAR: read only. */
const readOnlyVariable = 1238;

/** Sets what differs; answers what did not become what was wanted, and so waits for a restart. */
async function applyLive(sql: Sql, wanted: Readonly<Record<string, string>>): Promise<string[]> {
  const before = await readVariables(sql);
  for (const [name, value] of Object.entries(wanted)) {
    if (isSame(before.get(name), value)) continue;
    await sql.run([`set global ${name} = ${value}`]).catch((error: unknown) => { if (!(error instanceof SqlError && error.number === readOnlyVariable)) throw error; });
  }
  const after = await readVariables(sql);
  return Object.keys(wanted).filter((name) => !isSame(after.get(name), wanted[name] ?? '')).sort();
}

const readVariables = async (sql: Sql): Promise<Map<string, string>> =>
  new Map((await sql.rows('show global variables')).map((row) => [row['Variable_name'] ?? '', row['Value'] ?? '']));

const isSame = (running: string | undefined, wanted: string): boolean =>
  running !== undefined && (running.toLowerCase() === wanted.toLowerCase() || (running !== '' && wanted !== '' && Number(running) === Number(wanted)));
