/**
 * System tables and the management account in one run of the server that has no network and no socket. A run that makes
 * up a password (--initialize) logs it; this one leaves the built-in superuser without, and drops it before it ends.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestContext } from '../../../spi/guest.ts';
import { writePrivate } from '../../sql-family/guest/files.ts';
import { marksStatements } from '../../sql-family/guest/marks.ts';
import { runServer } from '../../sql-family/guest/tool.ts';
import { managementStatements } from './accounts.ts';
import { bootstrapArguments, environment, program } from './server.ts';

export async function bootstrap(ctx: GuestContext, folder: string): Promise<void> {
  const file = join(ctx.paths.run, 'bootstrap.sql');
  const statements = [...managementStatements(ctx.managementSecret), ...marksStatements, "drop user 'root'@'localhost'"];
  await writePrivate(ctx, file, statements.map((statement) => `${statement};\n`).join(''));
  try {
    await runServer(ctx, program(ctx), bootstrapArguments(ctx, folder, file), { env: environment, cwd: folder });
  } finally {
    await rm(file, { force: true });
  }
}
