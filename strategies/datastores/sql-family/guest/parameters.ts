/** The group `configuration`: what the server has, and what its next start will take. */
import type { GuestContext } from '../../../spi/guest.ts';
import type { LiveParameter, ParameterSpec } from '../../../spi/parameters.ts';
import { optionOf, parseServerFile } from '../option-file.ts';
import { fromEngine, isSameValue, toEngine } from '../values.ts';
import type { Dialect, Sql } from './dialect.ts';
import { readText, serverFile, specsOf, startedFile } from './files.ts';
import { withManagement } from './management.ts';

/** `isSet`: by a statement, since the server's start. */
export interface Variable { words: string; isSet: boolean }
type Words = ReadonlyMap<string, string>;
/** Option → words: what the file has, and what it had when the server started. */
export interface FileSettings { now: Words; started: Words }

export async function readVariables(sql: Sql, dialect: Dialect): Promise<Map<string, Variable>> {
  return new Map((await sql.rows(dialect.variablesQuery)).map((row) => [(row['name'] ?? '').toLowerCase(), { words: row['value'] ?? '', isSet: row['isSet'] === '1' }]));
}

export async function readFileSettings(ctx: Pick<GuestContext, 'paths'>): Promise<FileSettings> {
  const [now, started] = await Promise.all([serverFile(ctx), startedFile(ctx)].map(async (path) => parseServerFile((await readText(path)) ?? '')));
  return { now: now ?? new Map(), started: started ?? new Map() };
}

export const read = (ctx: GuestContext, dialect: Dialect): Promise<LiveParameter[]> => withManagement(ctx, dialect, 'read', (sql) => readParameters(ctx, dialect, sql));

export async function readParameters(ctx: GuestContext, dialect: Dialect, sql: Sql): Promise<LiveParameter[]> {
  const [variables, specs, settings] = [await readVariables(sql, dialect), await specsOf(ctx, dialect), await readFileSettings(ctx)];
  return [...specs.values()].flatMap((spec) => {
    const variable = variables.get(spec.name);
    return variable ? [tellParameter(spec, variable, settings, ctx.parameters)] : [];
  });
}

/**
 * Values are in the group's spelling where they mean what the server has. What the file had at the start as well does not
 * wait, whatever the server has made of it; neither does a value of the group that is taken live: there the server has
 * another only because somebody changed it by hand. One that the server was started with and did not give back waits. Pure.
 */
export function tellParameter(spec: ParameterSpec, { words, isSet }: Variable, { now, started }: FileSettings, parameters: Readonly<Record<string, string>>): LiveParameter {
  const { name } = spec;
  const [given, inFile, before] = [parameters[name], now.get(optionOf(name)), started.get(optionOf(name))];
  const asGiven = (one: string): string => (given !== undefined && isSameValue(spec, one, toEngine(spec, given)) ? given : fromEngine(spec, one));
  const tell = (pending: string | null): LiveParameter => ({ name, value: asGiven(words), pending });
  const isLive = spec.apply === 'LIVE' && (given !== undefined || (inFile === undefined && (isSet || spec.default === null)));
  if (spec.owned !== undefined || isLive || inFile === before) return tell(null);
  const next = inFile ?? toEngine(spec, spec.default ?? '');
  return tell(isSameValue(spec, words, next) ? null : asGiven(next));
}
