/**
 * A further gateway on an installation's store, with ports of its own: started by the test from the installation's own
 * runtime, as the user that may call the compute role, and never started again by anybody else.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { homePaths } from '../../kernel/home.ts';
import { createTestClient, type TestClient } from './graphql-client.ts';
import { freePorts } from './free-ports.ts';
import type { Installation } from './installation.ts';

const readyTimeoutMs = 60_000;
const askEveryMs = 25;

export interface GatewayProcess {
  url: string;
  client: TestClient;
  /** with another token */
  as(token: string): TestClient;
  pid: number;
  /** what it said so far: its log */
  output(): string;
  signal(name: NodeJS.Signals): void;
  exited: Promise<void>;
  isAlive(): boolean;
  /** Resolves when it can do everything its roles ask for. */
  ready(): Promise<void>;
  end(signal?: NodeJS.Signals): Promise<void>;
}
export interface GatewayProcessOptions { roles?: string; env?: Record<string, string>; /** api, conductor, enrolment */ ports?: readonly number[] }

export async function startGatewayProcess(coffer: Installation, options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
  const [port, conductorPort, enrolPort] = options.ports ?? (await freePorts(3));
  const [hash] = (await readdir(join(coffer.home, 'runtime'))).filter((name) => /^[0-9a-f]+$/.test(name));
  const runtime = join(coffer.home, 'runtime', hash!);
  const storeUrl = coffer.env['DATABASE_URL'] ?? (await readFile(join(coffer.home, 'control/store-url'), 'utf8')).trim();
  const child: ChildProcess = spawn(join(runtime, 'bin/node'), [join(runtime, 'gateway.mjs')], {
    cwd: '/', stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...coffer.env, NODE_ENV: 'production', DATABASE_URL: storeUrl, COFFER_ROLES: options.roles ?? 'api,worker,conductor', COFFER_PORT: String(port),
      COFFER_CONDUCTOR_PORT: String(conductorPort), COFFER_ENROL_PORT: String(enrolPort), NODE_COMPILE_CACHE: join(homePaths(coffer.home).compileCache, hash!), ...options.env,
    },
    ...(coffer.gatewayUid === undefined ? {} : { uid: coffer.gatewayUid, gid: coffer.gatewayUid }),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => { output = (output + text).slice(-200_000); });
  const exited = new Promise<void>((resolve) => { child.once('exit', () => resolve()); });
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  const url = `http://127.0.0.1:${port}/graphql`;
  return {
    url, client: createTestClient(url, coffer.token), as: (token) => createTestClient(url, token), pid: child.pid!, exited, isAlive,
    output: () => output,
    signal: (name) => { child.kill(name); },
    async ready() {
      const deadline = Date.now() + readyTimeoutMs;
      while (!(await fetch(`http://127.0.0.1:${port}/readyz`).then((response) => response.ok, () => false))) {
        if (!isAlive() || Date.now() > deadline) throw new Error(`the gateway ${isAlive() ? 'is not ready' : 'ended'}:\n${output.slice(-4_000)}`);
        await new Promise((resolve) => { setTimeout(resolve, askEveryMs); });
      }
    },
    async end(signal = 'SIGTERM') {
      child.kill('SIGCONT');
      child.kill(signal);
      await exited;
    },
  };
}
