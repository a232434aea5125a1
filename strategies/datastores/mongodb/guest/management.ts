/** Connections of the management account: over the socket file, proven by the instance's secret. */
import type { Document } from 'bson';
import { GuestFault, type GuestContext } from '../../../spi/guest.ts';
import { CommandError, type Connection, createConnection, SilenceError } from '../connection.ts';
import { adminDatabase, managementName } from '../names.ts';
import { openTls, overSocket } from '../tls.ts';
import { files } from './config-file.ts';

const connectTimeoutMs = 5_000;
/** A change counts when it is in the journal: a kill right after the answer does not undo it. */
export const durably = { writeConcern: { w: 'majority', j: true } } as const;

export interface Admin {
  run(database: string, command: Document): Promise<Document>;
  /** every document of a find or an aggregate, batch by batch */
  all<Row extends Document>(database: string, command: Document): Promise<Row[]>;
}

export async function openManagement(ctx: Pick<GuestContext, 'paths' | 'managementSecret'>, timeoutMs = connectTimeoutMs): Promise<Connection> {
  const connection = await openUnproven(ctx, timeoutMs);
  try {
    await connection.login(adminDatabase, managementName, ctx.managementSecret, timeoutMs);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

export const openUnproven = async (ctx: Pick<GuestContext, 'paths'>, timeoutMs = connectTimeoutMs): Promise<Connection> =>
  createConnection(await openTls(overSocket(files(ctx).socket), timeoutMs));

const kept = new Map<string, Connection>();

/** The one that stays open, for probes: who is logged in stays so, whatever became of the password. */
export async function keptManagement(ctx: Pick<GuestContext, 'instanceId' | 'paths' | 'managementSecret'>, timeoutMs: number): Promise<Connection> {
  const known = kept.get(ctx.instanceId);
  if (known && !known.closed) return known;
  const fresh = await openManagement(ctx, timeoutMs);
  kept.set(ctx.instanceId, fresh);
  return fresh;
}

export function dropKept(instanceId: string): void {
  kept.get(instanceId)?.close();
  kept.delete(instanceId);
}

/** Runs `use` over one connection and closes it; an abort cuts it off. */
export async function withManagement<T>(ctx: GuestContext, use: (admin: Admin) => Promise<T>): Promise<T> {
  ctx.signal.throwIfAborted();
  const connection = await openManagement(ctx).catch((error: unknown) => {
    // The next probe shall find out the same.
    if (isManagementRefused(error)) dropKept(ctx.instanceId);
    throw asFault(error);
  });
  return withAdmin(ctx, connection, use);
}

export async function withAdmin<T>(ctx: GuestContext, connection: Connection, use: (admin: Admin) => Promise<T>): Promise<T> {
  const cut = (): void => connection.close();
  ctx.signal.addEventListener('abort', cut, { once: true });
  try {
    return await use(adminOver(connection, () => Math.max(1_000, ctx.deadline.getTime() - Date.now())));
  } catch (error) {
    throw asFault(ctx.signal.aborted ? ctx.signal.reason : error);
  } finally {
    ctx.signal.removeEventListener('abort', cut);
    connection.close();
  }
}

export function adminOver(connection: Connection, timeoutMs: () => number): Admin {
  const run: Admin['run'] = (database, command) => connection.command(database, command, timeoutMs());
  return {
    run,
    async all<Row extends Document>(database: string, command: Document) {
      type Cursor = { id: unknown; ns: string; firstBatch?: Row[]; nextBatch?: Row[] };
      const rows: Row[] = [];
      for (let cursor = (await run(database, command))['cursor'] as Cursor; ;) {
        rows.push(...(cursor.firstBatch ?? cursor.nextBatch ?? []));
        if (Number(cursor.id) === 0) return rows;
        cursor = (await run(database, { getMore: cursor.id, collection: cursor.ns.slice(database.length + 1) }))['cursor'] as Cursor;
      }
    },
  };
}

/** https://www.mongodb.com/docs/manual/reference/error-codes/ */
export const codes = { unauthorized: 13, authenticationFailed: 18, namespaceExists: 48, databaseDiffersCase: 13297, userNotFound: 11, userExists: 51003, duplicateKey: 11000, notYetInitialized: 94 } as const;
/** LockTimeout, MaxTimeMSExpired, ShutdownInProgress, WriteConflict, ConflictingOperationInProgress, PrimarySteppedDown, DatabaseDropPending, ExceededTimeLimit, NotWritablePrimary, InterruptedAtShutdown, Interrupted…, NotPrimary… */
const passing = new Set([24, 50, 91, 112, 117, 189, 215, 262, 10107, 11600, 11601, 11602, 13435, 13436]);

export const isCode = (error: unknown, ...wanted: number[]): boolean => error instanceof CommandError && wanted.includes(error.code);
export const isManagementRefused = (error: unknown): boolean => isCode(error, codes.authenticationFailed, codes.unauthorized);
export const isSilent = (error: unknown): boolean => error instanceof SilenceError;

export function asFault(error: unknown): Error {
  if (error instanceof GuestFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CommandError) {
    return passing.has(error.code)
      ? new GuestFault('RETRYABLE', `the server is not ready for it: ${message}`, { cause: error })
      : new GuestFault('FAILED', `the server refused: ${message}`, { cause: error });
  }
  return new GuestFault('RETRYABLE', `the server does not answer: ${message}`, { cause: error });
}
