/** Constructs the gateway: the only place that knows implementations. Roles decide what is started. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../kernel/clock.ts';
import { CofferError } from '../kernel/errors.ts';
import { homePaths } from '../kernel/home.ts';
import type { Log } from '../kernel/log.ts';
import type { Settings } from '../kernel/settings.ts';
import { loadPluginsApart } from '../strategies/apart.ts';
import { type LoadedPlugin, packagesOf } from '../strategies/registry.ts';
import { createProcessCompute } from '../strategies/compute/process/index.ts';
import { createAgents } from './agents/agents.ts';
import { createConductor } from './agents/conductor.ts';
import { createGateways, type Gateways } from './agents/gateways.ts';
import { createIssueEnrolment } from './agents/issue-enrolment.ts';
import { createAccess, ensureAdminToken } from './domain/access/access.ts';
import { loadCatalogue, watchCatalogue } from './domain/catalogue/catalogue.ts';
import { seedCatalogue } from './domain/catalogue/seed.ts';
import type { DomainDeps } from './domain/deps.ts';
import { createDomain } from './domain/domain.ts';
import { createEventFeed } from './events/event-feed.ts';
import { createPruner, pruneDefaults, pruneEvents } from './events/prune.ts';
import { extendWithAdditions } from './graphql/additions.ts';
import { createApi } from './graphql/api.ts';
import { schema as coreSchema } from './graphql/schema.ts';
import { healthChecks } from './health.ts';
import { createHosts } from './hosts/hosts.ts';
import { createNewerBuilds } from './hosts/newer-builds.ts';
import { createMetrics } from './http/metrics.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import { instanceHooks } from './operation-hooks.ts';
import { createOperations } from './operations/operations.ts';
import { createWorker } from './operations/worker.ts';
import type { WorkflowDeps } from './operations/workflows/deps.ts';
import { createWorkflows } from './operations/workflows/workflows.ts';
import { createPki } from './pki/pki.ts';
import { createClientRunner } from './plugins/client-runner.ts';
import { createControlHost } from './plugins/control-host.ts';
import { createParameterCatalogues } from './plugins/parameters.ts';
import { createReconciler } from './reconcile/reconciler.ts';
import { watchRevocations } from './revocations.ts';
import { loadSecretKey } from './secret-key.ts';
import { ensureInstallation } from './store/installation.ts';
import { migrate } from './store/migrate.ts';
import { createMigrationCheck } from './store/migration-check.ts';
import { pruneIdempotencyKeys } from './store/prune-idempotency-keys.ts';
import { pruneOperations } from './store/prune-operations.ts';
import { createSealer } from './store/seal.ts';
import { createStore } from './store/store.ts';
import { observeOperations, readScrapeValues } from './telemetry.ts';

export interface Gateway {
  url: string;
  /** Resolves with the reason when a part that comes up beside the API did not: the process is of no use then. */
  failed: Promise<string>;
  stop(): Promise<void>;
}
export interface GatewayOptions { settings: Settings; storeUrl: string; adminTokenHash: string | null; release: string; log: Log }

const storeConnections = 10;
const workerConcurrency = 16;
/** Shorter in tests that kill workers by the hundred. */
const leaseMs = Number(process.env['COFFER_TEST_LEASE_MS'] ?? 3_000);
const inlineWaitMs = 10_000;
const gib = 1024 ** 3;

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { settings, log, release } = options;
  const has = (role: Settings['roles'][number]): boolean => settings.roles.includes(role);
  const paths = homePaths(settings.home);
  const gatewayId = `${settings.hostName}/${process.pid}-${randomBytes(4).toString('hex')}`;

  const store = createStore({ url: options.storeUrl, maxConnections: storeConnections, log, applicationName: 'coffer-gateway' });
  await migrate({ url: options.storeUrl, folder: migrationsFolder(), log });
  const sealer = createSealer(await loadSecretKey(settings.secretKey, paths.secretKey));
  const loaded = await loadPluginsApart(settings.plugins, { onFault: (origin, why) => log.warn({ origin }, `the control half of the plugin ${origin} ${why}: its thread begins anew`) });
  const { schema, plugins } = withAdditions(loaded);
  for (const p of plugins) if (p.state === 'DISABLED') log.warn({ plugin: p.name, origin: p.origin }, `the plugin ${p.name} is disabled: ${p.problem}`);
  const installation = await store.transaction(async (tx) => {
    const found = await ensureInstallation(tx);
    await seedCatalogue(tx, plugins);
    if (options.adminTokenHash) await ensureAdminToken(tx, options.adminTokenHash);
    return found;
  });
  const control = createControlHost((name) => plugins.flatMap((p) => (p.state === 'READY' && p.plugin.manifest.id === name ? [p.plugin.control] : []))[0]);
  const parameters = createParameterCatalogues(control, (datastore, track, problem) => {
    log.warn({ datastore, track }, `${datastore} ${track} has no CONFIGURATION: ${problem}`);
    void catalogue.reload().catch(() => {}); // now and then it is read anyway
  });
  const catalogue = await loadCatalogue(store, plugins, (datastore, track) => parameters.problemOf(datastore, track));
  const unwatchCatalogue = watchCatalogue(store, catalogue, log);
  const metrics = createMetrics();

  const pki = createPki({ store, sealer, log, gatewayId, settings: { leafTtlMs: settings.leafTtlHours * 3_600_000 } });
  const agents = createAgents({ store, pki, log });
  const strategy = createProcessCompute({ socketPath: paths.computeSocket });
  const hosts = createHosts({ store, strategy, log });
  // What a host offers is part of the catalogue.
  hosts.onTargets(() => void catalogue.reload().catch(() => {}));
  const newerBuilds = createNewerBuilds({ store, compute: (hostId) => hosts.compute(hostId) });
  let gateways: Gateways | undefined;
  const conductors = (): Gateways => { if (!gateways) throw new CofferError('STORE.UNAVAILABLE', 'the gateway is still starting'); return gateways; };

  const enginePorts = { from: settings.enginePorts.first, to: settings.enginePorts.last };
  const reserve = { memoryMb: settings.memoryReserveMb, diskBytes: settings.diskReserveGb * gib };
  const workflowDeps: WorkflowDeps = {
    store, sealer, catalogue, control, agents, parameters, operations: () => operations, compute: (hostId) => hosts.compute(hostId), newerBuilds, client: createClientRunner({ ...clientProgram(), packagesOf: (datastore) => packagesOf(plugins, datastore) }),
    issueEnrolment: (tx, instanceId) => createIssueEnrolment({ pki, gateways: conductors() })(tx, instanceId),
    async revokeIdentity(tx, instanceId) { await pki.revoke(tx, { subjectId: instanceId }); },
    enginePorts, engineBind: settings.engineBind, engineAdvertise: settings.engineAdvertise, reserve, log,
  };
  const workflows = createWorkflows(workflowDeps);

  const operations: ReturnType<typeof createOperations> = createOperations({ store, sealer, workflows, hooks: instanceHooks, log });
  const worker = createWorker({
    store, sealer, workflows, hooks: instanceHooks, generation: installation.generation, gatewayId, concurrency: workerConcurrency, leaseMs,
    targets: () => hosts.targets(), log, observer: observeOperations(metrics),
  });
  const feed = createEventFeed({ store, generation: installation.generation, log });
  const access = createAccess(store);
  const domainDeps: DomainDeps = { store, sealer, operations, catalogue, control, parameters, agents, enginePorts, reserve, inlineWaitMs, log };
  const domain = createDomain({ ...domainDeps, access, version: release, generation: installation.generation, listBuilds: () => hosts.listBuilds() });
  readScrapeValues(metrics, { store, feed });

  // what agents need comes up beside the API: the first answer must not wait for it
  const background = { state: 'starting' as 'starting' | 'up' | { failed: string } };
  const conductor = createConductor({
    store, pki, gateways: conductors, log, gatewayId, release, capabilitiesOf: (name) => catalogue.manifest(name)?.capabilities,
    settings: { bind: settings.conductorHost, conductorPort: settings.conductorPort, enrolPort: settings.enrolPort, advertiseHost: settings.conductorAdvertise },
  });
  const pruner = has('worker') ? createPruner({ store, log, tasks: [(s) => pruneEvents(s), (s) => pruneIdempotencyKeys(s), (s) => pruneOperations(s, pruneDefaults.keepDays)] }) : null;
  let reconciler: ReturnType<typeof createReconciler> | undefined;
  const startBackground = async (): Promise<void> => {
    await pki.open();
    const addresses = has('conductor') ? await conductor.start() : { address: '', enrolAddress: '' };
    gateways = createGateways({ store, clock: systemClock, self: { id: gatewayId, roles: settings.roles, ...addresses } });
    await gateways.beat();
    if (has('worker')) {
      await hosts.beat();
      hosts.start();
      worker.start();
    }
    reconciler = createReconciler({
      store, pki, gateways, issueEnrolment: workflowDeps.issueEnrolment, isWorker: has('worker'), domain: domainDeps, newerBuilds, refreshEnginesHours: settings.engineRefreshHours, log,
      hostIds: () => hosts.targets(), computeFor: (hostId) => (hosts.targets().includes(hostId) ? strategy : undefined),
    });
    reconciler.start();
    background.state = 'up';
  };

  // Ahead of who asks; what is wrong is told as a problem of the version.
  for (const { datastore, track } of configurable(plugins)) parameters.parametersOf(datastore, track).catch(() => {});

  let http: HttpServer | undefined;
  let unwatch: (() => void) | undefined;
  if (has('api')) {
    await feed.start();
    const api = createApi({ domain, schema, feed, log, serverVersion: release, limits: settings.limits });
    http = await createHttpServer({
      host: settings.host, port: settings.port, trustedProxies: settings.trustedProxies, api, access, metrics, log,
      health: healthChecks({ store, feed, migrationProblem: await createMigrationCheck(store, migrationsFolder()), background: () => background.state }),
    });
    unwatch = watchRevocations(feed, (tokenId) => { access.forget(tokenId); http?.onTokenRevoked(tokenId); }, log);
  }
  const failure = Promise.withResolvers<string>();
  const started = startBackground().catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    background.state = { failed: message };
    log.error({ err: message }, `the gateway could not start completely: ${message}`);
    failure.resolve(message);
  });

  return {
    url: http?.url ?? '',
    failed: failure.promise,
    async stop() {
      unwatch?.();
      unwatchCatalogue();
      await http?.close();
      await started;
      await worker.stop();
      await reconciler?.stop();
      hosts.stop();
      await pruner?.close();
      await conductor.stop();
      await gateways?.leave().catch(() => {});
      agents.close();
      strategy.close();
      pki.close();
      operations.close();
      await feed.close();
      await store.close();
    },
  };
}

/** Beside the bundle in a runtime, in the checkout during development. */
/** A plugin whose additions to the API do not fit is disabled as one whose manifest does not. */
function withAdditions(loaded: readonly LoadedPlugin[]): { schema: typeof coreSchema; plugins: LoadedPlugin[] } {
  const { schema, refused } = extendWithAdditions(coreSchema, loaded.flatMap((one) => (one.state === 'READY' ? [one.plugin.manifest] : [])));
  const plugins = loaded.map((one): LoadedPlugin => {
    const problem = one.state === 'READY' ? refused.get(one.plugin.manifest.id) : undefined;
    return problem === undefined ? one : { state: 'DISABLED', name: one.name, origin: one.origin, problem };
  });
  return { schema, plugins };
}

const configurable = (plugins: readonly LoadedPlugin[]): { datastore: string; track: string }[] =>
  plugins.flatMap((p) => (p.state === 'READY' && p.plugin.manifest.capabilities.includes('CONFIGURATION') ? p.plugin.manifest.tracks.map(({ name }) => ({ datastore: p.plugin.manifest.id, track: name })) : []));

function migrationsFolder(): string {
  const here = import.meta.dirname;
  const candidates = [join(here, 'migrations'), join(here, '../migrations'), join(here, '../prisma/migrations')];
  return candidates.find((folder) => existsSync(folder)) ?? candidates[2]!;
}
function clientProgram(): { node: string; entry: string } {
  const here = import.meta.dirname;
  const candidates = [join(here, 'client-host.mjs'), join(here, '../client-host.mjs'), join(here, '../strategies/client-host.ts')];
  return { node: process.execPath, entry: candidates.find((path) => existsSync(path)) ?? candidates[2]! };
}
