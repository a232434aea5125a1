import type { Log } from '../kernel/log.ts';
import { homePaths, type HomePaths } from '../kernel/home.ts';
import type { Settings } from '../kernel/settings.ts';
import { requireNamespaces } from '../compute/guest/namespaces.ts';
import { type Compute, startCompute } from '../compute/start-compute.ts';
import { ensureAdminToken } from './admin-token.ts';
import { composeEngines } from './composition.ts';
import { endLeftoverGateway, type Gateway, startGateway } from './gateway.ts';
import { prepareHome } from './home.ts';
import { createHostLog } from './host-log.ts';
import { claimPidFile, releasePidFile } from './pid-file.ts';
import { requireFreePorts } from './ports.ts';
import { decidePrincipals, type Principals } from './principals.ts';
import { explainSystemError, HostProblem } from './problem.ts';
import { publicUrl, waitReady } from './readiness.ts';
import { openRotatingLog } from './rotating-log.ts';
import { ensureRuntime } from './runtime/install.ts';
import { pruneRuntimes } from './runtime/prune.ts';
import { locateSelf, type Runtime } from './runtime/runtime.ts';
import { type Store, startStore } from './store/store.ts';
import { durationText, terminal } from './terminal.ts';
import { nextSteps } from './next-steps.ts';

/** Set for the second half of a start, which runs from the runtime: when the first half began (Unix milliseconds). */
export const begunFlag = '--begun';
const uid = process.getuid?.() ?? 0;

/** First half: the home, the claim to it, and the runtime. Becomes the second half, from the runtime, without returning. */
export async function start(settings: Settings, flags: readonly string[]): Promise<void> {
  const begun = Number(flags[flags.indexOf(begunFlag) + 1] ?? Number.NaN);
  const isSecondHalf = flags.includes(begunFlag);
  const begunMs = isSecondHalf ? begun : Date.now() - performance.now();
  const paths = homePaths(settings.home);
  const principals = decidePrincipals(settings, uid);
  const self = locateSelf(import.meta.url);
  if (!isSecondHalf) {
    await requireNamespaces(settings, uid).catch((error: Error) => { throw new HostProblem(error.message); });
    await prepareHome(paths, principals, uid === 0);
    await claim(paths, settings);
    terminal.line(`Coffer ${self.kind === 'dist' ? self.sources.manifest.version : self.runtime.version}`);
    terminal.part('home', paths.home);
  }
  if (self.kind === 'dist') {
    const { runtime, copied } = await ensureRuntime(paths.runtime, self.sources).catch(async (error: unknown) => { await releasePidFile(paths.pidFile); throw error; });
    terminal.part('runtime', `${runtime.hash}${copied ? ' (copied; everything runs from it)' : ''}`);
    become(runtime, begunMs);
  }
  if (self.kind === 'sources') terminal.part('runtime', 'the sources of this checkout (development)');
  await claim(paths, settings);
  await runHost({ settings, paths, principals, runtime: self.runtime, begunMs });
}

async function claim(paths: HomePaths, settings: Settings): Promise<void> {
  const other = await claimPidFile(paths.pidFile, settings.port, paths.home).catch((error: unknown) => { throw explainSystemError(error, `COFFER_HOME=${paths.home} cannot be used`); });
  if (other) throw new HostProblem(`Coffer already runs in ${other.home}: pid ${other.pid}, port ${other.port}, since ${other.startedAt}. \`npm run stop\` ends it`);
}

/** The same process goes on from the runtime: pid, terminal and signals stay as they are. */
function become(runtime: Runtime, begunMs: number): never {
  process.removeAllListeners('warning'); // execve is experimental, which its warning says and nobody needs to read
  const { execve } = process as unknown as { execve(file: string, args: string[], env: NodeJS.ProcessEnv): never };
  return execve.call(process, runtime.node, [runtime.node, runtime.program('host'), 'start', begunFlag, String(begunMs)], process.env);
}

interface Host { settings: Settings; paths: HomePaths; principals: Principals; runtime: Runtime; begunMs: number }
interface Parts { store: Store | null; gateway: Gateway | null; compute: Compute | null }

/** Second half: starts the parts, waits for the end, ends them in order. */
async function runHost(host: Host): Promise<void> {
  const { paths, settings } = host;
  const stopped = listenForEnd();
  const hostOutput = openRotatingLog(`${paths.logs}/host.log`);
  const log = createHostLog(hostOutput, settings.logLevel, (text) => terminal.warning(text));
  const parts: Parts = { store: null, gateway: null, compute: null };
  let problem: unknown = null;
  try {
    await startParts(host, parts, log, stopped.signal);
    announce(host);
    void pruneRuntimes(paths.runtime, host.runtime.folder).catch((error: unknown) => log.info({ reason: String(error) }, 'old runtimes could not be removed'));
    problem = await Promise.race([stopped.promise.then(() => null), parts.gateway?.gaveUp.then((words) => new HostProblem(words)) ?? stopped.promise.then(() => null)]);
  } catch (error) {
    if (!stopped.signal.aborted) problem = error;
  }
  await stopParts(parts);
  await releasePidFile(paths.pidFile);
  hostOutput.close();
  if (problem) throw problem;
  terminal.line('Coffer has stopped. Databases keep running; `npm start` takes them over again, `npm run stop` stops them too.');
}

async function startParts(host: Host, parts: Parts, log: Log, signal: AbortSignal): Promise<void> {
  const { settings, paths, principals, runtime } = host;
  const hasGateway = settings.roles.some((role) => role !== 'compute');
  await endLeftoverGateway(paths);
  if (hasGateway) {
    await requireFreePorts(settings);
    await ensureAdminToken(paths, principals.gateway.owner).catch((error: unknown) => { throw explainSystemError(error, 'the admin token could not be written'); });
  }
  const storeStarting = hasGateway && settings.databaseUrl === null ? startOwnStore(host, log) : Promise.resolve(null);
  const [store, compute] = await Promise.allSettled([storeStarting, settings.roles.includes('compute') ? startOwnCompute(host, log) : Promise.resolve(null)]);
  if (store.status === 'fulfilled') parts.store = store.value;
  if (compute.status === 'fulfilled') parts.compute = compute.value;
  if (store.status === 'rejected') throw store.reason;
  if (compute.status === 'rejected') throw compute.reason;
  signal.throwIfAborted();
  if (!hasGateway) return;
  parts.gateway = await startGateway({ settings, paths, runtime, principals, log, env: process.env, output: openRotatingLog(`${paths.logs}/gateway.log`), warn: (text) => terminal.warning(text) });
  if (settings.roles.includes('api')) await waitReady(settings, parts.gateway, signal);
  parts.gateway.wasReady();
  terminal.part('gateway', `roles ${settings.roles.filter((role) => role !== 'compute').join(', ')}`);
}

async function startOwnStore(host: Host, log: Log): Promise<Store> {
  const begun = performance.now();
  const store = await startStore({ paths: host.paths, principals: host.principals, postgres: host.runtime.postgres }, openRotatingLog(`${host.paths.logs}/store.log`), log.child({ part: 'store' }));
  terminal.part('store', `PostgreSQL ${store.wasMade ? 'made and ' : ''}ready in ${durationText(performance.now() - begun)}`);
  return store;
}

async function startOwnCompute(host: Host, log: Log): Promise<Compute> {
  const { settings, runtime, principals } = host;
  const engines = await composeEngines(settings, log);
  try {
    const compute = await startCompute({
      settings, log: log.child({ part: 'compute' }), ...engines, caller: principals.gateway.owner,
      runtime: { hash: runtime.hash, folder: runtime.folder, node: runtime.node, agent: process.env['COFFER_TEST_AGENT_ENTRY'] ?? runtime.program('agent') },
    });
    const databases = compute.guestCount === 0 ? 'no databases yet' : `${compute.guestCount} database${compute.guestCount === 1 ? '' : 's'} on this machine`;
    terminal.part('compute', `${databases}${compute.limitsProblem ? '; limits of memory and processors are not enforced' : ''}`);
    return compute;
  } catch (error) {
    throw explainSystemError(error, 'the compute role does not start');
  }
}

function announce(host: Host): void {
  const took = durationText(Date.now() - host.begunMs);
  const where = host.settings.roles.includes('api') ? `at ${publicUrl(host.settings)}/graphql ` : `(${host.settings.roles.join(', ')}) `;
  const next = host.settings.roles.includes('api') ? `\n${nextSteps(`${publicUrl(host.settings)}/graphql`, host.paths.adminToken)}` : '';
  terminal.line(`Coffer is ready ${where}(pid ${process.pid}, ${took})${next}`);
}

/** The gateway first: nothing is asked of the others then. */
async function stopParts(parts: Parts): Promise<void> {
  await parts.gateway?.stop();
  await parts.compute?.close();
  await parts.store?.stop();
}

const sameSignalMs = 1_000;

/** Ctrl-C reaches us up to twice (npm passes it on); one that comes later means "now". */
function listenForEnd(): { promise: Promise<void>; signal: AbortSignal } {
  const ending = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  let firstMs = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (firstMs !== 0 && performance.now() - firstMs > sameSignalMs) process.exit(1); // children are told by the kernel
      if (firstMs !== 0) return;
      firstMs = performance.now();
      terminal.line('Stopping Coffer; databases keep running …');
      ending.abort();
      resolve();
    });
  }
  return { promise, signal: ending.signal };
}
