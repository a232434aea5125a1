/** What the agent must know without anybody's help: survives its own restart and the machine's. */
import type { Log } from '../../kernel/log.ts';
import type { Sized } from '../configuration/decide.ts';
import { digestOfValues, emptySet, type Rejection, type ValueSet } from '../configuration/value-set.ts';
import { replaceFile } from './atomic-file.ts';
import { createSetStore, type SetReference, type SetStore, referenceTo } from './set-store.ts';
import type { SlotStore } from './slot-store.ts';

export interface EngineRecord {
  pid: number;
  /** field 22 of /proc/<pid>/stat: with the boot id it names a process for good */
  startTime: string;
  bootId: string;
  /** file in `logs/` */
  logFile: string;
  /** where that stood when the process was started, in bytes: what comes before is of earlier ones. Missing in what an earlier release wrote */
  logFrom?: number;
}

export interface AgentState {
  /** the run state asked for last; applied at every start of the agent */
  wanted: 'RUNNING' | 'STOPPED';
  /** `initialise` has finished once; before it nothing counts as healthy, after it data is never made anew */
  prepared: boolean;
  /** the values that the engine is to run with */
  inForce: ValueSet;
  /** the last ones that it is known to run with; null before its first start */
  good: ValueSet | null;
  /** the good ones of the build before an upgrade: no other build is known to run with them, and its way back has them again */
  keptGood: ValueSet | null;
  /** those in force before a Configure that has not come to its end: what it goes back to */
  before: ValueSet | null;
  /** cleared by the next Configure */
  rejected: Rejection | null;
  /** digest of the values in the engine's files; null: they may be half written */
  filesHold: string | null;
  /** `filesHold` of the time when the engine's process was made */
  startedWith: string | null;
  /** what has another value since was changed by hand; null: the engine was not read yet */
  sized: Sized | null;
  engine: EngineRecord | null;
  /** unexpected exits since the engine was last started on request */
  crashes: number;
  /** when the latest of them happened (Unix ms): a crash loop survives a restart of the agent */
  crashTimesMs: number[];
}

export const initialState: AgentState = {
  wanted: 'STOPPED', prepared: false, inForce: emptySet, good: null, keptGood: null, before: null, rejected: null, filesHold: null, startedWith: null, sized: null,
  engine: null, crashes: 0, crashTimesMs: [],
};
const stateKey = 'state';

export interface StateKeeper {
  current(): Readonly<AgentState>;
  /** Resolves when the change is durable; `current` shows it at once. */
  update(change: Partial<AgentState>): Promise<void>;
}

type StoredState = Omit<AgentState, 'inForce' | 'good' | 'keptGood' | 'before'> & { inForce: SetReference; good: SetReference | null; /** missing in what an earlier release wrote */ keptGood?: SetReference | null; before: SetReference | null };
/** As agents kept it that knew no groups: their values were in the engine's files, and what ran had been started with them. */
type EarlierState = Partial<AgentState> & { sizing?: ValueSet['sizing'] };

/** `copyPath` is for people who look: the slot store is what counts. */
export function createStateKeeper(store: SlotStore, copyPath: string, log: Log): StateKeeper {
  const sets = createSetStore(store);
  let state = readState(store.get(stateKey), sets, log);
  sets.forgetOthers(setsOf(state).map(referenceTo));
  let written: Promise<void> = Promise.resolve();
  let copied: Promise<void> = Promise.resolve();

  // One after the other, each with what holds by then: the last one is never an older one.
  const write = (): Promise<void> => {
    const done = written.then(async () => {
      const now = state;
      for (const set of setsOf(now)) await sets.keep(set);
      await store.put(stateKey, toStored(now));
      sets.forgetOthers(setsOf(now).map(referenceTo));
    });
    written = done.catch(() => undefined);
    return done;
  };
  const copy = (): Promise<void> => (copied = copied.then(() => replaceFile(copyPath, `${JSON.stringify(state, null, 2)}\n`))
    .catch((error: Error) => log.debug({ reason: error.message }, 'the copy of the state was not written')));
  return {
    current: () => state,
    async update(change) {
      state = { ...state, ...change };
      await write();
      await copy();
    },
  };
}

const setsOf = ({ inForce, good, keptGood, before }: AgentState): ValueSet[] => [inForce, good, keptGood, before].filter((set) => set !== null);

const toStored = (state: AgentState): StoredState => ({
  ...state, inForce: referenceTo(state.inForce), good: state.good && referenceTo(state.good), keptGood: state.keptGood && referenceTo(state.keptGood), before: state.before && referenceTo(state.before),
});

function readState(found: unknown, sets: SetStore, log: Log): AgentState {
  if (found === undefined) return initialState;
  if ((found as Partial<StoredState>).inForce === undefined) return readEarlier(found as EarlierState);
  const stored = found as StoredState;
  const read = (reference: SetReference | null | undefined): ValueSet | null => (reference && sets.find(reference)) ?? null;
  const [inForce, good, keptGood, before] = [read(stored.inForce), read(stored.good), read(stored.keptGood), read(stored.before)];
  if (inForce) return { ...initialState, ...stored, inForce, good, keptGood, before };
  // A damaged disk: the engine's files are left as they are until somebody tells the values again.
  log.error({}, 'the values in force cannot be read: configure the instance again');
  return { ...initialState, ...stored, inForce: emptySet, good: null, keptGood: null, before: null, filesHold: digestOfValues(emptySet), startedWith: null };
}

function readEarlier({ sizing = {}, ...rest }: EarlierState): AgentState {
  const inForce: ValueSet = { ...emptySet, sizing };
  const digest = digestOfValues(inForce);
  return { ...initialState, ...rest, inForce, filesHold: digest, startedWith: digest };
}
