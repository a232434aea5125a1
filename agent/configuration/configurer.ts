/**
 * The engine's values: what is in force, what it is known to run with, and what to go back to. Everything is durable
 * before the plugin is called, so that a crash anywhere leaves what to do next on disk. One at a time: a command, the
 * agent's own going back, the files of a start.
 */
import { createCommandQueue } from '../commands/command-queue.ts';
import { wordsForUnexpected } from '../commands/faults.ts';
import type { Log } from '../../kernel/log.ts';
import { type GuestContext, GuestFault, type GuestHalf } from '../../strategies/spi/guest.ts';
import type { GuestTimeouts } from '../../strategies/spi/manifest.ts';
import { setBytes, setLimitBytes } from '../state/set-store.ts';
import type { AgentState, StateKeeper } from '../state/agent-state.ts';
import { type ContextFactory, ownFrame } from '../supervisor/context.ts';
import { endedWith } from '../supervisor/ended-with.ts';
import { describeFailedStart } from '../supervisor/fault-text.ts';
import { decideGiveUp, decideGood, decideTakeBack } from './decide.ts';
import { digestOfValues, type Rejection, type ValueSet } from './value-set.ts';

export interface Configurer {
  /** What the engine's data are made with; its first start finds the files written. */
  begin(set: ValueSet): Promise<void>;
  /** Resolves with what waits for a restart. After a failure that is not RETRYABLE the values from before are in place again. */
  apply(ctx: GuestContext, set: ValueSet): Promise<string[]>;
  /** Those from before a Configure that did not come to its end, or null. */
  unsettled(): ValueSet | null;
  /** Puts them back. */
  settle(): Promise<void>;
  /** A context that was made earlier is given the values of now. */
  refreshed(ctx: GuestContext): GuestContext;
  /** Before a start: the files hold what is in force. */
  ensureFiles(ctx: GuestContext): Promise<void>;
  /** The engine did not start with values of this digest: what was given up for the last good ones, or null. Not told before `tell`. */
  giveUp(ctx: GuestContext, tried: string, error: unknown): Promise<Rejection | null>;
  /** With the last good ones it did not start either: what was tried before them is in force again, unless there are others by now. */
  takeBack(tried: Pick<AgentState, 'inForce' | 'before'>, rejected: Rejection): Promise<void>;
  /** The start with the last good ones has ended: what has come of it is told. */
  tell(): void;
  /** What others hear of the state: nothing comes and goes with each start that fails. */
  told(): Pick<AgentState, 'inForce' | 'before' | 'rejected'>;
  /** The engine was seen well: cheap when that is no news. */
  seenWell(): void;
  /** How often the values may have changed since the agent began. */
  changes(): number;
  onChange(listener: () => void): void;
}
export interface ConfigurerParts { guest: GuestHalf; timeouts: GuestTimeouts; state: StateKeeper; context: ContextFactory; log: Log }

export function createConfigurer({ guest, timeouts, state, context, log }: ConfigurerParts): Configurer {
  const queue = createCommandQueue();
  const listeners: (() => void)[] = [];
  let changes = 0;
  let told: ReturnType<Configurer['told']> | null = null;
  const changed = (): void => {
    changes++;
    for (const listener of listeners) listener();
  };
  const refreshed = (ctx: GuestContext): GuestContext => ({ ...ctx, sizing: state.current().inForce.sizing, parameters: state.current().inForce.parameters });

  const inTurn = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    const leave = await queue.enter(signal);
    try {
      return await work();
    } finally {
      leave();
      changed();
    }
  };

  /** In a frame of its own: it comes after an abort too. */
  const putBack = async (): Promise<void> => {
    const { before } = state.current();
    if (before === null) return;
    await state.update({ inForce: before, filesHold: null });
    const ctx = context(ownFrame('configuration', timeouts.statementMs));
    await endedWith(ctx.signal, guest.configure(ctx));
    await state.update({ before: null, filesHold: digestOfValues(before) });
  };
  const putBackAfter = async (error: unknown, tried: ValueSet): Promise<unknown> => {
    const { before } = state.current();
    try {
      // The very same values: what the engine says of them it has said. Its next start writes them.
      if (before !== null && digestOfValues(before) === digestOfValues(tried)) await state.update({ inForce: before, before: null });
      else await putBack();
      return error;
    } catch (second) {
      log.error({ failure: (error as Error).message, reason: (second as Error).message }, 'the values from before could not be put back; it is tried again');
      return bothFaults(error, second);
    }
  };

  return {
    refreshed,
    changes: () => changes,
    onChange: (listener) => void listeners.push(listener),
    unsettled: () => state.current().before,
    async begin(set) {
      assertFits(set);
      await state.update({ inForce: set, before: null, filesHold: null });
      changed();
    },
    apply: (ctx, set) => inTurn(ctx.signal, async () => {
      assertFits(set);
      const { before, inForce } = state.current();
      await state.update({ inForce: set, before: before ?? inForce, filesHold: null, rejected: null });
      try {
        const { restartRequired } = await guest.configure(refreshed(ctx));
        // Taken live in whole: the next start has nothing else to take.
        const isProven = restartRequired.length === 0 && ctx.engine.pid() !== null;
        await state.update({ before: null, filesHold: digestOfValues(set), ...(isProven ? { good: set } : {}) });
        return restartRequired;
      } catch (error) {
        // The same call may succeed soon. Where it does not come again the values from before are put back a little later.
        if (!ctx.signal.aborted && isFault(error) && error.code === 'RETRYABLE') throw error;
        throw await putBackAfter(error, set);
      }
    }),
    settle: () => inTurn(ownFrame('configuration', timeouts.statementMs).signal, putBack),
    async ensureFiles(ctx) {
      const isInFiles = (): boolean => state.current().filesHold === digestOfValues(state.current().inForce);
      // A running engine has read them already: what is to be changed there is for a Configure, or for going back.
      if (isInFiles() || ctx.engine.pid() !== null) return;
      await inTurn(ctx.signal, async () => {
        if (isInFiles()) return;
        const { inForce, before } = state.current();
        await guest.configure(refreshed(ctx));
        const isBack = before !== null && digestOfValues(before) === digestOfValues(inForce);
        await state.update({ filesHold: digestOfValues(inForce), ...(isBack ? { before: null } : {}) });
      });
    },
    async giveUp(ctx, tried, error) {
      const isHopeless = (): boolean => decideGiveUp({ tried, inForce: state.current().inForce, good: state.current().good, isRunning: ctx.engine.pid() !== null, isAborted: ctx.signal.aborted });
      if (!isHopeless()) return null;
      const reason = await describeFailedStart(error, ctx.engine);
      return inTurn(ctx.signal, async () => {
        const { inForce, good, before, rejected: earlier } = state.current();
        if (good === null || !isHopeless()) return null;
        const rejected = { configuration: inForce.configuration, reason };
        told = { inForce, before, rejected: earlier };
        await state.update({ inForce: good, before: null, filesHold: null, rejected });
        log.error({ rejected: rejected.configuration, reason, again: good.configuration }, 'the engine does not start with its new values: the last good ones are in force again');
        return rejected;
      });
    },
    // In a frame of its own: it comes after an abort too.
    takeBack({ inForce, before }, rejected) {
      const ctx = context(ownFrame('configuration', timeouts.statementMs));
      return inTurn(ctx.signal, async () => {
        if (!decideTakeBack({ rejected, now: state.current(), isRunning: ctx.engine.pid() !== null })) return;
        await state.update({ inForce, before, filesHold: null, rejected: null });
        log.warn({ configuration: inForce.configuration }, 'the engine was not seen to start with the last good values either: the new ones are kept');
      });
    },
    tell() {
      told = null;
      changed();
    },
    told: () => told ?? state.current(),
    seenWell() {
      const now = state.current();
      if (!decideGood(now)) return;
      state.update({ good: now.inForce }).catch((error: Error) => log.error({ reason: error.message }, 'the good values could not be recorded'));
    },
  };
}

/** A plugin may come with its own copy of the contract: its faults are known by name. */
const isFault = (error: unknown): error is GuestFault => error instanceof GuestFault;

function bothFaults(first: unknown, second: unknown): GuestFault {
  const words = (error: unknown): string => (isFault(error) ? error.message : wordsForUnexpected(error));
  return new GuestFault(isFault(first) ? first.code : 'FAILED', `${words(first)}. The values from before could not be put back yet: ${words(second)}`, { cause: first });
}

function assertFits(set: ValueSet): void {
  const bytes = setBytes(set);
  if (bytes > setLimitBytes) throw new GuestFault('REFUSED', `The values of one instance take ${bytes} bytes; ${setLimitBytes} are allowed: set fewer parameters`);
}
