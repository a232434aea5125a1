/**
 * Connections of the management role: over the unix socket, proven by the instance's secret, and with every setting
 * fixed that a tenant could have prepared for them. Owners of a database may give it settings (ALTER DATABASE … SET) that
 * apply to whoever connects, the superuser included; what the start-up packet says comes first.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { maintenanceDatabase, managementRole } from '../names.ts';
import { majorOf, portOf } from './owned.ts';
import { literal } from './sql.ts';

export interface Sql {
  /** Every row of one statement; with values, by the extended protocol. */
  rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The rows of each of several statements, all in one message. */
  sets(texts: readonly string[]): Promise<object[][]>;
  /** All statements or none of them. */
  atomically(statements: readonly string[]): Promise<void>;
}

/** `op`: changes something, one at a time; `read`: a look beside it; `probe`: kept open. */
export type Purpose = 'op' | 'read' | 'probe';
const applicationName = (purpose: Purpose): string => `coffer/${purpose}`;

const lockTimeoutMs = 10_000;
const patienceMs = 2_000;
const connectTimeoutMs = 5_000;
const leftoverTimeoutMs = 10_000;
const retriesOfRace = 5;
const raceDelayMs = 50;
/** As the server has it without a line. */
const workMemKb = '4096';

/** https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS: blanks are escaped. */
export function fixedSettings(track: string, statementTimeoutMs: number): string {
  const settings: Record<string, string> = {
    // Nothing of a tenant's is ever found by name: no function, operator, cast or table.
    search_path: 'pg_catalog,pg_temp', role: 'none', session_authorization: managementRole,
    local_preload_libraries: '', session_preload_libraries: '', post_auth_delay: '0', ignore_system_indexes: 'off', exit_on_error: 'off',
    statement_timeout: String(statementTimeoutMs), lock_timeout: String(lockTimeoutMs), idle_in_transaction_session_timeout: '0', idle_session_timeout: '0',
    default_transaction_read_only: 'off', default_transaction_isolation: 'read committed', default_transaction_deferrable: 'off', session_replication_role: 'origin', row_security: 'on',
    standard_conforming_strings: 'on', backslash_quote: 'safe_encoding', client_min_messages: 'warning', datestyle: 'ISO', intervalstyle: 'postgres', timezone: 'UTC', bytea_output: 'hex', extra_float_digits: '1',
    synchronous_commit: 'on', password_encryption: 'scram-sha-256', default_tablespace: '', temp_tablespaces: '', check_function_bodies: 'off', jit: 'off', transform_null_equals: 'off', array_nulls: 'on',
    // A look at the catalogues must not need more than the group has left for others.
    temp_file_limit: '-1', work_mem: workMemKb,
    // A failed statement of ours holds a verifier: it is told to us, not to the log.
    log_statement: 'none', log_min_error_statement: 'panic', log_min_duration_statement: '-1', log_min_duration_sample: '-1', log_transaction_sample_rate: '0', log_duration: 'off',
    debug_print_parse: 'off', debug_print_rewritten: 'off', debug_print_plan: 'off',
    // Both would keep what is written here, where a group has them loaded.
    'pg_stat_statements.track': 'none', 'auto_explain.log_min_duration': '-1',
    ...(majorOf(track) >= 17 ? { transaction_timeout: '0', event_triggers: 'off' } : {}),
  };
  return asOptions(settings);
}

/** A session that shows what others have: only what would end it while it looks is its own. */
export const barestSettings = (track: string): string => asOptions({ idle_session_timeout: '0', ...(majorOf(track) >= 17 ? { transaction_timeout: '0' } : {}) });

const asOptions = (settings: Record<string, string>): string =>
  Object.entries(settings).map(([name, value]) => `-c ${name}=${value.replaceAll('\\', '\\\\').replaceAll(' ', '\\ ')}`).join(' ');

export type ManagementContext = Pick<GuestContext, 'track' | 'paths' | 'network' | 'managementSecret' | 'deadline' | 'signal'>;

export async function openManagement(ctx: ManagementContext, purpose: Purpose, database = maintenanceDatabase, timeoutMs = connectTimeoutMs, asConfigured = false): Promise<pg.Client> {
  const statementTimeoutMs = purpose === 'probe' ? 0 : Math.max(1_000, ctx.deadline.getTime() - Date.now());
  const client = new pg.Client({
    host: ctx.paths.run, port: portOf(ctx), user: managementRole, password: ctx.managementSecret, database, ssl: false,
    application_name: applicationName(purpose), options: asConfigured ? barestSettings(ctx.track) : fixedSettings(ctx.track, statementTimeoutMs), connectionTimeoutMillis: timeoutMs,
  });
  // The server's end shows in what is asked next; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Runs `use` over one connection and closes it; an abort cuts it off. */
export async function withManagement<T>(ctx: ManagementContext, options: { purpose: Exclude<Purpose, 'probe'>; database?: string; asConfigured?: boolean }, use: (sql: Sql) => Promise<T>): Promise<T> {
  ctx.signal.throwIfAborted();
  const client = await openManagement(ctx, options.purpose, options.database, undefined, options.asConfigured).catch((error: unknown) => { throw asFault(error); });
  const cut = (): void => void client.connection.stream.destroy();
  ctx.signal.addEventListener('abort', cut, { once: true });
  try {
    // While it connected, the call's time may have passed: its successor must not lose its session to it.
    ctx.signal.throwIfAborted();
    if (options.purpose === 'op' && options.database === undefined) await endLeftovers(client);
    return await use(options.purpose === 'op' ? sqlOf(client, unblocker(ctx, client)) : sqlOf(client, (work) => work));
  } catch (error) {
    throw asFault(ctx.signal.aborted ? ctx.signal.reason : error);
  } finally {
    ctx.signal.removeEventListener('abort', cut);
    await client.end().catch(() => undefined);
  }
}

type Guard = <T>(work: Promise<T>) => Promise<T>;

function sqlOf(client: pg.Client, guard: Guard): Sql {
  return {
    rows: async <Row extends object>(text: string, values?: readonly unknown[]) =>
      whileRacing(async () => (await guard(client.query<Row>(text, values ? [...values] : undefined))).rows),
    sets: async (texts) => whileRacing(async () => ((await guard(client.query(texts.join('; '))) as unknown) as pg.QueryResult<object>[]).map(({ rows }) => rows)),
    // Several statements in one simple query are one round trip.
    atomically: async (statements) => {
      if (statements.length > 0) await whileRacing(() => guard(client.query(`begin; ${statements.join('; ')}; commit`)).catch(rollBack(client)));
    },
  };
}

const rollBack = (client: pg.Client) => async (error: unknown): Promise<never> => {
  await client.query('rollback').catch(() => undefined);
  throw error;
};

/**
 * Management does not wait for tenants: an open transaction of theirs could hold up a revocation for ever. Whoever is in
 * the way of a statement for too long loses the session.
 */
function unblocker(ctx: ManagementContext, client: pg.Client): Guard {
  const own = (client as pg.Client & { processID: number | null }).processID ?? 0;
  const endBlockers = (): Promise<void> => withManagement(ctx, { purpose: 'read' }, async (sql) => {
    await sql.rows(`select pg_terminate_backend(pid) from pg_stat_activity where pid = any (pg_blocking_pids(${own})) and usename <> ${literal(managementRole)}`);
  }).catch(() => undefined);
  return async (work) => {
    const timer = setInterval(() => void endBlockers(), patienceMs);
    return work.finally(() => clearInterval(timer));
  };
}

/** Two sessions that change one catalogue row: the later is refused rather than made to wait. */
async function whileRacing<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = retriesOfRace; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0 || !/tuple concurrently (updated|deleted)/.test((error as Error).message)) throw error;
      await delay(raceDelayMs);
    }
  }
}

/** A statement of an earlier call whose process died goes on in the server: it ends before this one begins. */
async function endLeftovers(client: pg.Client): Promise<void> {
  const deadline = Date.now() + leftoverTimeoutMs;
  const find = `select pg_terminate_backend(pid) from pg_stat_activity where usename = ${literal(managementRole)} and application_name = ${literal(applicationName('op'))} and pid <> pg_backend_pid()`;
  while ((await client.query(find)).rows.length > 0) {
    if (Date.now() > deadline) throw new GuestFault('RETRYABLE', 'an earlier change is still being undone by the server; try again shortly');
    await delay(10);
  }
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? '';
/** Not reachable at all, or reachable and not ready: https://www.postgresql.org/docs/current/errcodes-appendix.html */
export const isUnreachable = (error: unknown): boolean => ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(codeOf(error)) || /terminated unexpectedly|timeout expired|not queryable/.test((error as Error).message);
export const isNotReady = (error: unknown): boolean => ['57P03', '57P01', '57P02'].includes(codeOf(error));
export const isManagementRefused = (error: unknown): boolean => ['28P01', '28000', '3D000', '42501'].includes(codeOf(error));
const isPassing = (error: unknown): boolean => ['55P03', '57014', '40001', '40P01', '53300', '55006'].includes(codeOf(error));

export function asFault(error: unknown): Error {
  if (error instanceof GuestFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isUnreachable(error) || isNotReady(error)) return new GuestFault('RETRYABLE', `the server does not answer: ${message}`, { cause: error });
  if (isPassing(error)) return new GuestFault('RETRYABLE', `the server is busy with something in the way: ${message}`, { cause: error });
  if (error instanceof pg.DatabaseError) {
    const detail = error.detail ? ` (${error.detail})` : '';
    return new GuestFault('FAILED', `the server refused: ${message}${detail}`, { cause: error });
  }
  return error instanceof Error ? error : new Error(message);
}
