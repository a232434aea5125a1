/**
 * The process behind the harness: one guest half with the agent's own grip on the engine, and nothing else of an agent.
 * It may be killed at any moment; whoever comes next finds the engine by the record on disk.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answerJson } from '../../agent/commands/plugin-handlers.ts';
import { createEngineHandle } from '../../agent/supervisor/engine-handle.ts';
import { createEngineProcess } from '../../agent/supervisor/engine-process.ts';
import { decideLeftovers } from '../../agent/supervisor/leftovers.ts';
import { listProcesses, statOf } from '../../agent/supervisor/proc.ts';
import { isGone } from '../../kernel/process-stat.ts';
import type { AgentState, EngineRecord, StateKeeper } from '../../agent/state/agent-state.ts';
import { initialState } from '../../agent/state/agent-state.ts';
import type { AgentBoot } from '../../kernel/guest-record.ts';
import { silentLog } from '../../kernel/log.ts';
import type { DatastorePlugin } from '../../strategies/spi/datastore.ts';
import { type EngineHandle, type EngineSpec, type GuestContext, GuestFault, type ToolSpec } from '../../strategies/spi/guest.ts';

export interface GuestSetup { pluginUrl: string; boot: AgentBoot; managementSecret: string }
export interface CallRequest {
  id: number; method: string; args: unknown[]; operationId: string; timeoutMs: number;
  flavor: { vcpus: number; memoryMb: number }; sizing: Record<string, string>; parameters: Record<string, string>;
  /** SIGKILL to ourselves shortly after the n-th use of the handle began */
  dieAtHandleCall: number | null;
  /** must not be seen in the arguments of any process */
  secrets: string[];
}
export type CallAnswer = { id: number; handleCalls: number } & ({ ok: true; result: unknown } | { ok: false; code: string | null; message: string; stack: string });

/** More than anybody reads: each is a message to the gateway. */
const mostProgress = 1_000;
/** Long enough for the use to have begun, short enough to be in its middle. */
const dieAfterMs = 10;

const setup = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as GuestSetup;
const { boot } = setup;
const recordPath = join(boot.paths.agent, 'engine.json');

const state = createState();
const engine = createEngineProcess(boot, Date.now);
const known = state.current().engine;
if (known) engine.adopt(known);
const plugin = ((await import(setup.pluginUrl)) as { default: DatastorePlugin }).default;
const guest = await plugin.guest();

process.on('message', (request: CallRequest) => void answer(request));
// The test run itself died: nothing of it outlives it.
process.on('disconnect', () => void killOwnLeftovers().finally(() => {
  rmSync(boot.paths.root, { recursive: true, force: true });
  process.exit(0);
}));
process.send?.('ready');

async function answer(request: CallRequest): Promise<void> {
  let handleCalls = 0;
  const onUse = (): void => {
    if (++handleCalls === request.dieAtHandleCall) setTimeout(() => process.kill(process.pid, 'SIGKILL'), dieAfterMs);
  };
  const broken = new Set<string>();
  const reply = await invoke(request, onUse, (rule) => void broken.add(rule))
    .then((result) => {
      if (broken.size > 0) throw new Error([...broken].join('; '));
      return { ok: true as const, result: result ?? null };
    })
    .catch((error: Error) => ({ ok: false as const, code: error instanceof GuestFault ? error.code : null, message: error.message, stack: error.stack ?? '' }));
  process.send?.({ id: request.id, handleCalls, ...reply } satisfies CallAnswer);
}

async function invoke(request: CallRequest, onUse: () => void, onBroken: (rule: string) => void): Promise<unknown> {
  const signal = AbortSignal.timeout(request.timeoutMs);
  const context = contextOf(request, signal, onUse, onBroken);
  const groups = request.method.split('.');
  const name = groups.pop()!;
  const owner = groups.reduce<Record<string, unknown> | undefined>((found, group) => found?.[group] as Record<string, unknown> | undefined, guest as unknown as Record<string, unknown>);
  const method = owner?.[name] as ((...args: unknown[]) => Promise<unknown>) | undefined;
  if (!method) throw new Error(`the guest half has no ${request.method}`);
  const result = await method.call(owner, context, ...request.args);
  // As the agent sends it: what does not become JSON, or too much of it, fails here too.
  return request.method.startsWith('graphql.fields.') ? (JSON.parse(answerJson(name, result)) as unknown) : result;
}

function contextOf(request: CallRequest, signal: AbortSignal, onUse: () => void, onBroken: (rule: string) => void): GuestContext {
  const { paths } = boot;
  let told = 0;
  const progress = (): void => { if (++told > mostProgress) onBroken(`${request.method} tells progress without end: more than ${mostProgress} times in one call`); };
  const secrets = [...request.secrets, setup.managementSecret];
  const watched = (spec: ToolSpec | EngineSpec): void => {
    if (secrets.some((secret) => spec.args.some((text) => text.includes(secret)))) onBroken(`${request.method} puts a secret among the arguments of ${spec.command}: everybody on the machine can read it`);
  };
  return {
    instanceId: boot.instanceId, track: boot.track, version: boot.build.version, flavor: request.flavor, volumeGb: boot.volumeGb,
    paths: { data: join(paths.volume, 'data'), config: paths.config, run: paths.run, logs: paths.logs, tls: paths.tls, prefix: boot.build.prefix, bin: boot.build.bin },
    tls: { certificate: join(paths.tls, 'server.crt'), key: join(paths.tls, 'server.key'), ca: join(paths.tls, 'ca.crt') },
    network: { bind: boot.bind, advertise: boot.advertise, ports: boot.ports },
    sizing: request.sizing, parameters: request.parameters, managementSecret: setup.managementSecret, agentUser: boot.agentUser, isolated: boot.isolation === 'users',
    engine: counted(createEngineHandle({ boot, engine, state, signal }), onUse, watched),
    log: silentLog, signal, deadline: new Date(Date.now() + request.timeoutMs), operationId: request.operationId, progress,
  };
}

function counted(handle: EngineHandle, onUse: () => void, watched: (spec: ToolSpec | EngineSpec) => void): EngineHandle {
  const used = <A extends unknown[], R>(method: (...args: A) => R) => (...args: A): R => {
    const result = method(...args);
    onUse();
    return result;
  };
  return {
    start: used((spec) => (watched(spec), handle.start(spec))), signal: used(handle.signal), run: used((spec) => (watched(spec), handle.run(spec))), own: used(handle.own), logTail: used(handle.logTail),
    killLeftovers: used(killOwnLeftovers), exited: handle.exited, pid: handle.pid,
  };
}

/** Unlike the agent's with a user of its own: the engine's user of a test is shared with other tests of this machine. */
async function killOwnLeftovers(): Promise<void> {
  const { paths } = boot;
  const subject = { instanceId: boot.instanceId, folders: [paths.volume, paths.config, paths.run, paths.logs], programs: boot.build.bin, uid: boot.engineUid ?? process.getuid?.() ?? -1, self: process.pid };
  const pids = decideLeftovers(await listProcesses(), subject);
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  while (pids.some((pid) => !isGone(statOf(pid)))) await new Promise((resolve) => setTimeout(resolve, 5));
}

function createState(): StateKeeper {
  const engineRecord = existsSync(recordPath) ? (JSON.parse(readFileSync(recordPath, 'utf8')) as EngineRecord | null) : null;
  let current: AgentState = { ...initialState, engine: engineRecord };
  return {
    current: () => current,
    async update(change) {
      current = { ...current, ...change };
      await writeFile(`${recordPath}.new`, JSON.stringify(current.engine));
      await rename(`${recordPath}.new`, recordPath);
    },
  };
}
