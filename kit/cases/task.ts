import type { Tier } from '../../strategies/conformance/tiers.ts';
import type { EngineBuild } from '../../strategies/spi/engine-source.ts';

/** What the command tells the process that runs the cases; `COFFER_KIT_TASK` holds it as JSON. */
export interface CasesTask {
  /** `file:` URL */
  fixture: string;
  track: string;
  build: EngineBuild;
  /** of the tracks that this one can be brought to */
  nextBuilds: EngineBuild[];
  tiers: Tier[];
  /** false: agent and engine are one user, as in an installation without root */
  isolated: boolean;
  /** of the machine's ports, for the engine's own */
  firstPort: number;
}
export const taskVariable = 'COFFER_KIT_TASK';
