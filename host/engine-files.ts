import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isCofferError } from '../kernel/errors.ts';
import { type Log, silentLog } from '../kernel/log.ts';
import type { Settings } from '../kernel/settings.ts';
import { composeEngines } from './composition.ts';
import { configurationExitCode, explainSystemError, HostProblem } from './problem.ts';
import { terminal } from './terminal.ts';

const usage = `Engines are carried to a host without network as files:

  coffer engine export <datastore> <version> FILE     on a host with network; installs the engine first if need be
  coffer engine import FILE [--sha256 HASH]           on the other one; HASH is what the export told

Both work on this machine's own folder of engines, whether or not Coffer runs, and as the user who starts Coffer.
`;

/** Engines as files. Not an operation of the API: a file on a host's disk is the business of who may log in there. */
export async function engineFiles(settings: Settings, args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new HostProblem('interrupted; what was fetched is kept')));
  try {
    if (command === 'export' && rest.length === 3) return await exportEngine(settings, rest as [string, string, string], stop.signal);
    if (command === 'import' && (rest.length === 1 || (rest.length === 3 && rest[1] === '--sha256'))) return await importEngine(settings, rest[0] ?? '', rest[2], stop.signal);
  } catch (error) {
    throw isCofferError(error) ? new HostProblem(error.message) : explainSystemError(error, `engine ${command} did not work`);
  }
  throw new HostProblem(usage, configurationExitCode);
}

async function exportEngine(settings: Settings, [datastore, track, file]: [string, string, string], signal: AbortSignal): Promise<void> {
  const { engineStore, engineSources } = await composeEngines(settings, warnings);
  const sources = engineSources(datastore, track);
  if (sources.length === 0) throw new HostProblem(`no plugin of this host knows ${datastore} ${track}; \`coffer datastore list\` shows what there is`);
  const path = resolve(file);
  if (await access(path).then(() => true, () => false)) throw new HostProblem(`${path} exists already: name a new file`);
  const { buildId, sha256 } = await engineStore.exportTo({ datastore, track, sources, path, signal, progress: createTeller() });
  terminal.line(`${buildId} is in ${path}.`);
  terminal.line(`On the other host: coffer engine import ${file} --sha256 ${sha256}`);
}

async function importEngine(settings: Settings, file: string, sha256: string | undefined, signal: AbortSignal): Promise<void> {
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) throw new HostProblem('--sha256 takes 64 hexadecimal digits in lower case', configurationExitCode);
  const { engineStore, engineSources } = await composeEngines(settings, warnings);
  const build = await engineStore.importFrom({ path: resolve(file), sha256, sources: engineSources, signal, progress: createTeller() });
  terminal.line(`${build.datastore} ${build.version} is installed (${build.id}).`);
}

const tell = (fields: object, message: string): void => terminal.warning('reason' in fields ? `${message}: ${String(fields.reason)}` : message);
const warnings: Log = { ...silentLog, warn: tell, error: tell };

/** One line for each kind of work, not for each file. */
function createTeller(): (fraction: number, message: string) => void {
  let last = '';
  return (fraction, message) => {
    const deed = message.split(' ')[0] ?? '';
    if (deed === last) return;
    last = deed;
    terminal.part(`${Math.round(fraction * 100)}%`.padStart(4), message);
  };
}
