/**
 * Starts the engine with the values in force; when it does not start with them, with the last ones it is known to run with.
 * When it does not start with those either, it is something else that fails (the port, the disk), and nothing is given up.
 */
import { type GuestContext, GuestFault } from '../../strategies/spi/guest.ts';
import type { StateKeeper } from '../state/agent-state.ts';
import { describeFailedStart } from '../supervisor/fault-text.ts';
import type { Configurer } from './configurer.ts';
import { digestOfValues, type Rejection } from './value-set.ts';

/** `frame` is asked for a context before each of the two starts. Resolves with what was given up, or null. */
export type SafeStart = (frame: () => GuestContext, start: (ctx: GuestContext) => Promise<void>) => Promise<Rejection | null>;

export const createSafeStart = (state: StateKeeper, configurer: Configurer): SafeStart => async (frame, start) => {
  const startOnce = async (ctx: GuestContext): Promise<void> => {
    await configurer.ensureFiles(ctx);
    await start(configurer.refreshed(ctx));
  };
  const ctx = frame();
  const { inForce, before } = state.current();
  try {
    await startOnce(ctx);
    return null;
  } catch (error) {
    const rejected = await configurer.giveUp(ctx, digestOfValues(inForce), error);
    if (rejected === null) throw error;
    const formerCtx = frame();
    try {
      await startOnce(formerCtx);
    } catch (second) {
      // Also where it was called off: whether it was the values has not been found out.
      await configurer.takeBack({ inForce, before }, rejected);
      if (formerCtx.signal.aborted) throw second;
      throw new GuestFault('FAILED_TO_START', `With its new values: ${rejected.reason}. With the former ones: ${await describeFailedStart(second, formerCtx.engine)}`, { cause: second });
    } finally {
      configurer.tell();
    }
    return rejected;
  }
};
