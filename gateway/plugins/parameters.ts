/**
 * The catalogues of the engines' parameters, as plugins' control halves have them. A catalogue does not change while a
 * plugin is loaded: it is asked for once. One that is malformed takes configuration groups from its track, and nothing else from its plugin.
 */
import { CofferError } from '../../kernel/errors.ts';
import type { InputIssue } from '../../kernel/input-issue.ts';
import type { ControlHalf } from '../../strategies/spi/control.ts';
import type { ParameterSpec } from '../../strategies/spi/parameters.ts';
import { AnswerProblem, type ControlHost } from './control-host.ts';

export interface ParameterCatalogue { specs: readonly ParameterSpec[]; byName: ReadonlyMap<string, ParameterSpec> }
export type CheckInput = Parameters<NonNullable<ControlHalf['checkParameters']>>[0];
export interface ParameterCatalogues {
  /** UNSUPPORTED where there is none */
  parametersOf(datastore: string, track: string): Promise<ParameterCatalogue>;
  /** Of values that are right one by one; none where the plugin does not judge them together. */
  checkParameters(datastore: string, input: CheckInput): Promise<InputIssue[]>;
  /** Why the catalogue of a track is of no use; null when it is, or was never asked for. */
  problemOf(datastore: string, track: string): string | null;
}
/** `onProblem`: told once of each. */
export function createParameterCatalogues(control: ControlHost, onProblem: (datastore: string, track: string, problem: string) => void = () => {}): ParameterCatalogues {
  const asked = new Map<string, Promise<ParameterCatalogue>>();
  const problems = new Map<string, string>();
  const keyOf = (datastore: string, track: string): string => `${datastore} ${track}`;

  const ask = async (datastore: string, track: string): Promise<ParameterCatalogue> => {
    const key = keyOf(datastore, track);
    try {
      const specs = await control.call(datastore, 'parameters', { track });
      return { specs, byName: new Map(specs.map((spec) => [spec.name, spec])) };
    } catch (error) {
      if (error instanceof CofferError && error.cause instanceof AnswerProblem) {
        problems.set(key, error.cause.message);
        onProblem(datastore, track, error.cause.message);
      } else asked.delete(key); // a plugin that did not answer in time may answer the next time
      throw error;
    }
  };
  return {
    async parametersOf(datastore, track) {
      if (!control.has(datastore, 'parameters')) throw new CofferError('CAPABILITY.UNSUPPORTED', `${datastore} ${track} has no CONFIGURATION`, { details: { capability: 'CONFIGURATION' } });
      const key = keyOf(datastore, track);
      const known = asked.get(key) ?? ask(datastore, track);
      asked.set(key, known);
      return known;
    },
    checkParameters: async (datastore, input) => (control.has(datastore, 'checkParameters') ? control.call(datastore, 'checkParameters', input) : []),
    problemOf: (datastore, track) => problems.get(keyOf(datastore, track)) ?? null,
  };
}
