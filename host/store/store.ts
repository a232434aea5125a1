import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../kernel/log.ts';
import { launch, type Launched } from '../../compute/launch/launch.ts';
import { waitUntil } from '../../compute/processes/wait.ts';
import { explainSystemError, HostProblem } from '../problem.ts';
import type { RotatingLog } from '../rotating-log.ts';
import { type Service, superviseService } from '../supervise.ts';
import { complaintOf, dataFolder, ensureStoreData, type StorePlace } from './initialise.ts';
import { endLeftoverStore } from './leftover.ts';
import { storeArguments } from './settings.ts';

export interface Store {
  wasMade: boolean;
  process: Service['process'];
  stop(): Promise<void>;
}
const startTimeoutMs = 60_000;
const fastShutdownMs = 20_000;
const immediateShutdownMs = 5_000;

/** The embedded PostgreSQL of the control plane, kept running. Resolves when it answers. */
export async function startStore(place: StorePlace, output: RotatingLog, log: Log): Promise<Store> {
  try {
    const data = dataFolder(place.paths);
    await endLeftoverStore(data, place.paths.storeSockets);
    const wasMade = await ensureStoreData(place);
    const service = await superviseService({
      name: 'store', log,
      launch: () => launchServer(place, data, output),
      clean: async () => { await endLeftoverStore(data, place.paths.storeSockets); },
    });
    return {
      wasMade, process: service.process,
      stop: () => service.stop([{ signal: 'SIGINT', waitMs: fastShutdownMs }, { signal: 'SIGQUIT', waitMs: immediateShutdownMs }]),
    };
  } catch (error) {
    throw explainSystemError(error, 'the control plane\'s store does not start');
  }
}

async function launchServer(place: StorePlace, data: string, output: RotatingLog): Promise<Launched> {
  const launched = await launch({
    command: join(place.postgres, 'bin/postgres'), args: storeArguments(data, place.paths.storeSockets),
    cwd: place.paths.store, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }, identity: place.principals.store.identity,
    output: 'pipe', parentDeathSignal: 'INT',
  });
  const { child, process } = launched;
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-4_000); output.write(chunk); });
  }
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await waitUntil(async () => hasEnded() || (await isReady(data, process.pid)), startTimeoutMs);
  if (!hasEnded() && (await isReady(data, process.pid))) return launched;
  child.kill('SIGKILL');
  throw new HostProblem(`the control plane's store does not start: ${complaintOf(said) || 'it did not answer in time'}; see logs/store.log in COFFER_HOME`);
}

/** The postmaster keeps its pid in line 1 and its state in line 8 of this file; a crash leaves an old one behind. */
async function isReady(data: string, pid: number): Promise<boolean> {
  const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}
