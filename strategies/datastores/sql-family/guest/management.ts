/** Connections of the management account: over the unix socket, proven by the instance's secret. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { managementName } from '../names.ts';
import { literal } from '../text.ts';
import { type Connection, openConnection, SilenceError } from '../wire/connection.ts';
import { SqlError } from '../wire/packets.ts';
import type { Dialect, Sql } from './dialect.ts';
import { endEverybody, endOpenTransactions, ignoreGone, rollBackPrepared } from './sessions.ts';

export type ManagementContext = Pick<GuestContext, 'instanceId' | 'track' | 'paths' | 'managementSecret' | 'deadline' | 'signal' | 'engine' | 'operationId'>;
/** `op` changes something, one at a time; `read` looks beside it. */
export type Purpose = 'op' | 'read';

const connectTimeoutMs = 5_000;
const placePatienceMs = 1_000;
const leftoverTimeoutMs = 10_000;
const pollMs = 20;
/** What is done about whoever holds a lock that management waits for, the gentlest first. */
const clearances = [endOpenTransactions, endEverybody, rollBackPrepared] as const;

export const socketOf = (ctx: Pick<GuestContext, 'paths'>): string => join(ctx.paths.run, 'server.sock');

export async function openManagement(ctx: Pick<GuestContext, 'paths' | 'managementSecret'>, dialect: Dialect, timeoutMs = connectTimeoutMs): Promise<Connection> {
  const connection = await connectManagement(ctx, timeoutMs);
  try {
    await connection.query(`set ${dialect.sessionSettings}`, timeoutMs);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** One place is management's alone. Its last session may still be leaving it, or its next look at the server be in it. */
async function connectManagement(ctx: Pick<GuestContext, 'paths' | 'managementSecret'>, timeoutMs: number): Promise<Connection> {
  const deadline = Date.now() + Math.min(placePatienceMs, timeoutMs);
  for (;;) {
    try {
      return await openConnection({ socketPath: socketOf(ctx) }, { user: managementName, password: ctx.managementSecret, database: null }, timeoutMs);
    } catch (error) {
      if (!isFull(error) || Date.now() > deadline) throw error;
      await delay(pollMs);
    }
  }
}

export async function withManagement<T>(ctx: ManagementContext, dialect: Dialect, purpose: Purpose, work: (sql: Sql) => Promise<T>): Promise<T> {
  try {
    const connection = await openManagement(ctx, dialect);
    try {
      const sql = speak(ctx, dialect, connection);
      if (purpose === 'op') await takeTurn(ctx, sql);
      return await work(sql);
    } finally {
      connection.close();
    }
  } catch (error) {
    throw asFault(error);
  }
}

function speak(ctx: ManagementContext, dialect: Dialect, connection: Connection): Sql {
  const remainingMs = (): number => Math.max(1_000, ctx.deadline.getTime() - Date.now());
  const ask = async (text: string) => {
    for (let attempt = 0; ; attempt++) {
      ctx.signal.throwIfAborted();
      try {
        return await connection.query(text, remainingMs());
      } catch (error) {
        // Management does not wait for tenants: an open transaction of theirs could hold up a deletion for ever.
        const remedy = clearances[attempt];
        if (!isLockTimeout(error) || remedy === undefined) throw error;
        await remedy({ rows: (statement) => connection.query(statement, remainingMs()) }, dialect);
      }
    }
  };
  return { rows: ask, run: async (statements) => { for (const statement of statements) await ask(statement); } };
}

/**
 * A statement of an earlier call whose process died goes on in the server, with its lock held: it ends before this one
 * begins. Nobody else can know the lock's name.
 */
async function takeTurn(ctx: ManagementContext, sql: Sql): Promise<void> {
  const name = literal(`coffer/${createHash('sha256').update(`${ctx.managementSecret}/turn`).digest('hex').slice(0, 24)}`);
  const deadline = Date.now() + leftoverTimeoutMs;
  for (;;) {
    const [row] = await sql.rows(`select get_lock(${name}, 0) as mine, is_used_lock(${name}) as holder`);
    if (row?.['mine'] === '1') return;
    if (Date.now() > deadline) throw new GuestFault('RETRYABLE', 'an earlier change is still being undone by the server; try again shortly');
    if (row?.['holder']) await sql.rows(`kill ${Number(row['holder'])}`).catch(ignoreGone);
    await delay(pollMs, undefined, { signal: ctx.signal });
  }
}

const isLockTimeout = (error: unknown): boolean => error instanceof SqlError && error.number === 1205;
const codeOf = (error: unknown): string => (error as { code?: string }).code ?? '';
/** Access denied, in its several forms; a host that is not allowed at all. */
const refusals = new Set([1045, 1044, 1130, 1698, 3118, 1862, 1820, 3955, 4151]);
export const isManagementRefused = (error: unknown): boolean => error instanceof SqlError && refusals.has(error.number);
export const isFull = (error: unknown): boolean => error instanceof SqlError && [1040, 1203].includes(error.number);
export const isUnreachable = (error: unknown): boolean => ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(codeOf(error)) || /closed the connection/.test((error as Error).message);
/** A server that is stopping, or has not begun. */
const isGoing = (error: unknown): boolean => error instanceof SqlError && [1053, 1077, 1079, 1184, 1317, 3169, 3024].includes(error.number);
const isReadOnly = (error: unknown): boolean => error instanceof SqlError && [1290, 1792, 1836].includes(error.number);

/** No answer about what was asked. */
export const isSilenced = (error: unknown): boolean => isFull(error) || isUnreachable(error) || isGoing(error) || isLockTimeout(error);

export function asFault(error: unknown): Error {
  if (error instanceof GuestFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isFull(error)) return new GuestFault('RETRYABLE', `all connections are taken, management's too: ${message}`, { cause: error });
  if (isUnreachable(error) || isGoing(error) || error instanceof SilenceError) return new GuestFault('RETRYABLE', `the server does not answer: ${message}`, { cause: error });
  if (isLockTimeout(error)) return new GuestFault('RETRYABLE', `the server is busy with something in the way: ${message}`, { cause: error });
  if (isReadOnly(error)) return new GuestFault('REFUSED', `the server takes no changes: ${message}`, { cause: error });
  if (error instanceof SqlError) return new GuestFault('FAILED', `the server refused (${error.number}): ${message}`, { cause: error });
  return error instanceof Error ? error : new Error(message);
}
