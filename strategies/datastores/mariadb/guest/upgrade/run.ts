/**
 * Brings the data to the version of the context with mariadb-upgrade, on a server that no client can reach: until it has been
 * there, tables of the former version may look empty, and the system's own lack columns.
 */
import { join } from 'node:path';
import { type GuestContext, GuestFault, type NamedBuild } from '../../../../spi/guest.ts';
import type { Dialect } from '../../../sql-family/guest/dialect.ts';
import { temporaryFolder } from '../../../sql-family/guest/files.ts';
import { preparedFindings } from '../../../sql-family/guest/findings.ts';
import { socketOf } from '../../../sql-family/guest/management.ts';
import { preparedXids } from '../../../sql-family/guest/upgrade.ts';
import { environment } from '../server.ts';
import { upgradeProgram } from './findings.ts';
import { type Access, remainingMs, withPrivateServer } from './private-server.ts';
import { failureOf, leftBehind } from './words.ts';

export async function run(ctx: GuestContext, dialect: Dialect, from: NamedBuild): Promise<void> {
  // Between builds of one track there is nothing to do, and mariadb-upgrade would say so.
  if (from.track === ctx.track) return;
  ctx.progress(0.2, 'starting the new server without a network');
  await withPrivateServer(ctx, dialect, async ({ access, sql }) => {
    // Prepared after the question was asked: the tables that it has locked could not be brought over.
    const [open] = preparedFindings(await preparedXids(sql, dialect));
    if (open) throw new GuestFault('REFUSED', `${open.subject ?? ''}: ${open.message}`);
    ctx.progress(0.4, `${upgradeProgram} is at work`);
    await runUpgradeProgram(ctx, access);
    ctx.progress(0.9, 'stopping it again');
  });
}

async function runUpgradeProgram(ctx: GuestContext, { user, password }: Access): Promise<void> {
  const folder = temporaryFolder(ctx);
  const { exitCode, stdout, stderr } = await ctx.engine.run({
    command: join(ctx.paths.bin, upgradeProgram), args: ['--no-defaults', '--silent', '--skip-ssl', `--socket=${socketOf(ctx)}`, `--user=${user}`, `--tmpdir=${folder}`],
    // Its own programs take it from there too.
    env: { ...environment, MYSQL_PWD: password }, cwd: folder, timeoutMs: remainingMs(ctx),
  });
  const output = `${stdout}\n${stderr}`;
  if (exitCode !== 0) throw new GuestFault('FAILED', `${upgradeProgram} ended with code ${exitCode}: ${failureOf(output)}`);
  const left = leftBehind(output);
  if (left !== null) throw new GuestFault('FAILED', `${upgradeProgram} could not bring everything over: ${left}`);
}
