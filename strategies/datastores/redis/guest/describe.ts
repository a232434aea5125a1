/**
 * What Redis tells of its parameters. It has no list of them: names and defaults are those of a server without any
 * configuration, started for this; kinds and bounds are in its words about values that it refuses.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { GuestContext } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { fromEngine } from '../values.ts';
import { quote } from './config-file.ts';
import { openConnection, RespError, type Connection } from './resp.ts';

const serverTimeoutMs = 60_000;
const commandTimeoutMs = 5_000;
const lookEveryMs = 20;
const unspoken = 'The engine tells no more of it than its name: see the redis.conf of this version.';

/** Names of before, which mean the same as these. */
const primaryOf = (name: string): string =>
  (name === 'lua-time-limit' ? 'busy-reply-threshold' : name.replace('slaves', 'replicas').replace('slave', 'replica').replace('ziplist', 'listpack').replaceAll('_', '-'));
/** What the bare server is told for our sake, and where it stands: no defaults. */
const ours = new Set(['port', 'unixsocket', 'dir']);

export async function describe(ctx: GuestContext): Promise<ParameterSpec[]> {
  const socket = `${ctx.paths.run}/bare.sock`;
  const server = ctx.engine.run({ command: `${ctx.paths.bin}/redis-server`, args: ['-'], stdin: `port 0\nunixsocket ${quote(socket)}\n`, cwd: ctx.paths.run, timeoutMs: serverTimeoutMs });
  let hasEnded = false;
  void server.catch(() => undefined).then(() => { hasEnded = true; });
  const connection = await connectTo(socket, () => hasEnded);
  try {
    return await describeServer(ctx, connection);
  } finally {
    await connection.command(['SHUTDOWN', 'NOSAVE'], commandTimeoutMs).catch(() => undefined);
    connection.close();
    await server.catch(() => undefined);
  }
}

async function connectTo(socket: string, hasEnded: () => boolean): Promise<Connection> {
  for (;;) {
    try {
      return await openConnection(socket, commandTimeoutMs);
    } catch (error) {
      if (hasEnded()) throw error;
      await delay(lookEveryMs);
    }
  }
}

async function describeServer(ctx: GuestContext, connection: Connection): Promise<ParameterSpec[]> {
  const told = (await connection.command(['CONFIG', 'GET', '*'], commandTimeoutMs)) as string[];
  const values = new Map(told.flatMap((name, i) => (i % 2 === 0 ? [[name, told[i + 1] ?? ''] as const] : [])));
  const isAlias = (name: string): boolean => primaryOf(name) !== name && values.get(primaryOf(name)) === values.get(name);
  const found: ParameterSpec[] = [];
  for (const name of [...values.keys()].filter((one) => !isAlias(one)).sort()) {
    const first = await refusalByCommand(connection, name, 'no such value~');
    const isFixed = first !== null && /can't set (immutable|protected) config/.test(first);
    const refusalOf = (value: string): Promise<string | null> => (isFixed ? refusalByParser(ctx, name, value) : refusalByCommand(connection, name, value));
    const kind = await kindOf(isFixed ? await refusalOf('nosuchvalue~') : first, refusalOf);
    const spec: ParameterSpec = { name, ...kind, default: null, apply: isFixed ? 'RESTART' : 'LIVE', description: unspoken };
    found.push({ ...spec, default: ours.has(name) ? null : fromEngine(spec, values.get(name) ?? '') });
  }
  return found;
}

async function refusalByCommand(connection: Connection, name: string, value: string): Promise<string | null> {
  try {
    await connection.command(['CONFIG', 'SET', name, value], commandTimeoutMs);
    return null;
  } catch (error) {
    if (error instanceof RespError && error.kind === 'ERR') return error.message;
    throw error;
  }
}

/** The last line is one that no server starts with. */
async function refusalByParser(ctx: GuestContext, name: string, value: string): Promise<string | null> {
  const { stderr } = await ctx.engine.run({ command: `${ctx.paths.bin}/redis-server`, args: ['-'], stdin: `${name} ${quote(value)}\n"`, cwd: ctx.paths.run, timeoutMs: commandTimeoutMs });
  return /at line 1\n>>> .*\n(.*)/.exec(stderr)?.[1] ?? null;
}

type Kind = Pick<ParameterSpec, 'type' | 'unit' | 'min' | 'max' | 'allowed'>;

async function kindOf(refusal: string | null, refusalOf: (value: string) => Promise<string | null>): Promise<Kind> {
  const plain: Kind = { type: 'STRING', unit: null, min: null, max: null, allowed: null };
  if (refusal === null) return plain;
  if (/must be 'yes' or 'no'/.test(refusal)) return { ...plain, type: 'BOOLEAN' };
  const choices = /must be one of the following: (.+)/.exec(refusal)?.[1];
  if (choices !== undefined) return { ...plain, type: 'ENUM', allowed: choices.split(', ') };
  if (/into an integer/.test(refusal)) return { ...plain, type: 'INTEGER', ...(await boundsOf(['-9223372036854775808', '9223372036854775807'], refusalOf)) };
  // one that may also be a share in percent is a size here: what is a share of a flavor a formula says
  if (/memory or percent value/.test(refusal)) return { ...plain, type: 'INTEGER', unit: 'B', min: 0, max: Number.MAX_SAFE_INTEGER };
  if (/memory value/.test(refusal)) return { ...plain, type: 'INTEGER', unit: 'B', ...(await boundsOf(['0', '18446744073709551615'], refusalOf)) };
  return plain;
}

/** As far as a number is exact. */
const exactly = (digits: string): number => Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(digits)));

async function boundsOf(extremes: readonly string[], refusalOf: (value: string) => Promise<string | null>): Promise<Pick<Kind, 'min' | 'max'>> {
  for (const value of extremes) {
    const [, min, max] = /between (-?\d+) and (-?\d+) inclusive/.exec((await refusalOf(value)) ?? '') ?? [];
    if (min !== undefined && max !== undefined) return { min: exactly(min), max: exactly(max) };
  }
  return { min: exactly(extremes[0]!), max: exactly(extremes[1]!) };
}
