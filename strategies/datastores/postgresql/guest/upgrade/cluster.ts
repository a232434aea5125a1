/** Clusters beside the instance's own, for pg_upgrade: made, worked on, and gone again. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestContext, GuestFault, type NamedBuild } from '../../../../spi/guest.ts';
import { managementRole } from '../../names.ts';
import { initdbArguments } from '../initialise.ts';
import { majorOf, portOf } from '../owned.ts';
import { remainingMs, tellErrors } from '../tool.ts';
import { lastErrors, namedThings, problemsOf } from './words.ts';

/** Programs that are killed may leave a server: it left their group. */
export async function removeWork(folder: string, clusters: readonly string[]): Promise<void> {
  for (const cluster of clusters) await endServer(cluster);
  await rm(folder, { recursive: true, force: true });
}

export async function makeWork(ctx: GuestContext, folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  await ctx.engine.own(folder, 0o700);
}

const pollMs = 20;
const gonePolls = 500;
export async function endServer(cluster: string): Promise<void> {
  const pid = Number((await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0]);
  const isServer = async (): Promise<boolean> => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(cluster);
  if (!(pid > 0) || !(await isServer())) return;
  process.kill(pid, 'SIGKILL');
  for (let left = gonePolls; left > 0 && (await isServer()); left--) await delay(pollMs);
}

/** As the instance's own was made, by the build's own track. */
export async function makeCluster(ctx: GuestContext, build: Pick<NamedBuild, 'track' | 'bin'>, folder: string): Promise<void> {
  const { exitCode, stderr } = await ctx.engine.run({ command: join(build.bin, 'initdb'), args: [...initdbArguments(build.track, folder), '--no-sync'], env: { LC_ALL: 'C', TZ: 'UTC' }, timeoutMs: remainingMs(ctx) });
  if (exitCode !== 0) throw new GuestFault('FAILED', `initdb of ${build.track} ended with code ${exitCode}: ${stderr.trim().split('\n').slice(-3).join('; ')}`);
}

export interface Cluster { bin: string; data: string; database: string }

/** By the cluster's own build: nothing listens. A database's name may begin as an option does. */
export async function singleUser(ctx: GuestContext, { bin, data, database }: Cluster, statement: string): Promise<string> {
  const settings = ['exit_on_error=on', 'search_path=pg_catalog,pg_temp', 'role=none', 'shared_preload_libraries=', 'session_preload_libraries=', 'local_preload_libraries=', 'archive_mode=off', 'dynamic_shared_memory_type=mmap'];
  const { exitCode, stdout, stderr } = await ctx.engine.run({
    command: join(bin, 'postgres'), args: ['--single', '-j', '-D', data, ...settings.flatMap((one) => ['-c', one]), '--', database], env: { LC_ALL: 'C', TZ: 'UTC' },
    stdin: `${statement};\n\n`, timeoutMs: remainingMs(ctx),
  });
  if (exitCode !== 0) throw new GuestFault('FAILED', `the data cannot be read by the build that they are of: ${tellErrors(stderr)}`);
  return stdout;
}

/** Access to servers that pg_upgrade starts: nobody else can reach their socket. */
export const upgradeAccess = `local all "${managementRole}" trust\n`;
export const accessFile = 'pg_hba.conf';
/**
 * Each table of a database is locked while that is copied, which no session of an instance's own needs to have done: there is room
 * for a hundred thousand of them in any case (20 MB), else as the instance has it, and not so much that these servers would not
 * start: of such values the instance's own start tells.
 */
const locking = { max_connections: [100, 1000], max_locks_per_transaction: [1024, 2048] } as const;

/** A relative name is looked up in the working folder; a path could not be quoted through two shells. */
export function serverOptions({ sizing, parameters }: Pick<GuestContext, 'sizing' | 'parameters'>): string {
  const locks = Object.entries(locking).map(([name, [least, most]]): [string, string] => [name, String(Math.min(most, Math.max(least, Math.trunc(Number(parameters[name] ?? sizing[name])) || 0)))]);
  const settings = [
    ['hba_file', accessFile], ['dynamic_shared_memory_type', 'mmap'], ['shared_preload_libraries', ''], ['session_preload_libraries', ''], ['local_preload_libraries', ''], ['archive_mode', 'off'], ...locks,
  ];
  return settings.map(([name, value]) => `-c ${name}=${value}`).join(' ');
}

/** Owners may give sessions of their databases settings, which reach those of pg_upgrade and of the programs it starts, on both servers. What libpq is told goes before. */
export function sessionOptions(...tracks: readonly string[]): string {
  const settings = { statement_timeout: '0', lock_timeout: '0', idle_session_timeout: '0', idle_in_transaction_session_timeout: '0', ...(tracks.every((track) => majorOf(track) >= 17) ? { transaction_timeout: '0' } : {}), temp_file_limit: '-1', role: 'none', local_preload_libraries: '' };
  return Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`).join(' ');
}

export interface UpgradeCall { from: Pick<NamedBuild, 'track' | 'bin'>; to: Pick<NamedBuild, 'track' | 'bin'>; folder: string; cluster: string; args: readonly string[]; password?: string }

/** Null when it succeeded; else what it found, in its own words. */
export async function runUpgradeTool(ctx: GuestContext, call: UpgradeCall): Promise<string[] | null> {
  const port = portOf(ctx);
  const options = serverOptions(ctx);
  const args = [
    ...call.args, '-b', call.from.bin, '-B', call.to.bin, '-d', ctx.paths.data, '-D', call.cluster, '-U', managementRole,
    '-p', String(port), '-P', String(port === largestPort ? port - 1 : port + 1), '--socketdir', ctx.paths.run, '-o', options, '-O', options,
  ];
  const { exitCode, stdout, stderr } = await ctx.engine.run({
    command: join(call.to.bin, 'pg_upgrade'), args, cwd: call.folder, timeoutMs: remainingMs(ctx),
    env: { LC_ALL: 'C', TZ: 'UTC', PGOPTIONS: sessionOptions(call.from.track, call.to.track), ...(call.password === undefined ? {} : { PGPASSWORD: call.password }) },
  });
  if (exitCode === 0) return null;
  return Promise.all(problemsOf(`${stdout}\n${stderr}`).map(async ({ words, file }) => {
    const things = file === null ? '' : await readFile(resolve(call.folder, file), 'utf8').then(file.endsWith('.log') ? lastErrors : namedThings, () => '');
    return `${words} ${things}`.trim().replaceAll(call.folder, '…');
  }));
}
const largestPort = 65_535;
