/** A Configure that was cut off and that nobody repeats is taken back after a while, in turn with the commands. */
import type { Log } from '../../kernel/log.ts';
import type { GuestTimeouts } from '../../strategies/spi/manifest.ts';
import type { Runner } from '../commands/runner.ts';
import type { Configurer } from './configurer.ts';
import type { ValueSet } from './value-set.ts';

/** From when it is noticed, a turn later: long enough for a gateway to come back and repeat its command. */
const patienceMs = 60_000;
/** for commands before it */
const graceMs = 20_000;

export interface Settling { begin(): void; end(): void }

export function createSettling({ configurer, runner, timeouts, log }: { configurer: Pick<Configurer, 'unsettled' | 'settle'>; runner: Pick<Runner, 'inTurn'>; timeouts: GuestTimeouts; log: Log }): Settling {
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  let noticed: ValueSet | null = null;
  const turn = async (): Promise<void> => {
    const unsettled = configurer.unsettled();
    const isOld = unsettled === noticed;
    noticed = unsettled;
    if (unsettled === null || !isOld) return;
    await runner.inTurn(() => configurer.settle(), timeouts.statementMs + graceMs);
    log.info({}, 'a change of the engine\'s values that nobody finished was taken back');
  };
  const loop = (): void => {
    timer = setTimeout(() => {
      void turn().catch((error: Error) => log.warn({ reason: error.message }, 'an unfinished change of the engine\'s values could not be taken back; it is tried again')).then(() => {
        if (!hasEnded) loop();
      });
    }, patienceMs);
  };
  return {
    begin: loop,
    end() {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
}
