/**
 * Brings the data to the version of the context with mariadb-upgrade, on a server that no client can reach: until it has been
 * there, tables of the former version may look empty, and the system's own lack columns.
 */
import { join } from 'node:path';
import { type GuestContext, GuestFault, type NamedBuild } from '../../../../spi/guest.ts';
import type { Dialect, Sql } from '../../../sql-family/guest/dialect.ts';
import { temporaryFolder } from '../../../sql-family/guest/files.ts';
import { preparedFindings } from '../../../sql-family/guest/findings.ts';
import { socketOf } from '../../../sql-family/guest/management.ts';
import { preparedXids } from '../../../sql-family/guest/upgrade.ts';
import { identifier } from '../../../sql-family/text.ts';
import { environment } from '../server.ts';
import { upgradeProgram } from './findings.ts';
import { type Access, remainingMs, withPrivateServer } from './private-server.ts';
import { versionedTables } from './versioned.ts';
import { type CheckAnswer, failureOf, leftBehind, unbuilt } from './words.ts';

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
    ctx.progress(0.8, 'looking whether all of it was brought over');
    const left = await versionedLeft(sql);
    if (left !== null) throw leftOver(left);
    ctx.progress(0.9, 'stopping it again');
  });
}

async function runUpgradeProgram(ctx: GuestContext, { user, password }: Access): Promise<void> {
  const folder = temporaryFolder(ctx);
  const { exitCode, stdout, stderr } = await ctx.engine.run({
    command: join(ctx.paths.bin, upgradeProgram), args: ['--no-defaults', '--silent', '--skip-ssl', `--socket=${socketOf(ctx)}`, `--user=${user}`, `--tmpdir=${folder}`, '--default-character-set=utf8mb4'],
    // Its own programs take it from there too.
    env: { ...environment, MYSQL_PWD: password }, cwd: folder, timeoutMs: remainingMs(ctx),
  });
  const output = `${stdout}\n${stderr}`;
  if (exitCode !== 0) throw new GuestFault('FAILED', `${upgradeProgram} ended with code ${exitCode}: ${failureOf(output)}`);
  const left = leftBehind(output);
  if (left !== null) throw leftOver(left);
}

const leftOver = (words: string): GuestFault => new GuestFault('FAILED', `${upgradeProgram} could not bring everything over: ${words}`);

/** A table that was passed over would be an empty one to its clients, and nothing has failed: the server itself is asked. */
async function versionedLeft(sql: Sql): Promise<string | null> {
  const answers: CheckAnswer[] = [];
  for (const { database, name } of await versionedTables(sql)) {
    const rows = await sql.rows(`check table ${identifier(database)}.${identifier(name)} for upgrade`);
    answers.push(...rows.map((row) => ({ table: `${database}.${name}`, text: row['Msg_text'] ?? '' })));
  }
  return unbuilt(answers);
}
