/**
 * Management access made good: a restarted server reads the statements before it lets anybody in, whatever its accounts
 * say, and authentication is never off. Ends with the server running and management proven.
 */
import { rm } from 'node:fs/promises';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import type { Dialect } from './dialect.ts';
import { isInitialised, writePrivate } from './files.ts';
import { revokeSystem } from './grants.ts';
import { withManagement } from './management.ts';
import { marksStatements } from './marks.ts';
import { dropForgedPrograms } from './programs.ts';
import * as root from './root.ts';
import { start, startStatementsFile, stop } from './run-state.ts';
import { endPresent } from './sessions.ts';

export async function repair(ctx: GuestContext, dialect: Dialect): Promise<void> {
  if (!isInitialised(ctx)) throw new GuestFault('FAILED', 'there are no data to repair: initialise first');
  await stop(ctx, 'orderly');
  const file = startStatementsFile(ctx);
  // Every member of a replicated set has a management account of its own: nothing of this is passed on.
  const statements = ['set sql_log_bin = 0', ...(await dialect.repairStatements(ctx.managementSecret, ctx.track)), ...marksStatements];
  await writePrivate(ctx, file, statements.map((statement) => `${statement};\n`).join(''));
  ctx.progress(0.3, 'restoring the management account');
  try {
    await start(ctx, dialect, [`--init-file=${file}`]);
  } finally {
    await rm(file, { force: true });
  }
  ctx.progress(0.8, 'closing what only a superuser can have opened');
  await withManagement(ctx, dialect, 'op', async (sql) => {
    await sql.run(await dialect.closingStatements(sql));
    await revokeSystem(sql, dialect);
    await dropForgedPrograms(sql, dialect);
    await root.restore(sql, dialect, ctx.track);
    // A session keeps the rights on the whole server that it came in with.
    await endPresent(sql);
    const problem = await dialect.managementProblem(sql, ctx.managementSecret);
    if (problem !== null) throw new GuestFault('FAILED', `the management account could not be restored: ${problem}`);
  });
}
