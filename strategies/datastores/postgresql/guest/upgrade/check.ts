/** Whether pg_upgrade would bring the data to another version: it is asked, about the running server and an empty cluster beside it. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding, GuestContext, NamedBuild } from '../../../../spi/guest.ts';
import { withManagement } from '../management.ts';
import { remainingMs } from '../tool.ts';
import { accessFile, makeCluster, makeWork, removeWork, runUpgradeTool, upgradeAccess } from './cluster.ts';
import { checkFolder } from './places.ts';
import { lackOfRoom } from './room.ts';
import { missingColumns } from './system-columns.ts';

export async function check(ctx: GuestContext, to: NamedBuild): Promise<Finding[]> {
  // Between builds of one version data need nothing.
  if (to.track === ctx.track) return [];
  const folder = checkFolder(ctx);
  const cluster = join(folder, 'data');
  await removeWork(folder, [cluster]);
  try {
    const databases = await allDatabases(ctx);
    const found = [...databaseFindings(databases), ...(await missingExtensions(ctx, to))];
    // pg_upgrade would connect to it, and stop there.
    if (databases.some(({ isInvalid }) => isInvalid)) return found;
    const open = databases.filter(({ isOpen }) => isOpen).map(({ name }) => name);
    const room = await lackOfRoom(ctx, open);
    // The empty cluster may not fit either.
    if (room.length > 0) return [...found, ...room];
    ctx.progress(0.3, 'making an empty cluster of the new version');
    await makeWork(ctx, folder);
    await writeFile(join(folder, accessFile), upgradeAccess, { mode: 0o600 });
    await ctx.engine.own(join(folder, accessFile), 0o600);
    await makeCluster(ctx, to, cluster);
    ctx.progress(0.5, 'looking for what the new version does not have');
    found.push(...(await missingColumns(ctx, to, cluster, open)));
    ctx.progress(0.6, 'asking pg_upgrade');
    const problems = await runUpgradeTool(ctx, { from: { track: ctx.track, bin: ctx.paths.bin }, to, folder, cluster, args: ['--check'], password: ctx.managementSecret });
    return [...found, ...(problems ?? []).map((message): Finding => ({ severity: 'ERROR', subject: null, message }))];
  } finally {
    await removeWork(folder, [cluster]);
  }
}

/** Their libraries are looked for by pg_upgrade; one that is all SQL has none. */
async function missingExtensions(ctx: GuestContext, to: NamedBuild): Promise<Finding[]> {
  const { exitCode, stdout } = await ctx.engine.run({ command: join(to.bin, 'pg_config'), args: ['--sharedir'], timeoutMs: remainingMs(ctx) });
  const files = exitCode === 0 ? await readdir(join(stdout.trim(), 'extension')).catch(() => null) : null;
  if (files === null) return [];
  const found: Finding[] = [];
  for (const database of await openDatabases(ctx)) {
    const rows = await withManagement(ctx, { purpose: 'read', database }, (sql) => sql.rows<{ name: string }>('select extname as name from pg_extension order by extname'));
    for (const { name } of rows) {
      if (!files.includes(`${name}.control`)) found.push({ severity: 'ERROR', subject: database, message: `the extension ${name} is not in PostgreSQL ${to.version}: drop it, or wait for a build that has it` });
    }
  }
  return found;
}

interface FoundDatabase { name: string; isOpen: boolean; /** its removal was interrupted: nobody can connect any more */ isInvalid: boolean }

/** https://www.postgresql.org/docs/current/catalog-pg-database.html: a limit of -2 */
const allDatabases = (ctx: GuestContext): Promise<FoundDatabase[]> =>
  withManagement(ctx, { purpose: 'read' }, (sql) => sql.rows<FoundDatabase>('select datname as name, datallowconn as "isOpen", datconnlimit = -2 as "isInvalid" from pg_database order by datname'));

export const openDatabases = async (ctx: GuestContext): Promise<string[]> => (await allDatabases(ctx)).filter(({ isOpen, isInvalid }) => isOpen && !isInvalid).map(({ name }) => name);

/** pg_upgrade hands names on to a shell, which it finds out too late that it cannot for some. */
export function databaseFindings(databases: readonly Pick<FoundDatabase, 'name' | 'isInvalid'>[]): Finding[] {
  return databases.flatMap(({ name, isInvalid }): Finding[] => {
    const subject = name.replaceAll('\r', '\\r').replaceAll('\n', '\\n');
    if (isInvalid) return [{ severity: 'ERROR', subject, message: 'the database was not dropped to the end and cannot be used any more: drop it; only then pg_upgrade can be asked about the others' }];
    if (subject !== name) return [{ severity: 'ERROR', subject, message: 'the database has a line break in its name, which pg_upgrade cannot hand on: rename it (alter database … rename to …)' }];
    return [];
  });
}
