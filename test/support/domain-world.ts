/**
 * The use cases over a real store, with the workflows of the release. Nobody is at the other end: agents and hosts are
 * told what to answer, which is what a test of acceptance, cancel and retry needs. Whole systems are in e2e and fault.
 */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Agents, RunRequest } from '../../gateway/agents/agents.ts';
import { createAccess } from '../../gateway/domain/access/access.ts';
import type { Caller, Role } from '../../gateway/domain/api.ts';
import { loadCatalogue } from '../../gateway/domain/catalogue/catalogue.ts';
import { seedCatalogue } from '../../gateway/domain/catalogue/seed.ts';
import { createDomain } from '../../gateway/domain/domain.ts';
import { createNewerBuilds } from '../../gateway/hosts/newer-builds.ts';
import { instanceHooks } from '../../gateway/operation-hooks.ts';
import { createOperations } from '../../gateway/operations/operations.ts';
import { createWorker, type Worker } from '../../gateway/operations/worker.ts';
import type { WorkflowDeps } from '../../gateway/operations/workflows/deps.ts';
import { createWorkflows } from '../../gateway/operations/workflows/workflows.ts';
import type { ClientRunner } from '../../gateway/plugins/client-runner.ts';
import { createControlHost } from '../../gateway/plugins/control-host.ts';
import { createSealer } from '../../gateway/store/seal.ts';
import { newId } from '../../kernel/ids.ts';
import { silentLog } from '../../kernel/log.ts';
import { loadPlugins } from '../../strategies/registry.ts';
import type { ComputeStrategy, ListedBuild } from '../../strategies/spi/compute.ts';
import { testParameters } from './test-parameters.ts';
import { startTestPostgres, type TestPostgres } from './postgres.ts';
import { createTestStore } from './store.ts';

export type DomainWorld = Awaited<ReturnType<typeof startDomainWorld>>;
const enginePorts = { from: 30_000, to: 30_009 };
const absent = (what: string): never => new Proxy({}, { get: (_target, name) => () => { throw new Error(`there is no ${what}.${String(name)} in this test`); } }) as never;

/** Each test of a file has a world of its own, which it is given here; the server is the file's. */
export function useDomainWorld(give: (world: DomainWorld) => unknown): void {
  let server: TestPostgres;
  let world: DomainWorld;
  beforeAll(async () => { server = await startTestPostgres(); });
  afterAll(() => server.stop());
  beforeEach(async () => {
    world = await startDomainWorld(server);
    await give(world);
  });
  afterEach(() => world.close());
}

export async function startDomainWorld(postgres: TestPostgres) {
  const { url, store, installation } = await createTestStore(postgres);
  const plugins = await loadPlugins();
  await store.transaction((tx) => seedCatalogue(tx, plugins));
  const catalogue = await loadCatalogue(store, plugins);
  const sealer = createSealer(Buffer.alloc(32, 7));
  const control = createControlHost((name) => plugins.flatMap((one) => (one.state === 'READY' && one.name === name ? [one.plugin.control] : []))[0]);
  const reserve = { memoryMb: 0, diskBytes: 0 };
  /** what the agent does with a command, and what is seen at the engine's door; a test sets it */
  const script: Pick<Agents, 'run' | 'readParameters' | 'probe'> & { compute: Partial<ComputeStrategy>; client: Pick<ClientRunner, 'verifyRefusal'> } =
    { run: async () => { throw new Error('no agent'); }, readParameters: async () => { throw new Error('no agent'); }, probe: async () => { throw new Error('no agent'); }, compute: {}, client: absent('client') };
  const commands: string[] = [];
  const agents = {
    run: (id: string, request: RunRequest, more: Parameters<Agents['run']>[2]) => { commands.push(`${request.step}:${request.command?.$case ?? ''}`); return script.run(id, request, more); },
    readParameters: (...asked: Parameters<Agents['readParameters']>) => script.readParameters(...asked),
    probe: (...asked: Parameters<Agents['probe']>) => script.probe(...asked),
    waitForAgent: async () => ({}),
    // what it was at has ended
    cancel: async () => {},
  } as unknown as Agents;
  const newerBuilds = createNewerBuilds({ store, compute: () => script.compute as ComputeStrategy });
  const workflowDeps: WorkflowDeps = {
    store, sealer, catalogue, control, agents, parameters: testParameters, operations: () => operations, compute: () => script.compute as ComputeStrategy, newerBuilds, client: { verify: (absent('client') as ClientRunner).verify, verifyRefusal: (...asked) => script.client.verifyRefusal(...asked) }, issueEnrolment: async () => absent('enrolment'), revokeIdentity: async () => {},
    enginePorts, engineBind: '127.0.0.1', engineAdvertise: '127.0.0.1', reserve, log: silentLog,
  };
  const workflows = createWorkflows(workflowDeps);
  const operations: ReturnType<typeof createOperations> = createOperations({ store, sealer, workflows, hooks: instanceHooks, log: silentLog });
  const access = createAccess(store);
  const deps = {
    store, sealer, operations, catalogue, control, agents, parameters: testParameters, enginePorts, reserve, inlineWaitMs: 50, log: silentLog, access, version: '0.1.0',
    generation: installation.generation, listBuilds: async (): Promise<ListedBuild[]> => [],
  };
  const domain = createDomain(deps);
  const hostId = newId('Host');
  const facts = {
    name: 'h', region: 'local', zone: 'local', memoryTotalMb: 2_048, memoryAvailableMb: 2_048, diskTotalBytes: 1e12, diskFreeBytes: 1e12, vcpus: 2, isolation: 'users', limitsEnforced: true, runtimeHash: 'x',
  };
  await store.query(`insert into host (id, name, region, zone, facts) values ($1, 'h', 'local', 'local', $2)`, [hostId, JSON.stringify(facts)]);
  const [{ id: projectId } = { id: '' }] = await store.query<{ id: string }>('select id from project');
  const workers: Worker[] = [];

  return {
    url, store, deps, domain, operations, catalogue, newerBuilds, projectId, hostId, script, commands,
    caller: (role: Role, requestId = 'req', project: string = projectId): Caller =>
      ({ tokenId: 't', tokenName: role, role, projectId: role === 'OPERATOR' ? null : project, actor: `token:${role}`, clientAddress: '10.0.0.9', requestId, expiresAt: null }),
    /** A second host, last seen so long ago. */
    async addHost(name: string, silentMs = 0): Promise<string> {
      const id = newId('Host');
      await store.query(`insert into host (id, name, region, zone, facts, seen_at) values ($1, $2, 'local', 'local', $3, now() - make_interval(secs => $4::float8 / 1000))`, [id, name, JSON.stringify({ ...facts, name }), silentMs]);
      return id;
    },
    async addProject(name: string): Promise<string> {
      const id = newId('Project');
      await store.query('insert into project (id, name) values ($1, $2)', [id, name]);
      return id;
    },
    /** As a finished create leaves one. */
    async addInstance(name: string, change: Record<string, unknown> = {}): Promise<string> {
      const id = newId('Instance');
      const version = catalogue.versions({ role: 'OPERATOR', projectId: null }, catalogue.datastore('postgresql')!.id, false)[0]!;
      const row: Record<string, unknown> = {
        id, project_id: projectId, name, datastore: 'postgresql', track: version.name, version_id: version.id, flavor_id: catalogue.flavors()[0]!.id, volume_gb: 1, volume_type: 'directory', host_id: hostId,
        region: 'local', zone: 'local', intent: 'RUNNING', status: 'ACTIVE', prepared: true, management_secret: Buffer.alloc(1), build_id: 'b', agent_connected: true, agent_seen_at: new Date(),
        observation: JSON.stringify({ prepared: true, engine: 'ok', isolation: 'users', limitsUnenforced: null, logTail: [], volumeUsedBytes: null, managementLost: false }), ...change,
      };
      const names = Object.keys(row);
      await store.query(`insert into instance (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})`, Object.values(row));
      return id;
    },
    async instance(id: string): Promise<Record<string, any>> { return (await store.query<Record<string, any>>('select * from instance where id = $1', [id]))[0]!; },
    /** type and phase of what a request left behind, without the news that subscribers get */
    async framesOf(requestId: string): Promise<string[]> {
      const rows = await store.query<{ type: string; phase: string; actor: string; client_address: string }>(`select type, phase, actor, client_address from event where request_id = $1 and phase in ('START', 'END', 'ERROR') order by id`, [requestId]);
      return rows.map((row) => [row.type, row.phase, row.actor, row.client_address].join(' '));
    },
    /** of the host that this world begins with, unless others are named */
    startWorker(targets: readonly string[] = [hostId]): void {
      const worker = createWorker({ store, sealer, workflows, hooks: instanceHooks, generation: installation.generation, gatewayId: `w${workers.length}`, concurrency: 8, leaseMs: 5_000, targets: () => targets, log: silentLog });
      workers.push(worker);
      worker.start();
    },
    stopWorkers: async (): Promise<void> => { await Promise.all(workers.splice(0).map((worker) => worker.stop())); },
    async close(): Promise<void> {
      await Promise.all(workers.map((worker) => worker.stop()));
      operations.close();
      await store.close();
    },
  };
}
