/** The server's file and its folders. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { lineProblem, renderServerFile } from '../option-file.ts';
import { toEngine } from '../values.ts';
import type { Dialect, ServerContext } from './dialect.ts';
import { socketOf } from './management.ts';

export const serverFile = (ctx: Pick<ServerContext, 'paths'>): string => join(ctx.paths.config, 'server.cnf');
/** What the server was started with. */
export const startedFile = (ctx: Pick<ServerContext, 'paths'>): string => join(ctx.paths.run, 'started.cnf');
export const pidFile = (ctx: Pick<ServerContext, 'paths'>): string => join(ctx.paths.run, 'server.pid');
/** Beside the data: inside, it would be taken for a database. On the volume: files there may become large. */
export const temporaryFolder = (ctx: Pick<ServerContext, 'paths'>): string => `${ctx.paths.data}.tmp`;
export const isInitialised = (ctx: Pick<GuestContext, 'paths'>): boolean => existsSync(join(ctx.paths.data, 'mysql'));

export const readText = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

export async function specsOf({ track }: Pick<GuestContext, 'track'>, dialect: Dialect): Promise<ReadonlyMap<string, ParameterSpec>> {
  return new Map((await dialect.catalogue(track)).map((spec) => [spec.name, spec]));
}

/** What comes later wins: usual settings, sizing, the group's. What Coffer owns is on the command line, or has no line at all. */
async function wantedFile(ctx: GuestContext, dialect: Dialect): Promise<string> {
  const given = Object.entries(ctx.parameters);
  const specs = given.length === 0 ? new Map<string, ParameterSpec>() : await specsOf(ctx, dialect);
  const group = Object.fromEntries(given.map(([name, value]) => [name, groupWords(specs.get(name), name, value)]));
  return renderServerFile({ ...dialect.usualSettings(ctx), ...ctx.sizing, ...group });
}

function groupWords(spec: ParameterSpec | undefined, name: string, value: string): string {
  const problem = spec ? spec.owned ?? lineProblem(name, value) : 'this version has no such parameter';
  if (!spec || problem !== null) throw new GuestFault('REFUSED', `${name}: ${problem}`);
  return toEngine(spec, value);
}

/** True when the file was not as it should be. `attempt` throws where the server would not start with it. */
export async function writeFiles(ctx: GuestContext, dialect: Dialect, attempt?: (file: string) => Promise<void>): Promise<boolean> {
  const path = serverFile(ctx);
  const [text, before] = [await wantedFile(ctx, dialect), await readText(path)];
  const aside = `${path}.new`;
  if (before === text) {
    // Of a call that died.
    await rm(aside, { force: true });
    return false;
  }
  await writeFile(aside, text, { mode: 0o600 });
  await ctx.engine.own(aside, 0o600);
  await attempt?.(aside).catch(async (error: unknown) => { await rm(aside, { force: true }); throw error; });
  await rename(aside, path);
  return true;
}

/** Beside a server that is about to start: it knows no other settings than these. */
export async function keepStartedFile(ctx: GuestContext): Promise<void> {
  await writePrivate(ctx, startedFile(ctx), (await readText(serverFile(ctx))) ?? '');
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
