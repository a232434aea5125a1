import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { HomePaths } from '../kernel/home.ts';
import type { Log } from '../kernel/log.ts';
import type { Settings } from '../kernel/settings.ts';
import { settingsTable } from '../kernel/settings.ts';
import { writeFileAtomically } from '../compute/files.ts';
import { launch } from '../compute/launch/launch.ts';
import { waitGone } from '../compute/processes/end.ts';
import { isAlive, type ProcessIdentity, signalProcess } from '../compute/processes/proc.ts';
import type { Principals } from './principals.ts';
import { configurationExitCode } from './problem.ts';
import type { RotatingLog } from './rotating-log.ts';
import type { Runtime } from './runtime/runtime.ts';
import { type Service, superviseService } from './supervise.ts';

export interface Gateway {
  process: Service['process'];
  /** From now on it is started again however often it ends. */
  wasReady(): void;
  /** Resolves with its own words when it is not worth starting again. */
  gaveUp: Promise<string>;
  stop(): Promise<void>;
}
export interface GatewayOptions {
  settings: Settings; paths: HomePaths; runtime: Runtime; principals: Principals;
  output: RotatingLog; log: Log; warn(text: string): void;
  env: Readonly<Record<string, string | undefined>>;
}

const orderlyStopMs = 15_000;
/** Of one whose host was killed: its store goes at the same moment, so it may never end in order. What it held is taken over. */
const leftoverStopMs = 2_000;
const warnLevel = 40;
/** One that has never been ready and ends this often has a reason that will not pass. */
const startsBeforeReady = 5;
const recordName = 'gateway.json';

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  let lastWords = '';
  let everReady = false;
  const record = join(options.paths.run, recordName);
  const service = await superviseService({
    name: 'gateway', log: options.log,
    async launch() {
      const launched = await launch({
        command: options.runtime.node, args: [options.runtime.program('gateway')], cwd: '/', env: { ...gatewayEnvironment(options.env, options.settings), NODE_COMPILE_CACHE: join(options.paths.compileCache, options.runtime.hash) },
        identity: options.principals.gateway.identity, output: 'pipe', parentDeathSignal: 'TERM',
        prepare: (process) => writeFileAtomically(record, JSON.stringify(process), { mode: 0o600 }).catch(() => {}),
      });
      const { stdout, stderr } = launched.child;
      for (const stream of [stdout, stderr]) {
        if (stream) createInterface({ input: stream }).on('line', (line) => { lastWords = pass(line, options) ?? lastWords; });
      }
      return launched;
    },
    isFinal: (exit, failures) => exit.code === configurationExitCode || (!everReady && failures >= startsBeforeReady),
  });
  return {
    process: service.process,
    wasReady: () => { everReady = true; },
    gaveUp: service.gaveUp.then(() => lastWords || 'the gateway refuses its configuration'),
    async stop() {
      await service.stop([{ signal: 'SIGTERM', waitMs: orderlyStopMs }]);
      await rm(record, { force: true });
    },
  };
}

/** One line of the gateway goes into the log; what a person should know is shown and answered. */
function pass(line: string, options: Pick<GatewayOptions, 'output' | 'warn'>): string | undefined {
  options.output.write(`${line}\n`);
  if (line.trim() === '') return undefined;
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    if (typeof level !== 'number' || level < warnLevel) return undefined;
    options.warn(String(msg));
    return String(msg);
  } catch {
    return line; // not from the logger: a complaint of Node itself, or the reason for exit code 78
  }
}

const passedOn = /^(PATH|LANG|LC_\w+|TZ|SSL_CERT_\w+|NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy|PGSSL\w+)$/i;

/** The operator's own variables and nothing else of our environment. */
export function gatewayEnvironment(env: Readonly<Record<string, string | undefined>>, settings: Settings): Record<string, string> {
  const settingNames = new Set<string>(Object.values(settingsTable).map((definition) => definition.variable));
  const kept = Object.entries(env).filter((entry): entry is [string, string] =>
    entry[1] !== undefined && (passedOn.test(entry[0]) || settingNames.has(entry[0]) || entry[0].startsWith('COFFER_TEST_')));
  return { ...Object.fromEntries(kept), NODE_ENV: 'production', COFFER_HOME: settings.home, COFFER_HOST_NAME: settings.hostName };
}

/** A host that was killed takes its gateway along (the kernel tells it), but that may need a moment to end. */
export async function endLeftoverGateway(paths: HomePaths): Promise<void> {
  const path = join(paths.run, recordName);
  const process = JSON.parse(await readFile(path, 'utf8').catch(() => 'null')) as ProcessIdentity | null;
  if (process && isAlive(process)) {
    signalProcess(process, 'SIGTERM');
    if (!(await waitGone([process], leftoverStopMs))) signalProcess(process, 'SIGKILL');
    await waitGone([process], orderlyStopMs);
  }
  await rm(path, { force: true });
}
