/** The catalogue of a track, as its plugin has it. */
import type { ParameterSpec } from '../../strategies/spi/parameters.ts';
import type { ControlHost } from './control-host.ts';

export const createParametersOf = (control: ControlHost) => async (datastore: string, track: string): Promise<readonly ParameterSpec[]> =>
  (control.has(datastore, 'parameters') ? control.call(datastore, 'parameters', { track }) : []);
