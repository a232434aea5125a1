/** What the running server has, what it was started with, and what its next start will take. */
import { rm } from 'node:fs/promises';
import type { GuestContext } from '../../../spi/guest.ts';
import type { LiveParameter, ParameterSpec } from '../../../spi/parameters.ts';
import { catalogueOf } from '../catalogue/index.ts';
import { fromServer, groupSettings, type Setting } from '../values.ts';
import { readText, writeOwned } from './files.ts';
import { ask, type ManagementContext } from './management.ts';
import { earlierStartedFile, startedFile, toldFile } from './places.ts';

/** The server's words by its names, those of before among them; null: it has no value. */
export type Settings = ReadonlyMap<string, string | null>;
type Values = Readonly<Record<string, Setting>>;

export async function readSettings(ctx: ManagementContext): Promise<Settings> {
  const rows = await ask(ctx, 'SELECT name, value FROM system_views.settings');
  return new Map(rows.map(({ name, value }) => [String(name), typeof value === 'string' && value !== 'null' ? value : null]));
}

/** What a start takes beside what Coffer owns, in the server's words; `jvm.*` are options of the Java machine. */
export const valuesOf = ({ sizing, parameters }: Pick<GuestContext, 'sizing' | 'parameters'>, catalogue: readonly ParameterSpec[]): Values => ({ ...sizing, ...groupSettings(catalogue, parameters) });

/** The server does not tell what it has worked out and what it was given. */
export async function rememberStarted(ctx: GuestContext): Promise<void> {
  await rm(toldFile(ctx), { force: true });
  await writeOwned(ctx, startedFile(ctx), `${JSON.stringify(valuesOf(ctx, await catalogueOf(ctx.track)))}\n`);
}
/** A server that an earlier release started has it where that one laid it. */
const readStarted = async (ctx: GuestContext): Promise<Values> => JSON.parse((await readText(startedFile(ctx))) ?? (await readText(earlierStartedFile(ctx))) ?? '{}') as Values;

/** Names of what the running server was told, at its start or since. */
export const readTold = async (ctx: GuestContext): Promise<ReadonlySet<string>> => new Set([...Object.keys(await readStarted(ctx)), ...(JSON.parse((await readText(toldFile(ctx))) ?? '[]') as string[])]);
export const writeTold = async (ctx: GuestContext, told: ReadonlySet<string>): Promise<void> => void (await writeOwned(ctx, toldFile(ctx), `${JSON.stringify([...told].sort())}\n`));

export async function readParameters(ctx: GuestContext): Promise<LiveParameter[]> {
  const catalogue = await catalogueOf(ctx.track);
  return tellParameters({ catalogue, running: await readSettings(ctx), started: await readStarted(ctx), next: valuesOf(ctx, catalogue) });
}

interface Known { catalogue: readonly ParameterSpec[]; running: Settings; started: Values; next: Values }

/** A parameter that has no value, and gets none, is not told. */
export function tellParameters({ catalogue, running, started, next }: Known): LiveParameter[] {
  return catalogue.flatMap((spec) => {
    const told = running.get(spec.name) ?? null;
    const value = told === null ? null : fromServer(spec, told);
    const pending = pendingValue(spec, value, started, next);
    return value === null && pending === null ? [] : [{ name: spec.name, value: value ?? '', pending }];
  });
}

/** What only a start takes, and the last one did not; empty: what the server will work out. */
function pendingValue(spec: ParameterSpec, value: string | null, started: Values, next: Values): string | null {
  if (spec.apply !== 'RESTART') return null;
  const [was, is] = [started[spec.name], next[spec.name]].map((one) => (one === undefined ? spec.default : fromServer(spec, one)));
  return is === was || (is !== null && is === value) ? null : is ?? '';
}

/** Of all that a start takes, that of the Java machine too. */
export async function waitingNames(ctx: GuestContext): Promise<string[]> {
  const [catalogue, started] = [await catalogueOf(ctx.track), await readStarted(ctx)];
  const next = valuesOf(ctx, catalogue);
  const told = tellParameters({ catalogue, running: await readSettings(ctx), started, next });
  const untold = Object.keys({ ...started, ...next }).filter((name) => !catalogue.some((spec) => spec.name === name) && started[name] !== next[name]);
  return [...told.filter(({ pending }) => pending !== null).map(({ name }) => name), ...untold].sort();
}
