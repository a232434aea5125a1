/** A process of its own that installs an engine: `node ensure-child.ts <JSON>`. One JSON line per thing that happens. */
import { createEngineStore } from '../../../../strategies/sources/index.ts';
import { silentLog } from '../../../../kernel/log.ts';
import { engineCase } from './engine-cases.ts';

export interface EnsureJob { root: string; datastore: string; track: string; keyring?: string; refresh?: boolean; restore?: string; preferred?: Record<string, string> }

const job = JSON.parse(process.argv[2] ?? '') as EnsureJob;
const say = (line: object): void => { process.stdout.write(`${JSON.stringify(line)}\n`); };
const { root, keyring, preferred, refresh = false, restore } = job;
const store = createEngineStore({ root, log: silentLog, ...(keyring ? { keyring } : {}), ...(preferred ? { preferred } : {}) });
const common = { signal: AbortSignal.timeout(300_000), progress: (fraction: number, message: string) => say({ fraction, message }) };
try {
  const build = restore === undefined ? await store.ensure({ ...engineCase(job.datastore, job.track), ...common, refresh }) : await store.restore({ buildId: restore, ...common });
  say({ build });
} catch (error) {
  const { message, reason, code } = error as { message: string; reason?: string; code?: string };
  say({ error: { message, reason, code } });
}
