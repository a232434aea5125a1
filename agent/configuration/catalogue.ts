/** The catalogue of the instance's track, as the gateway has it. Without one the engine is looked at all the same: nobody waits for it. */
import type { Log } from '../../kernel/log.ts';
import { catalogueProblem } from '../../strategies/parameter-problems.ts';
import type { ControlHalf } from '../../strategies/spi/control.ts';
import type { ParameterSpec } from '../../strategies/spi/parameters.ts';
import { endedWith } from '../supervisor/ended-with.ts';

const patienceMs = 2_000;

/** Asked once; again only when no answer came. */
export function createCatalogue({ control, track, log }: { control: Pick<ControlHalf, 'parameters'>; track: string; log: Log }): () => Promise<readonly ParameterSpec[]> {
  let known: readonly ParameterSpec[] | null = null;
  return async () => {
    if (known !== null) return known;
    try {
      const answer = (await endedWith(AbortSignal.timeout(patienceMs), Promise.resolve(control.parameters?.({ track })))) ?? [];
      const problem = catalogueProblem(answer);
      if (problem !== null) log.debug({ problem }, 'the plugin\'s catalogue is none');
      known = problem === null ? answer : [];
      return known;
    } catch (error) {
      log.debug({ reason: (error as Error).message }, 'the plugin did not tell its catalogue');
      return [];
    }
  };
}
