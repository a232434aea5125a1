/**
 * System tables and the management account in one run of the server that has no network and no socket; all it does comes
 * through its input. The distribution's script does the same with a shell, and leaves a superuser without a password.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { marksStatements } from '../../sql-family/guest/marks.ts';
import { runServer } from '../../sql-family/guest/tool.ts';
import { managementStatements } from './accounts.ts';
import { bootstrapArguments, environment, program, sharedFolder } from './server.ts';

/** In this order; the first word of a name changed between the tracks. */
const scripts = [/^m\w+_system_tables\.sql$/, /^m\w+_performance_tables\.sql$/, /^m\w+_system_tables_data\.sql$/, /^fill_help_tables\.sql$/, /^maria_add_gis_sp_bootstrap\.sql$/, /^m\w+_sys_schema\.sql$/] as const;

export async function bootstrap(ctx: GuestContext, folder: string): Promise<void> {
  const shared = sharedFolder(ctx);
  const files = await readdir(shared);
  const texts = await Promise.all(scripts.map(async (pattern) => {
    const name = files.find((file) => pattern.test(file));
    if (name === undefined) throw new GuestFault('FAILED', `the build has no script like ${pattern.source} in ${shared}`);
    return readFile(join(shared, name), 'utf8');
  }));
  const own = [
    "delete from mysql.global_priv where User <> 'mariadb.sys'", 'delete from mysql.proxies_priv', 'flush privileges',
    ...managementStatements(ctx.managementSecret, ctx.track), ...marksStatements,
  ];
  const input = ['create database if not exists mysql;', 'use mysql;', 'set @auth_root_socket = NULL;', ...texts, ...own.map((statement) => `${statement};`)].join('\n');
  await runServer(ctx, program(ctx), bootstrapArguments(ctx, folder), { env: environment, cwd: folder, stdin: `${input}\n` });
  // What the upgrade of a later version looks for.
  const mark = join(folder, 'mariadb_upgrade_info');
  await writeFile(mark, `${ctx.version}-MariaDB`, { mode: 0o600 });
  await ctx.engine.own(mark, 0o600);
}
