/** A process of its own that installs an engine: `node ensure-child.ts <JSON>`. One JSON line per thing that happens. */
import { createEngineStore } from '../../../../strategies/sources/index.ts';
import { silentLog } from '../../../../kernel/log.ts';
import type { EngineStoreOptions } from '../../../../strategies/sources/index.ts';
import type { EngineSourceSpec } from '../../../../strategies/spi/engine-source.ts';
import { engineCase } from './engine-cases.ts';

export interface EnsureJob extends Pick<EngineStoreOptions, 'root' | 'keyring' | 'preferred' | 'repositories'> {
  datastore: string;
  track: string;
  /** default: those of the engine cases */
  sources?: EngineSourceSpec[];
  refresh?: boolean;
  restore?: string;
}

const job = JSON.parse(process.argv[2] ?? '') as EnsureJob;
const say = (line: object): void => { process.stdout.write(`${JSON.stringify(line)}\n`); };
const { datastore, track, sources, refresh = false, restore, ...options } = job;
const store = createEngineStore({ log: silentLog, ...options });
const common = { signal: AbortSignal.timeout(300_000), progress: (fraction: number, message: string) => say({ fraction, message }) };
try {
  const build = restore === undefined ? await store.ensure({ datastore, track, sources: sources ?? engineCase(datastore, track).sources, ...common, refresh }) : await store.restore({ buildId: restore, ...common });
  say({ build });
} catch (error) {
  const { message, reason, code } = error as { message: string; reason?: string; code?: string };
  say({ error: { message, reason, code } });
}
