/**
 * What the server tells of what it can be told: its parameters, by one without any configuration that is started for this,
 * with bounds out of its words about values that it refuses; its options, by its help.
 */
import { mkdir, rm } from 'node:fs/promises';
import { Long, type Document } from 'bson';
import { canonicalValue } from '../../../spi/parameter-values.ts';
import { GuestFault, type GuestContext } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { CommandError, type Connection } from '../connection.ts';
import { adminDatabase } from '../names.ts';
import { doubled, options, section } from '../options.ts';
import { bareStartSettings, renderConfig } from './config-file.ts';
import { writeOwned } from './files.ts';
import { type HelpEntry, parseHelp } from './help.ts';
import { program, untilListening } from './initialise.ts';
import { remainingMs } from './management.ts';

const unspoken = 'The server tells no more of it than its name.';
const helpTimeoutMs = 10_000;
/** The server makes as many as it is told to, for many seconds. */
const unasked = /Concurrent(Read|Write)Transactions$/;

export async function describe(ctx: GuestContext): Promise<ParameterSpec[]> {
  const help = await ctx.engine.run({ command: program(ctx), args: ['--help'], timeoutMs: helpTimeoutMs });
  return [...optionSpecs(parseHelp(help.stdout)), ...(await withBareServer(ctx, parameterSpecs))];
}

export function optionSpecs(help: ReadonlyMap<string, HelpEntry>): ParameterSpec[] {
  return options.map(({ name, flag, type, unit, apply }) => {
    const told = help.get(flag);
    const form = { type, unit, min: null, max: null, allowed: type === 'ENUM' ? told?.allowed ?? null : null };
    return { name, ...form, default: told?.default == null ? null : canonicalOf(form, told.default), apply, description: told?.description || unspoken };
  });
}

/** Parameters that are documents or lists have no place in a group, and those that no start takes are none of the file. */
async function parameterSpecs(connection: Connection, timeoutMs: () => number): Promise<ParameterSpec[]> {
  const told = await connection.command(adminDatabase, { getParameter: { showDetails: true, allParameters: true } }, timeoutMs());
  const found: ParameterSpec[] = [];
  for (const [name, { value, settableAtRuntime, settableAtStartup }] of Object.entries(told).filter(([, one]) => isDetail(one)) as [string, Detail][]) {
    const type = typeOf(value);
    if (type === null || !settableAtStartup || doubled.has(name)) continue;
    const bounds = settableAtRuntime && type.extremes !== null && !unasked.test(name) ? await boundsOf(connection, name, value, type.extremes, timeoutMs) : { min: null, max: null };
    const form = { type: type.kind, unit: null, allowed: null, ...bounds };
    found.push({ name: section + name, ...form, default: canonicalOf(form, String(value)), apply: settableAtRuntime ? 'LIVE' : 'RESTART', description: unspoken });
  }
  return found;
}

interface Detail { value: unknown; settableAtRuntime: boolean; settableAtStartup: boolean }
const isDetail = (one: unknown): boolean => typeof one === 'object' && one !== null && 'settableAtStartup' in one;

type Extremes = readonly [unknown, unknown];
interface Type { kind: 'BOOLEAN' | 'INTEGER' | 'NUMBER' | 'STRING'; extremes: Extremes | null }
const int32: Extremes = [-(2 ** 31), 2 ** 31 - 1];

/** Of a value as the wire has it. */
function typeOf(value: unknown): Type | null {
  if (typeof value === 'boolean') return { kind: 'BOOLEAN', extremes: null };
  if (typeof value === 'string') return { kind: 'STRING', extremes: null };
  switch ((value as Document | undefined)?.['_bsontype']) {
    case 'Int32': return { kind: 'INTEGER', extremes: int32 };
    case 'Long': return { kind: 'INTEGER', extremes: [Long.MIN_VALUE, Long.MAX_VALUE] };
    case 'Double': return { kind: 'NUMBER', extremes: int32 };
    default: return null;
  }
}

type Bounds = Pick<ParameterSpec, 'min' | 'max'>;

async function boundsOf(connection: Connection, name: string, value: unknown, extremes: Extremes, timeoutMs: () => number): Promise<Bounds> {
  const set = (one: unknown): Promise<string | null> => connection.command(adminDatabase, { setParameter: 1, [name]: one }, timeoutMs()).then(() => null, (error: unknown) => {
    if (error instanceof CommandError) return error.message;
    throw error;
  });
  const [low, high] = [await set(extremes[0]), await set(extremes[1])];
  await set(value);
  const isWhole = (value as Document)['_bsontype'] !== 'Double';
  return { min: boundIn(low, isWhole), max: boundIn(high, isWhole) };
}

/** A bound that is excluded is the next whole number; of fractions it is the bound itself, which the server refuses by itself. */
export function boundIn(refusal: string | null, isWhole: boolean): number | null {
  const [, side, orEqual, digits] = /is not (greater|less) than( or equal to)? (\S+)$/.exec(refusal ?? '') ?? [];
  if (digits === undefined) return null;
  const bound = Number(digits) + (orEqual || !isWhole ? 0 : side === 'greater' ? 1 : -1);
  return Math.abs(bound) > Number.MAX_SAFE_INTEGER ? null : bound;
}

/** What the server has is right, whatever the bounds. */
function canonicalOf(form: Pick<ParameterSpec, 'type' | 'unit' | 'allowed'>, text: string): string {
  const read = canonicalValue({ ...form, min: null, max: null }, text);
  return 'value' in read ? read.value : text;
}

/** It needs no account: nobody but agent and engine may enter the folder of its socket. */
async function withBareServer<T>(ctx: GuestContext, use: (connection: Connection, timeoutMs: () => number) => Promise<T>): Promise<T> {
  const [data, config, socket] = [`${ctx.paths.data}.bare`, `${ctx.paths.config}/bare.conf`, `${ctx.paths.run}/bare.sock`];
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { mode: 0o700 });
  await ctx.engine.own(data, 0o700);
  await writeOwned(ctx, config, renderConfig(bareStartSettings(ctx, { dataFolder: data, socket })));
  const ended = new AbortController();
  const server = ctx.engine.run({ command: program(ctx), args: ['--config', config], env: { LC_ALL: 'C' }, cwd: data, timeoutMs: remainingMs(ctx) }).finally(() => ended.abort());
  server.catch(() => undefined);
  try {
    const connection = await untilListening(ctx, socket, ended.signal, { isTyped: true });
    try {
      return await use(connection, () => remainingMs(ctx));
    } finally {
      await connection.command(adminDatabase, { shutdown: 1 }, remainingMs(ctx)).catch(() => undefined);
      connection.close();
    }
  } catch (error) {
    throw error instanceof GuestFault ? error : new GuestFault('FAILED', `the server that is asked for its parameters failed: ${(error as Error).message}`, { cause: error });
  } finally {
    await server.catch(() => undefined);
    for (const path of [data, config, socket]) await rm(path, { recursive: true, force: true });
  }
}
