/** The conductor and the gateway's client with the real agent, which keeps a real engine. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AgentBoot, AgentEnrol } from '../../../kernel/guest-record.ts';
import { silentLog } from '../../../kernel/log.ts';
import type { ComputeStrategy, Enrolment } from '../../../strategies/spi/compute.ts';
import { releaseVersion } from '../../../kernel/release.ts';
import type { Command } from '../../../gateway/agents/commands.ts';
import { changeInstance } from '../../../gateway/domain/instance/change.ts';
import type { WorkflowDeps } from '../../../gateway/operations/workflows/deps.ts';
import { lifecycleWorkflows } from '../../../gateway/operations/workflows/lifecycle.ts';
import type { PkiSettings } from '../../../gateway/pki/settings.ts';
import { createReconciler } from '../../../gateway/reconcile/reconciler.ts';
import type { PgStore } from '../../../gateway/store/store.ts';
import redis from '../../../strategies/datastores/redis/index.ts';
import { compileCache } from '../../support/compile-cache.ts';
import { freePort } from '../../support/free-ports.ts';
import { engineBuild } from '../../../kit/harness/engine-builds.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { createTestStore } from '../../support/store.ts';
import { eventsOf, insertInstance, instanceRow, movableClock, startGateway, waitForEvent, type MovableClock, type TestGateway } from './harness.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
let server: TestPostgres;
let store: PgStore;
let gateway: TestGateway;
let clock: MovableClock;
let root: string;
let id: string;
let agent: ChildProcess | undefined;

beforeAll(async () => { server = await startTestPostgres(); });
afterAll(() => server.stop());
beforeEach(async () => {
  store = (await createTestStore(server)).store;
  clock = movableClock();
  // Short, because the engine's sockets lie below it.
  root = await mkdtemp('/tmp/coffer-ra-');
});
afterEach(async () => {
  for (const kill of [() => agent?.kill('SIGKILL'), killEngine]) kill();
  await gateway.stop();
  await store.close();
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
});

const openGateway = async (pki: Partial<PkiSettings> = {}): Promise<TestGateway> =>
  (gateway = await startGateway({ store, clock, pki, release: releaseVersion(), capabilities: { redis: redis.manifest.capabilities } }));
const enginePid = (): number | null => {
  try {
    return (JSON.parse(readFileSync(join(root, 'agent/state.json'), 'utf8')) as { engine: { pid: number } | null }).engine?.pid ?? null;
  } catch {
    return null;
  }
};
function killEngine(): void {
  const pid = enginePid();
  try {
    if (pid !== null) process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
const is = (status: string, reason?: string) => ({ doc }: { doc: { status: string; conditions: { reason: string }[] } }): boolean =>
  doc.status === status && (reason === undefined || doc.conditions.some((c) => c.reason === reason));
const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const run = (command: Command) => gateway.agents.run(id, { operationId: `op_${command.$case}`, step: command.$case, fence: { generation: 1, epoch: 1, attempt: 1 }, timeoutMs: 20_000, command }, { signal: signal() });

async function writeEnrol(enrolment: Enrolment): Promise<void> {
  const order: AgentEnrol = { token: enrolment.token, identityCa: enrolment.identityCa, enrolAddress: enrolment.enrolAddress, conductorAddress: enrolment.conductorAddress };
  await writeFile(join(root, 'agent/enrol.json.new'), JSON.stringify(order), { mode: 0o600 });
  renameSync(join(root, 'agent/enrol.json.new'), join(root, 'agent/enrol.json'));
}
function startAgent(): void {
  const output = openSync(join(root, 'logs/agent.log'), 'a', 0o600);
  agent = spawn(process.execPath, [join(repository, 'agent/main.ts'), root], { env: { PATH: process.env['PATH'], COFFER_INSTANCE: id, ...compileCache }, stdio: ['ignore', output, output], detached: true });
  closeSync(output);
}
/** What compute and a create do together: folders, token, agent, data, engine. */
async function build(): Promise<void> {
  const engine = await engineBuild(redis, '7');
  id = await insertInstance(store, { datastore: 'redis', track: '7', build_id: engine.id, prepared: false, status: 'BUILDING', task: JSON.stringify({ id: 'op_create', kind: 'instance.create' }) });
  const at = (name: string): string => join(root, name);
  const enrolment = await store.transaction((tx) => gateway.issueEnrolment(tx, id));
  const boot: AgentBoot = {
    version: 1, instanceId: id, datastore: 'redis', track: '7', build: { id: engine.id, version: engine.version, prefix: engine.prefix, bin: engine.binDir }, flavor: { vcpus: 1, memoryMb: 256 },
    volumeGb: 1, ports: { redis: await freePort() }, bind: '127.0.0.1', advertise: '127.0.0.1', isolation: 'shared', engineUid: null, agentUser: 'root', limitsUnenforced: 'a test',
    paths: { root, agent: at('agent'), volume: at('volume'), config: at('config'), tls: at('tls'), run: at('run'), logs: at('logs') },
    trustDomain: enrolment.trustDomain, identityCa: enrolment.identityCa, enrolAddress: enrolment.enrolAddress, conductorAddress: enrolment.conductorAddress,
  };
  for (const path of Object.values(boot.paths)) mkdirSync(path, { recursive: true, mode: 0o700 });
  await writeFile(at('agent/boot.json'), JSON.stringify(boot), { mode: 0o600 });
  await writeEnrol(enrolment);
  startAgent();
  await gateway.agents.waitForAgent(id, signal());
  await run({ $case: 'initialise', value: { managementSecret: 'management-secret-0123456789', sizing: await redis.control.size({ track: '7', flavor: boot.flavor, volumeGb: 1 }), parameters: {}, configuration: '' } });
  await run({ $case: 'start', value: {} });
  await store.transaction((tx) => changeInstance(tx, id, { task: null, prepared: true }, { actor: 'system' }));
  expect(await instanceRow(store, id)).toMatchObject({ status: 'ACTIVE' });
}

describe('with the real agent', () => {
  it('an instance is built, told as BUILDING until then, and calls reach its engine', async () => {
    await openGateway();
    await build();
    const statuses = (await eventsOf(store, id)).map((e) => e.doc.status);
    expect(statuses.slice(0, statuses.indexOf('ACTIVE')).every((status) => status === 'BUILDING')).toBe(true);
    expect(await gateway.agents.probe(id, { signal: signal() })).toMatchObject({ state: 'ok' });
    expect(await gateway.agents.listUsers(id, { signal: signal() })).toEqual([]);
    expect(await gateway.agents.getRoot(id, { signal: signal() })).toEqual({ enabled: false });
    expect((await instanceRow(store, id)).conditions.map((c) => c.type)).toEqual(['IsolationShared', 'LimitsUnenforced']);
    expect((await instanceRow(store, id)).engine_ca).toBe(gateway.pki.bundle('engine'));
    // The outcome is on record: the same step again changes nothing.
    expect(await run({ $case: 'start', value: {} })).toMatchObject({ replayed: true });
    await expect(gateway.agents.run(id, { operationId: 'op_old', step: 'x', fence: { generation: 1, epoch: 0, attempt: 9 }, timeoutMs: 5_000, command: { $case: 'restart', value: {} } }, { signal: signal() })).rejects.toMatchObject({ code: 'AGENT.FENCED' });
  });

  it('a killed engine is told within half a second, and told as well again when it runs', async () => {
    await openGateway();
    await build();
    const before = (await eventsOf(store, id)).length;
    const killedAt = Date.now();
    process.kill(enginePid()!, 'SIGKILL');
    await waitForEvent(store, id, is('UNHEALTHY'));
    const toldAfterMs = Date.now() - killedAt;
    await expect.poll(async () => (await instanceRow(store, id)).status, { timeout: 10_000 }).toBe('ACTIVE');
    expect((await eventsOf(store, id)).length).toBeGreaterThan(before + 1);
    expect(toldAfterMs).toBeLessThan(500);
  });

  it('a killed agent is UNKNOWN while it is away; the engine runs on and is found again', async () => {
    await openGateway();
    await build();
    const engine = enginePid();
    agent!.kill('SIGKILL');
    await waitForEvent(store, id, is('UNKNOWN', 'Disconnected'));
    startAgent();
    await expect.poll(async () => (await instanceRow(store, id)).status, { timeout: 10_000 }).toBe('ACTIVE');
    expect(enginePid()).toBe(engine);
  });

  it('an agent that slept through its expiry is enrolled again by its host', async () => {
    await openGateway({ leafTtlMs: 6_000, clockSkewMs: 0 });
    const upkeep = setInterval(() => void gateway.pki.maintain(), 500);
    try {
      await build();
      // Renewals and new connections in the meantime disturb nobody.
      await new Promise((resolve) => setTimeout(resolve, 7_000));
      expect(await instanceRow(store, id)).toMatchObject({ status: 'ACTIVE' });
      agent!.kill('SIGSTOP');
      await waitForEvent(store, id, is('UNKNOWN', 'Disconnected'), 15_000);
      await new Promise((resolve) => setTimeout(resolve, 7_000));
      agent!.kill('SIGCONT');
      const compute = {
        inspect: () => Promise.resolve({ state: 'running', agentPid: agent!.pid, enginePids: [], isolation: 'shared', limitsUnenforced: null }),
        reenrol: (_id: string, enrolment: Enrolment) => writeEnrol(enrolment),
      } as unknown as ComputeStrategy;
      const reconciler = createReconciler({ store, pki: gateway.pki, gateways: gateway.gateways, issueEnrolment: gateway.issueEnrolment, hostIds: () => ['host_1'], computeFor: () => compute, isWorker: true, log: silentLog, clock: { now: () => clock.now() + 31_000 } });
      await gateway.gateways.beat();
      expect(await reconciler.run('recover-agents')).toBe(1);
      await expect.poll(async () => (await instanceRow(store, id)).status, { timeout: 10_000 }).toBe('ACTIVE');
    } finally {
      clearInterval(upkeep);
    }
  }, 60_000);

  it('is at nothing of a cancelled operation any more once that is undone, and its engine is seen as before', async () => {
    await openGateway();
    await build();
    const commandsOf = (message: string): unknown[] => readFileSync(join(root, 'logs/agent.log'), 'utf8').split('\n').filter((line) => line.includes('"op_called_off"') && line.includes(`"${message}"`));
    const workflows = lifecycleWorkflows({ store, agents: gateway.agents, catalogue: { manifest: () => redis.manifest } } as unknown as WorkflowDeps);
    const restart = workflows.find(({ kind }) => kind === 'instance.restart')!.steps.find(({ name }) => name === 'restart')!;
    const calledOff = new AbortController();
    const context = { operation: { id: 'op_called_off' }, input: { instanceId: id, datastore: 'redis', intentBefore: 'RUNNING' }, fence: { generation: 1, epoch: 2, attempt: 1 }, progress: () => {} };
    // It waits for the end of an engine that does not hear.
    const former = enginePid()!;
    process.kill(former, 'SIGSTOP');
    const running = restart.run({ ...context, signal: calledOff.signal, endingAs: null } as never);
    await expect.poll(() => commandsOf('command accepted').length).toBe(1);
    calledOff.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
    expect(commandsOf('command ended')).toEqual([]);
    const undone = restart.compensate!({ ...context, signal: signal(), endingAs: 'CANCELLED' } as never);
    await expect.poll(() => commandsOf('command failed').join(), { timeout: 10_000 }).toContain('CANCELLED');
    process.kill(former, 'SIGCONT');
    await undone;
    expect(commandsOf('command ended').length).toBe(2);
    expect(enginePid()).not.toBe(former);
    expect((await instanceRow(store, id)).observation).toMatchObject({ engine: 'ok', afterCommand: 'op_called_off/undo-start', crashes: 0 });
  });

  it('a gateway that goes and comes again changes nothing for the engine', async () => {
    await openGateway();
    await build();
    const [engine, former] = [enginePid(), gateway];
    await former.stop();
    // At other ports: the agent learned of it from the former one's Welcome only if it was there; here it is told by its host.
    await openGateway();
    await writeEnrol(await store.transaction((tx) => gateway.issueEnrolment(tx, id)));
    await expect.poll(async () => (await instanceRow(store, id)).agent_gateway, { timeout: 10_000 }).toBe(gateway.id);
    await expect.poll(async () => (await instanceRow(store, id)).status, { timeout: 10_000 }).toBe('ACTIVE');
    expect(enginePid()).toBe(engine);
  });
});
