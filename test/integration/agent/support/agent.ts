/** A real agent process in a folder of its own, with a scratch CA and conductor around it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { globSync, mkdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type Fence, GuestAgentClient, type Outcome, type Progress, type RunRequest, type RunResponse } from '../../../../proto/generated/coffer/agent/v1/agent.ts';
import type { AgentBoot } from '../../../../kernel/guest-record.ts';
import type { Command } from '../../../../agent/commands/catalogue.ts';
import { compileCache } from '../../../support/compile-cache.ts';
import { bundleAgent } from './bundle.ts';
import { createCa, type Credentials, type TestCa } from './ca.ts';
import { startConductor, type TestConductor } from './conductor.ts';

export const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const enginesRoot = process.env['COFFER_TEST_ENGINES'] ?? '/tmp/coffer-engines';
export const trustDomain = 'test.coffer.internal';
export const instanceId = 'inst_01jdx0000000000000000000aa';
export const gatewayUri = `spiffe://${trustDomain}/gateway`;

export interface RunOptions { operationId?: string; step?: string; fence?: Partial<Fence>; timeoutMs?: number; onProgress?(progress: Progress): void; as?: Credentials }
export interface TestAgent {
  root: string; boot: AgentBoot; ca: TestCa; conductor: TestConductor; gateway: Credentials;
  /** path of the bundled agent */
  program: string;
  child(): ChildProcess;
  start(env?: Record<string, string>): Promise<void>;
  signal(name: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
  writeEnrol(token?: string): Promise<string>;
  client(as?: Credentials): GuestAgentClient;
  run(command: Command, options?: RunOptions): Promise<Outcome>;
  prepare(): Promise<void>;
  enginePid(): number;
  effects(): string[];
  log(): Record<string, unknown>[];
  dispose(): Promise<void>;
}

export const none = {};
let operations = 0;
export const nextOperation = (): string => `op_test_${++operations}`;

export async function createAgent(options: { heartbeatMs?: number; boot?: Partial<AgentBoot> } = {}): Promise<TestAgent> {
  const root = await mkdtemp(join(tmpdir(), 'coffer-agent-'));
  const ca = await createCa();
  const conductor = await startConductor(ca, trustDomain, options);
  const gateway = await ca.issue({ uri: gatewayUri });
  const program = await bundleAgent(repository);
  const boot = { ...bootFor(root, ca.pem, conductor), ...options.boot };
  for (const path of Object.values(boot.paths)) mkdirSync(path, { recursive: true, mode: 0o700 });
  await writeFile(join(boot.paths.agent, 'boot.json'), JSON.stringify(boot));
  let child: ChildProcess | undefined;
  const clients = new Set<GuestAgentClient>();

  const agent: TestAgent = {
    root, boot, ca, conductor, gateway, program,
    child: () => child ?? (() => { throw new Error('not started'); })(),
    async start(env = {}) {
      const hellos = conductor.hellos.length;
      const output = openSync(join(boot.paths.logs, 'agent.log'), 'a', 0o600);
      child = spawn(process.execPath, [program, root], {
        env: { PATH: process.env['PATH'], COFFER_INSTANCE: instanceId, COFFER_PLUGINS: join(repository, 'test/fixtures/tiny-datastore/index.ts'), ...compileCache, ...env },
        stdio: ['ignore', output, output], detached: true,
      });
      if (conductor.tokens.size > 0 || hellos > 0) await Promise.race([conductor.hello(hellos + 1), once(child, 'exit').then(([code]) => { throw new Error(`the agent ended with ${String(code)}: ${readFileSync(join(boot.paths.logs, 'agent.log'), 'utf8')}`); })]);
    },
    async signal(name) {
      const running = agent.child();
      if (running.exitCode !== null || running.signalCode !== null) return running.exitCode ?? running.signalCode;
      const ended = once(running, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
      running.kill(name);
      const [code, signal] = await ended;
      return code ?? signal;
    },
    async writeEnrol(token = randomBytes(16).toString('hex')) {
      conductor.tokens.add(token);
      await writeFile(join(boot.paths.agent, 'enrol.json'), JSON.stringify({ token, identityCa: ca.pem, enrolAddress: conductor.enrolAddress, conductorAddress: conductor.conductorAddress }));
      return token;
    },
    client(as = gateway) {
      const address = conductor.hellos.at(-1)?.address ?? '';
      const client = new GuestAgentClient(address, credentials.createSsl(Buffer.from(ca.pem), Buffer.from(as.key), Buffer.from(as.chain), { checkServerIdentity: () => undefined }), { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_retries': 0, 'grpc.ssl_target_name_override': 'agent' });
      clients.add(client);
      return client;
    },
    run(command, { operationId = nextOperation(), step = 'step', fence = {}, timeoutMs = 10_000, onProgress, as } = {}) {
      const request: RunRequest = { instanceId, operationId, step, fence: { generation: 1, epoch: 1, attempt: 1, ...fence }, timeoutMs, command };
      return runOn(agent.client(as), request, onProgress);
    },
    async prepare() {
      await agent.writeEnrol();
      await agent.start();
      for (const command of [initialise(), { $case: 'start', value: none }] as const) {
        const outcome = await agent.run(command);
        if (outcome.fault) throw new Error(JSON.stringify(outcome.fault));
      }
      await conductor.observed((seen) => seen.engine === 'ok');
    },
    enginePid: () => (JSON.parse(readFileSync(join(boot.paths.agent, 'state.json'), 'utf8')) as { engine: { pid: number } }).engine.pid,
    effects: () => { try { return readFileSync(join(boot.paths.logs, 'effects'), 'utf8').trim().split('\n'); } catch { return []; } },
    log: () => readFileSync(join(boot.paths.logs, 'agent.log'), 'utf8').split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>),
    async dispose() {
      for (const client of clients) client.close();
      if (child) await agent.signal('SIGKILL');
      await conductor.stop();
      const state = await readFile(join(boot.paths.agent, 'state.json'), 'utf8').catch(() => '{}');
      const { engine } = JSON.parse(state) as { engine?: { pid: number } | null };
      if (engine) killIfOurs(engine.pid, root);
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return agent;
}

export function runOn(client: GuestAgentClient, request: RunRequest, onProgress?: (progress: Progress) => void): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const call = client.run(request, new Metadata(), { deadline: Date.now() + 20_000 });
    let outcome: Outcome | undefined;
    call.on('data', ({ event }: RunResponse) => {
      if (event?.$case === 'progress') onProgress?.(event.value);
      if (event?.$case === 'outcome') outcome = event.value;
    });
    call.on('error', (error: ServiceError) => reject(error));
    call.on('end', () => (outcome ? resolve(outcome) : reject(new Error('no outcome'))));
  });
}

export const initialise = (sizing: Record<string, string> = {}): Command => ({ $case: 'initialise', value: { managementSecret: 'management-secret-0123456789', sizing, parameters: {}, configuration: '' } });
export const createDatabase = (...names: string[]): Command => ({ $case: 'createDatabases', value: { databases: names.map((name) => ({ name, options: [] })) } });

function bootFor(root: string, identityCa: string, conductor: TestConductor): AgentBoot {
  const [server] = globSync(join(enginesRoot, 'builds/redis-7*/usr/bin/redis-server'));
  if (!server) throw new Error(`No redis-server below ${enginesRoot}/builds`);
  const at = (name: string): string => join(root, name);
  return {
    version: 1, instanceId, datastore: 'tiny', track: '1', build: { id: 'tiny-7', version: '7.0.15', prefix: dirname(dirname(dirname(server))), bin: dirname(server) },
    flavor: { vcpus: 1, memoryMb: 256 }, volumeGb: 1, ports: { client: 21300 }, bind: '127.0.0.1', advertise: '127.0.0.1',
    isolation: 'shared', engineUid: null, agentUser: 'root', limitsUnenforced: null,
    paths: { root, agent: at('agent'), volume: at('volume'), config: at('config'), tls: at('tls'), run: at('run'), logs: at('logs') },
    trustDomain, identityCa, enrolAddress: conductor.enrolAddress, conductorAddress: conductor.conductorAddress,
  };
}

function killIfOurs(pid: number, root: string): void {
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(root) || readFileSync(`/proc/${pid}/environ`, 'latin1').includes(instanceId)) process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
