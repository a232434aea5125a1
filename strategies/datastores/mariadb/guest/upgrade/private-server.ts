/**
 * The server on its data while nobody can reach it: no network, a socket that only the agent and the engine's user can get to, an
 * account that lives as long, and no events. It is gone when the work has ended, whichever way.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestContext, GuestFault } from '../../../../spi/guest.ts';
import type { Dialect, Sql } from '../../../sql-family/guest/dialect.ts';
import { clearRunFiles, makeFolder, temporaryFolder, writePrivate } from '../../../sql-family/guest/files.ts';
import { isUnreachable, socketOf } from '../../../sql-family/guest/management.ts';
import { marksStatements } from '../../../sql-family/guest/marks.ts';
import { startStatementsFile } from '../../../sql-family/guest/run-state.ts';
import { complaintsOf } from '../../../sql-family/guest/try-config.ts';
import { managementHost } from '../../../sql-family/names.ts';
import { account } from '../../../sql-family/text.ts';
import { type Connection, openConnection, SilenceError } from '../../../sql-family/wire/connection.ts';
import { identifiedBy } from '../accounts.ts';
import { environment, program, serverArguments, usualSettings } from '../server.ts';

/** Whoever works on such a server. A name that nobody else can have. */
export interface Access { user: string; password: string }
export interface PrivateServer { access: Access; sql: Sql }

const pollMs = 50;
const connectTimeoutMs = 5_000;
export const remainingMs = (ctx: Pick<GuestContext, 'deadline'>): number => Math.max(1_000, ctx.deadline.getTime() - Date.now());

export async function withPrivateServer(ctx: GuestContext, dialect: Dialect, work: (server: PrivateServer) => Promise<void>): Promise<void> {
  // Of a call that died: its server holds the data.
  await ctx.engine.killLeftovers();
  await clearRunFiles(ctx);
  await makeFolder(ctx, temporaryFolder(ctx));
  const access: Access = { user: 'coffer_upgrade', password: randomBytes(24).toString('base64url') };
  const statements = startStatementsFile(ctx);
  await writePrivate(ctx, statements, (await ownStatements(ctx, dialect, access)).map((statement) => `${statement};\n`).join(''));
  let isDone = false;
  const serving = ctx.engine.run({ command: program(ctx), args: privateArguments(ctx, statements), env: environment, cwd: ctx.paths.data, timeoutMs: remainingMs(ctx) }).then(({ exitCode, stderr }) => {
    if (!isDone || exitCode !== 0) throw new GuestFault('FAILED', `the server of ${ctx.version} ended on the data with code ${exitCode}: ${complaintsOf(stderr).slice(-3).join('; ') || 'it does not say why'}`);
  });
  const over = new AbortController();
  const working = connected(access, { place: socketOf(ctx), signal: AbortSignal.any([ctx.signal, over.signal]) }).then(async (connection) => {
    try {
      const sql = speak(ctx, connection);
      await sql.run(['set session sql_log_bin = 0']);
      await work({ access, sql });
      await sql.run([`drop user ${accountOf(access)}`]);
      isDone = true;
      // Its answer may come or not.
      await sql.run(['shutdown']).catch((error: unknown) => { if (!isUnreachable(error)) throw error; });
    } finally {
      connection.close();
    }
  });
  try {
    await Promise.all([working, serving]);
  } finally {
    // After a failure they may be at work still: the data are put back then.
    over.abort();
    await ctx.engine.killLeftovers();
    await Promise.allSettled([working, serving]);
    await rm(statements, { force: true });
  }
}

const accountOf = ({ user }: Access): string => account({ name: user, host: managementHost });

/** What the server does before it lets anybody in. */
const ownStatements = async (ctx: GuestContext, dialect: Dialect, access: Access): Promise<string[]> => [
  // Every member of a replicated set is upgraded by itself: nothing of this is passed on.
  'set sql_log_bin = 0',
  // No option of its program. What the former server let in has to stay.
  'set global check_constraint_checks = off',
  // Anew: an earlier version's SUPER counts as more rights in a later one, which management shall not have.
  ...(await dialect.repairStatements(ctx.managementSecret, ctx.track)), ...marksStatements,
  `create or replace user ${accountOf(access)} ${identifiedBy(access.password)}`, `grant all privileges on *.* to ${accountOf(access)} with grant option`,
];

/**
 * Sizes as it will have them, as far as it knows them: they are those of the former build. Rows and definitions that were good
 * enough for the former server are taken as they are; nobody is waited for, since nobody is there.
 */
function privateArguments(ctx: GuestContext, statements: string): string[] {
  const sizes = Object.entries({ ...usualSettings(), ...ctx.sizing }).map(([name, value]) => `--loose-${name}=${value}`);
  const own = { 'skip-networking': 'ON', 'init-file': statements, 'event-scheduler': 'OFF', 'sql-mode': '', 'innodb-strict-mode': 'OFF', 'lock-wait-timeout': '30', 'innodb-lock-wait-timeout': '30' };
  return ['--no-defaults', ...sizes, ...serverArguments(ctx), ...Object.entries(own).map(([name, value]) => `--${name}=${value}`)];
}

/** Until the signal ends it: whoever has a deadline has it there. */
async function connected(access: Access, { place, signal }: { place: string; signal: AbortSignal }): Promise<Connection> {
  for (;;) {
    try {
      return await openConnection({ socketPath: place }, { ...access, database: null }, connectTimeoutMs);
    } catch (error) {
      if (!isUnreachable(error) && !(error instanceof SilenceError)) throw error;
    }
    await delay(pollMs, undefined, { signal });
  }
}

function speak(ctx: GuestContext, connection: Connection): Sql {
  const rows: Sql['rows'] = (text) => connection.query(text, remainingMs(ctx));
  return { rows, run: async (statements) => { for (const statement of statements) await rows(statement); } };
}
