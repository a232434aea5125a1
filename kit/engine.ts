/** The binaries that the cases run: had by the plugin's own sources, kept where the machine's tests keep theirs. */
import { silentLog } from '../kernel/log.ts';
import { createEngineStore } from '../strategies/sources/index.ts';
import type { EngineBuild, EngineSourceSpec } from '../strategies/spi/engine-source.ts';

const timeoutMs = 20 * 60_000;

export interface EngineRequest {
  /** absolute */
  folder: string;
  datastore: string;
  track: string;
  sources: readonly EngineSourceSpec[];
  onProgress(message: string): void;
}

export async function ensureBuild({ folder, datastore, track, sources, onProgress }: EngineRequest): Promise<EngineBuild> {
  const store = createEngineStore({ root: folder, log: silentLog });
  return store.ensure({ datastore, track, sources, signal: AbortSignal.timeout(timeoutMs), progress: (_fraction, message) => onProgress(message) });
}
