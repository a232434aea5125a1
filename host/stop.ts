import { homePaths, type HomePaths } from '../kernel/home.ts';
import { silentLog } from '../kernel/log.ts';
import type { Settings } from '../kernel/settings.ts';
import { createLimiter } from '../compute/cgroup/limiter.ts';
import { orderlyStopMs } from '../compute/guest/actions.ts';
import { guestProcesses } from '../compute/guest/agent-process.ts';
import { isRoot } from '../compute/guest/folders.ts';
import { createVolumes, type Volumes } from '../compute/guest/volumes.ts';
import { killAll, signalAgent, waitGone } from '../compute/processes/end.ts';
import { isAlive, signalProcess } from '../compute/processes/proc.ts';
import type { GuestRecord } from '../compute/records/guest-record.ts';
import { loadRecords } from '../compute/records/record-store.ts';
import { endLeftoverGateway } from './gateway.ts';
import { runningHost } from './pid-file.ts';
import { HostProblem } from './problem.ts';
import { dataFolder } from './store/initialise.ts';
import { endLeftoverStore } from './store/leftover.ts';
import { durationText, terminal } from './terminal.ts';

const hostStopMs = 60_000;

/** Everything of this home ends: the control plane, then each database in order. The wish that they run stays on disk. */
export async function stop(settings: Settings): Promise<void> {
  const paths = homePaths(settings.home);
  const stoppedHost = await stopHost(paths);
  const guests = await stopGuests(paths);
  if (!stoppedHost && guests === 0) terminal.line(`Nothing of Coffer runs in ${paths.home}.`);
  else terminal.line('Everything is stopped. `npm start` brings it back.');
}

async function stopHost(paths: HomePaths): Promise<boolean> {
  const host = await runningHost(paths.pidFile);
  if (host) {
    terminal.part('host', `pid ${host.pid} is asked to stop`);
    if (!signalProcess(host, 'SIGTERM') && isAlive(host)) throw new HostProblem(`Coffer runs as another user (pid ${host.pid}): stop it as that user`);
    if (!(await waitGone([host], hostStopMs))) {
      terminal.warning(`pid ${host.pid} does not end and is killed`);
      signalProcess(host, 'SIGKILL');
    }
  }
  await endLeftoverGateway(paths);
  const hadStore = await endLeftoverStore(dataFolder(paths), paths.storeSockets);
  return host !== null || hadStore;
}

const detachMs = 60_000;
/** Nothing is made here, so that nothing is ever fetched. */
export const volumesOf = (paths: HomePaths): Volumes => createVolumes(paths.instances, { ensure: () => Promise.reject(new Error('nothing is made here')) });

/** How many were running. */
async function stopGuests(paths: HomePaths): Promise<number> {
  const records = await loadRecords(paths.instances, silentLog);
  const limiter = await createLimiter(isRoot());
  const place = { limiter, instances: paths.instances, programFolders: [paths.runtime, paths.engines] };
  const results = await Promise.all([...records.values()].map(async (record) => {
    const result = await stopOne(record, guestProcesses(place, record.instanceId, record));
    await limiter.remove(record.instanceId);
    // Nothing of Coffer's holds a disk any more; the next start attaches it again.
    if (result.left.length === 0) await volumesOf(paths).of(record).detach(record.instanceId, AbortSignal.timeout(detachMs));
    return result;
  }));
  const left = results.flatMap((result) => result.left);
  if (left.length > 0) throw new HostProblem(`processes ${left.join(', ')} do not end: stop them as the user that started Coffer, or as root`);
  return results.filter((result) => result.wasRunning).length;
}

async function stopOne(record: GuestRecord, find: ReturnType<typeof guestProcesses>): Promise<{ wasRunning: boolean; left: number[] }> {
  const begun = performance.now();
  if ((await find()).length === 0) return { wasRunning: false, left: [] };
  const what = `${record.instanceId}${record.spec ? ` (${record.spec.datastore} ${record.spec.track})` : ''}`;
  let orderly = false;
  if (record.agent && isAlive(record.agent)) {
    orderly = (await signalAgent(record.agent, 'SIGUSR1')) && (await waitGone([record.agent], orderlyStopMs));
  }
  if (!orderly) await askEngine(find);
  const killed = !orderly && (await find()).length > 0;
  const left = await killAll(find);
  terminal.part('database', `${what} ${left.length > 0 ? 'not stopped' : killed ? 'killed' : 'stopped'} after ${durationText(performance.now() - begun)}`);
  return { wasRunning: true, left: left.map((one) => one.pid) };
}

const engineSignalMs = 5_000;
/** Without its agent an engine is asked itself: the polite signals first, whatever each means to it. */
async function askEngine(find: ReturnType<typeof guestProcesses>): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const running = await find();
    for (const one of running) signalProcess(one, signal);
    if (await waitGone(running, engineSignalMs)) return;
  }
}
