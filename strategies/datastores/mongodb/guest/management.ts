/** Connections of the management account: over the socket file, proven by the instance's secret. */
import { type Document, Long } from 'bson';
import { GuestFault, type GuestContext } from '../../../spi/guest.ts';
import { CommandError, type Connection, createConnection, SilenceError } from '../connection.ts';
import { adminDatabase, managementName } from '../names.ts';
import { openTls, overSocket } from '../tls.ts';
import { files } from './config-file.ts';

const connectTimeoutMs = 5_000;
export const remainingMs = (ctx: Pick<GuestContext, 'deadline'>): number => Math.max(1_000, ctx.deadline.getTime() - Date.now());
/** A change counts when it is in the journal: a kill right after the answer does not undo it. */
export const durably = { writeConcern: { w: 'majority', j: true } } as const;

export interface Admin {
  run(database: string, command: Document): Promise<Document>;
  /** every document of a find or an aggregate, batch by batch */
  all<Row extends Document>(database: string, command: Document): Promise<Row[]>;
}

type Bounded = Pick<GuestContext, 'paths' | 'signal' | 'deadline'>;
interface Login { database: string; user: string; password: string }

/** Over the socket file, and logged in: all of it within `timeoutMs` and the deadline, and cut off by an abort. */
export async function openAs(ctx: Bounded, { database, user, password }: Login, timeoutMs = connectTimeoutMs): Promise<Connection> {
  const until = Date.now() + Math.min(timeoutMs, remainingMs(ctx));
  const connection = createConnection(await openTls(overSocket(files(ctx).socket), until - Date.now(), ctx.signal));
  const cut = (): void => connection.close();
  ctx.signal.addEventListener('abort', cut, { once: true });
  try {
    await connection.login(database, user, password, Math.max(1, until - Date.now()));
    return connection;
  } catch (error) {
    connection.close();
    throw ctx.signal.aborted ? ctx.signal.reason : error;
  } finally {
    ctx.signal.removeEventListener('abort', cut);
  }
}

const openManagement = (ctx: Bounded & Pick<GuestContext, 'managementSecret'>, timeoutMs?: number): Promise<Connection> =>
  openAs(ctx, { database: adminDatabase, user: managementName, password: ctx.managementSecret }, timeoutMs);

const kept = new Map<string, Connection>();

/** The one that stays open, for probes: who is logged in stays so, whatever became of the password. */
export async function keptManagement(ctx: Bounded & Pick<GuestContext, 'instanceId' | 'managementSecret'>, timeoutMs: number): Promise<Connection> {
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
    return await use(adminOver(connection, () => remainingMs(ctx)));
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
        cursor = (await run(database, { getMore: idOf(cursor), collection: cursor.ns.slice(database.length + 1) }))['cursor'] as Cursor;
      }
    },
  };
}

/** The server takes no other number than it gave, and small ones are read as a number of JavaScript's. */
const idOf = ({ id }: { id: unknown }): unknown => (typeof id === 'number' ? Long.fromNumber(id) : id);

/** https://www.mongodb.com/docs/manual/reference/error-codes/ */
export const codes = { unauthorized: 13, authenticationFailed: 18, namespaceExists: 48, databaseDiffersCase: 13297, userNotFound: 11, userExists: 51003, duplicateKey: 11000, notYetInitialized: 94 } as const;
/** LockTimeout, MaxTimeMSExpired, ShutdownInProgress, WriteConflict, ConflictingOperationInProgress, PrimarySteppedDown, DatabaseDropPending, ExceededTimeLimit, NotWritablePrimary, InterruptedAtShutdown, Interrupted…, NotPrimary… */
const passing = new Set([24, 50, 91, 112, 117, 189, 215, 262, 10107, 11600, 11601, 11602, 13435, 13436]);

export const isCode = (error: unknown, ...wanted: number[]): boolean => error instanceof CommandError && wanted.includes(error.code);
/** Who is cut off leaves a command behind: what a repeat finds to exist may be the work of the call before it, done only now. */
export const unlessMade = (existsCode: number, isMade: () => Promise<boolean>) => async (error: unknown): Promise<void> => {
  if (!isCode(error, existsCode) || !(await isMade())) throw error;
};
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
