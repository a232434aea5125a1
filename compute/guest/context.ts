import type { HomePaths } from '../../kernel/home.ts';
import type { Log } from '../../kernel/log.ts';
import type { Settings } from '../../kernel/settings.ts';
import type { EngineSourceSpec, EngineStore } from '../../strategies/spi/engine-source.ts';
import type { Limiter } from '../cgroup/limiter.ts';
import type { RecordStore } from '../records/record-store.ts';
import type { Lanes } from './lanes.ts';
import type { GuestUsers } from './users.ts';
import type { Volumes } from './volumes.ts';

/** The programs guests run from: an immutable copy, so that nothing changes beneath a running agent. */
export interface ComputeRuntime {
  hash: string;
  folder: string;
  /** absolute paths */
  node: string;
  agent: string;
}

export interface ComputeContext {
  settings: Settings;
  paths: HomePaths;
  log: Log;
  runtime: ComputeRuntime;
  engineStore: EngineStore;
  /** what the plugin of a datastore says about where binaries of a track come from; empty for an unknown one */
  engineSources(datastore: string, track: string): readonly EngineSourceSpec[];
  /** the packages an agent of a datastore needs: at most that of its plugin; undefined when none of the plugins is known to be it */
  packagesOf(datastore: string): readonly string[] | undefined;
  records: RecordStore;
  limiter: Limiter;
  lanes: Lanes;
  users: GuestUsers;
  volumes: Volumes;
}
