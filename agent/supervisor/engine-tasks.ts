/** What supervision itself does with the engine: start and stop, one at a time, each to be aborted by a command. */
import type { Log } from '../../kernel/log.ts';
import type { SafeStart } from '../configuration/safe-start.ts';
import type { GuestContext, GuestHalf } from '../../strategies/spi/guest.ts';
import type { GuestTimeouts } from '../../strategies/spi/manifest.ts';
import { type ContextFactory, ownFrame } from './context.ts';
import { describeFailure } from './fault-text.ts';

export interface EngineTaskParts {
  guest: GuestHalf; timeouts: GuestTimeouts; context: ContextFactory; startSafely: SafeStart; log: Log;
  isAlive(): boolean;
  /** The start failed (not when it was aborted); the words are the engine's own where there are any. */
  onStartFailed(fault: string): void;
}

export async function startEngine(parts: EngineTaskParts, signal: AbortSignal): Promise<void> {
  const frame = (): GuestContext => parts.context(ownFrame('supervision', parts.timeouts.startMs, signal));
  try {
    await parts.startSafely(frame, async (ctx) => {
      if (!parts.isAlive()) await ctx.engine.killLeftovers();
      await parts.guest.start(ctx);
    });
  } catch (error) {
    if (!signal.aborted) parts.onStartFailed(await describeFailure(error, frame().engine));
    throw error;
  }
}

export async function stopEngine(parts: EngineTaskParts, signal: AbortSignal): Promise<void> {
  const stop = (mode: 'orderly' | 'immediate'): Promise<void> => parts.guest.stop(parts.context(ownFrame('supervision', parts.timeouts.stopMs, signal)), mode);
  try {
    await stop('orderly');
  } catch (error) {
    if (signal.aborted) throw error;
    parts.log.warn({ reason: (error as Error).message }, 'the orderly stop failed; the engine is stopped immediately');
    await stop('immediate');
  }
}

export interface RunningTask { kind: 'start' | 'stop'; /** there was no engine when it began, or there has been none since */ isFresh: boolean; abort(reason: Error): void; done: Promise<void> }

/** `onEnd` is called once, also after a failure, when `done` is about to resolve. */
export function beginTask(kind: RunningTask['kind'], isFresh: boolean, work: (signal: AbortSignal) => Promise<void>, log: Log, onEnd: () => void): RunningTask {
  const controller = new AbortController();
  const done = work(controller.signal)
    .catch((error: Error) => log.warn({ reason: error.message }, `supervision: ${kind} failed`))
    .then(onEnd);
  return { kind, isFresh, abort: (reason) => controller.abort(reason), done };
}
