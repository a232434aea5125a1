/** What the agent must know without anybody's help: survives its own restart and the machine's. */
import type { Log } from '../../kernel/log.ts';
import { replaceFile } from './atomic-file.ts';
import type { SlotStore } from './slot-store.ts';

export interface EngineRecord {
  pid: number;
  /** field 22 of /proc/<pid>/stat: with the boot id it names a process for good */
  startTime: string;
  bootId: string;
  /** file in `logs/` */
  logFile: string;
}

export interface AgentState {
  /** the run state asked for last; applied at every start of the agent */
  wanted: 'RUNNING' | 'STOPPED';
  /** `initialise` has finished once; before it nothing counts as healthy, after it data is never made anew */
  prepared: boolean;
  sizing: Record<string, string>;
  engine: EngineRecord | null;
  /** unexpected exits since the engine was last started on request */
  crashes: number;
  /** when the latest of them happened (Unix ms): a crash loop survives a restart of the agent */
  crashTimesMs: number[];
}

export const initialState: AgentState = { wanted: 'STOPPED', prepared: false, sizing: {}, engine: null, crashes: 0, crashTimesMs: [] };
const stateKey = 'state';

export interface StateKeeper {
  current(): Readonly<AgentState>;
  /** Resolves when the change is durable; `current` shows it at once. */
  update(change: Partial<AgentState>): Promise<void>;
}

/** `copyPath` is for people who look: the slot store is what counts. */
export function createStateKeeper(store: SlotStore, copyPath: string, log: Log): StateKeeper {
  let state: AgentState = { ...initialState, ...(store.get(stateKey) as Partial<AgentState> | undefined) };
  let copied: Promise<void> = Promise.resolve();
  // One after the other, each with what holds by then: the last copy is never an older one.
  const copy = (): Promise<void> => (copied = copied.then(() => replaceFile(copyPath, `${JSON.stringify(state, null, 2)}\n`))
    .catch((error: Error) => log.debug({ reason: error.message }, 'the copy of the state was not written')));
  return {
    current: () => state,
    async update(change) {
      state = { ...state, ...change };
      await store.put(stateKey, state);
      await copy();
    },
  };
}
