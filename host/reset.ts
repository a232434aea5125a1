import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { homePaths, type HomePaths } from '../kernel/home.ts';
import { silentLog } from '../kernel/log.ts';
import type { Settings } from '../kernel/settings.ts';
import { createLimiter } from '../compute/cgroup/limiter.ts';
import { isRoot } from '../compute/guest/folders.ts';
import { loadRecords } from '../compute/records/record-store.ts';
import { explainSystemError, HostProblem } from './problem.ts';
import { stop, volumesOf } from './stop.ts';
import { terminal } from './terminal.ts';

const volumeMs = 60_000;

/** Removes what Coffer made in its home, after everything has stopped. Downloaded engines stay unless asked for. */
export async function reset(settings: Settings, flags: readonly string[]): Promise<void> {
  const paths = homePaths(settings.home);
  const unknown = flags.find((flag) => !['--yes', '--engines'].includes(flag));
  if (unknown) throw new HostProblem(`reset knows --yes and --engines, not ${unknown}`);
  if (!(await exists(paths.home))) { terminal.line(`There is nothing in ${paths.home}.`); return; }
  if (!(await exists(paths.marker))) throw new HostProblem(`${paths.home} was not made by Coffer (it has no ${paths.marker.slice(paths.home.length + 1)}): nothing is removed`);
  const records = await loadRecords(paths.instances, silentLog);
  const withEngines = flags.includes('--engines');
  if (!flags.includes('--yes')) await confirm(paths.home, records.size);
  await stop(settings);
  const limiter = await createLimiter(isRoot());
  for (const record of records.values()) {
    await limiter.remove(record.instanceId);
    for (const strategy of volumesOf(paths).all) await strategy.destroy(record.instanceId, AbortSignal.timeout(volumeMs));
    if (record.shortRun) await rm(record.shortRun, { recursive: true, force: true });
  }
  await removeAll(paths, withEngines);
  const left = (await readdir(paths.home).catch(() => [])).filter((name) => name !== basename(paths.marker));
  const kept = left.includes('engines') ? ' Downloaded engines are kept; --engines removes them too.' : '';
  const foreign = left.filter((name) => name !== 'engines');
  terminal.line(`Everything of Coffer in ${paths.home} is removed${foreign.length > 0 ? `; left, not Coffer's: ${foreign.join(', ')}` : ''}.${kept}`);
}

/** The marker goes last, so that an interrupted removal can be repeated. A link is removed, never followed. */
async function removeAll(paths: HomePaths, withEngines: boolean): Promise<void> {
  const engines = withEngines ? [paths.engines] : [];
  try {
    for (const path of [paths.instances, paths.store, paths.control, paths.adminToken, paths.logs, paths.run, paths.runtime, ...engines, paths.pidFile]) {
      await rm(path, { recursive: true, force: true });
    }
    if (await exists(paths.engines)) return;
    await rm(paths.marker, { force: true });
    await rmdir(paths.home).catch(() => {}); // something of others is in it, or it may not be removed
  } catch (error) {
    throw explainSystemError(error, 'not everything could be removed');
  }
}

async function confirm(home: string, databases: number): Promise<void> {
  const what = `${databases} database${databases === 1 ? '' : 's'} and everything else of Coffer in ${home}`;
  if (!process.stdin.isTTY) throw new HostProblem(`this removes ${what}: say --yes to do it (npm run reset -- --yes)`);
  const ask = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await ask.question(`This removes ${what}, for good. Type yes to go on: `);
  ask.close();
  if (answer.trim().toLowerCase() !== 'yes') throw new HostProblem('nothing was removed');
}

const exists = (path: string): Promise<boolean> => lstat(path).then(() => true, () => false);
