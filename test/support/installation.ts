/**
 * A whole installation for end-to-end tests: the built host process in a home of its own, on ports of its own, with the
 * engines of the shared cache. `stop` ends everything, databases included, and removes the home.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, slotOf } from './free-ports.ts';
import { createTestClient, type TestClient } from './graphql-client.ts';

export const ROOT = join(import.meta.dirname, '../..');
/** The bundles under test; a copy elsewhere needs a `node_modules` beside it. */
const dist = process.env['COFFER_TEST_DIST'] ?? join(ROOT, 'dist');
const hostProgram = join(dist, 'host.mjs');
const readyTimeoutMs = 60_000;

/** Filled by `engines-setup.ts`. Builds are immutable, so tests may share them. */
export const enginesFolder = process.env['COFFER_TEST_ENGINES'] ?? join(tmpdir(), 'coffer-engines');

export interface Installation {
  home: string;
  env: Record<string, string>;
  /** of the user that runs the gateway and may call the compute role; undefined: our own */
  gatewayUid: number | undefined;
  url: string;
  token: string;
  client: TestClient;
  /** with another token */
  as(token: string): TestClient;
  hostPid(): number;
  gatewayPid(): Promise<number>;
  /** what the host printed so far */
  output(): string;
  /** Starts the control plane (again) and waits until it is ready. */
  start(env?: Record<string, string>): Promise<void>;
  /** Ends the control plane: SIGTERM as Ctrl-C does, or SIGKILL. Databases go on. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Everything stopped and removed. */
  remove(): Promise<void>;
}

export interface InstallationOptions { env?: Record<string, string>; uid?: number; start?: boolean; /** in place of a fresh folder among the temporary ones */ home?: string }

/** A block of engine ports below the ephemeral range and above the fixed ones of other tests. */
const engineBlock = (): string => {
  const first = 25_000 + slotOf(140) * 50;
  return `${first}-${first + 49}`;
};

export async function startInstallation(options: InstallationOptions = {}): Promise<Installation> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'coffer-e2e-')));
  await mkdir(enginesFolder, { recursive: true });
  if (options.uid !== undefined) await chown(home, options.uid, options.uid);
  const [port, conductorPort, enrolPort] = await freePorts(3);
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin:/usr/sbin:/sbin', HOME: home, COFFER_HOME: home, COFFER_PORT: String(port), COFFER_CONDUCTOR_PORT: String(conductorPort),
    COFFER_ENROL_PORT: String(enrolPort), COFFER_ENGINE_PORTS: engineBlock(), COFFER_ENGINES_FOLDER: enginesFolder, COFFER_UID_BASE: String(2_400_000 + slotOf(1_000) * 70_000), ...options.env,
  };
  const url = `http://127.0.0.1:${port}/graphql`;
  let child: ChildProcess | undefined;
  let output = '';
  let token = '';

  const spawnHost = (args: string[], extra: Record<string, string> = {}): ChildProcess =>
    spawn(process.execPath, [hostProgram, ...args], { cwd: '/', env: { ...env, ...extra }, stdio: ['ignore', 'pipe', 'pipe'], ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }) });

  const installation: Installation = {
    home, env, url, gatewayUid: options.uid ?? (process.getuid?.() === 0 ? Number(env['COFFER_UID_BASE']) : undefined),
    get token() { return token; },
    get client() { return createTestClient(url, token); },
    as: (other) => createTestClient(url, other),
    hostPid: () => child?.pid ?? 0,
    gatewayPid: async () => (JSON.parse(await readFile(join(home, 'run/gateway.json'), 'utf8')) as { pid: number }).pid,
    output: () => output,
    async start(extra) {
      const from = output.length;
      const started = spawnHost(['start'], extra);
      child = started;
      for (const stream of [started.stdout, started.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => { output += text; });
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`not ready within ${readyTimeoutMs} ms:\n${output.slice(from)}`)), readyTimeoutMs);
        started.on('exit', (code) => { clearTimeout(timer); reject(new Error(`the host ended with ${code}:\n${output.slice(from)}`)); });
        started.stdout?.on('data', () => { if (output.slice(from).includes('Coffer is ready')) { clearTimeout(timer); resolve(); } });
      });
      token = (await readFile(join(home, 'admin-token'), 'utf8')).trim();
    },
    async end(signal = 'SIGTERM') {
      const ending = child;
      if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
      const gone = new Promise((resolve) => { ending.once('exit', resolve); });
      ending.kill(signal);
      await gone;
    },
    async remove() {
      const stopped = spawnSync(process.execPath, [hostProgram, 'stop'], { env, cwd: '/', encoding: 'utf8', ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }) });
      await installation.end('SIGKILL');
      await rm(home, { recursive: true, force: true });
      if (stopped.status !== 0) throw new Error(`stop ended with ${stopped.status}: ${stopped.stdout}${stopped.stderr}`);
    },
  };
  if (options.start !== false) await installation.start();
  return installation;
}
