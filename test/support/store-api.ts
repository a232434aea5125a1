/**
 * The API over the real domain, feed and store, without workers, agents and hosts: rows are put where operations would
 * have made them. Statements are counted.
 */
import { createAccess, hashToken } from '../../gateway/domain/access/access.ts';
import type { Caller, Role } from '../../gateway/domain/api.ts';
import { loadCatalogue } from '../../gateway/domain/catalogue/catalogue.ts';
import { seedCatalogue } from '../../gateway/domain/catalogue/seed.ts';
import { createDomain } from '../../gateway/domain/domain.ts';
import { createEventFeed } from '../../gateway/events/event-feed.ts';
import { createApi } from '../../gateway/graphql/api.ts';
import type { Limits } from '../../gateway/graphql/limits.ts';
import { createMetrics } from '../../gateway/http/metrics.ts';
import { createHttpServer } from '../../gateway/http/server.ts';
import { instanceHooks } from '../../gateway/operation-hooks.ts';
import { createOperations } from '../../gateway/operations/operations.ts';
import { createControlHost } from '../../gateway/plugins/control-host.ts';
import { createSealer } from '../../gateway/store/seal.ts';
import type { Store } from '../../gateway/store/tx.ts';
import { newId } from '../../kernel/ids.ts';
import { silentLog } from '../../kernel/log.ts';
import { loadPlugins } from '../../strategies/registry.ts';
import { testParameters } from './test-parameters.ts';
import type { TestPostgres } from './postgres.ts';
import { createTestStore } from './store.ts';

export type StoreApi = Awaited<ReturnType<typeof startStoreApi>>;

export async function startStoreApi(postgres: TestPostgres, options: { limits?: Partial<Limits>; port?: number } = {}) {
  const { store: pool, installation } = await createTestStore(postgres);
  const statements: string[] = [];
  const store: Store = { ...pool, query: (text, values) => { statements.push(text); return pool.query(text, values); } };
  const plugins = await loadPlugins();
  await pool.transaction((tx) => seedCatalogue(tx, plugins));
  const catalogue = await loadCatalogue(pool, plugins);
  const access = createAccess(pool);
  const feed = createEventFeed({ store: pool, generation: installation.generation, log: silentLog });
  const operations = createOperations({ store: pool, sealer: {} as never, workflows: [], hooks: instanceHooks, log: silentLog });
  const control = createControlHost((name) => plugins.flatMap((loaded) => (loaded.state === 'READY' && loaded.name === name ? [loaded.plugin.control] : []))[0]);
  const missing = new Proxy({}, { get: (_target, name) => () => { throw new Error(`there is no ${String(name)} in this test`); } }) as never;
  const domain = createDomain({
    store, sealer: createSealer(Buffer.alloc(32, 7)), operations, catalogue, control, agents: missing, parameters: testParameters, enginePorts: { from: 1, to: 2 }, reserve: { memoryMb: 0, diskBytes: 0 }, inlineWaitMs: 100, log: silentLog,
    access, version: '0.1.0', generation: installation.generation, listBuilds: async () => [],
  });
  const api = createApi({ domain, feed, log: silentLog, serverVersion: '0.1.0', limits: options.limits ?? {} });
  await feed.start();
  const server = await createHttpServer({ host: '127.0.0.1', port: options.port ?? 0, api, access, metrics: createMetrics(), health: [], log: silentLog, closeTimeoutMs: 200 });
  const admin: Caller = { tokenId: 't', tokenName: 'admin', role: 'OPERATOR', projectId: null, actor: 'token:admin', clientAddress: null, requestId: 'r', expiresAt: null };
  const version = catalogue.versions(admin, catalogue.datastore('postgresql')!.id, false)[0]!;
  const flavor = catalogue.flavors()[0]!;

  async function addToken(name: string, role: Role, projectId: string | null): Promise<{ id: string; secret: string }> {
    const [id, secret] = [newId('ApiToken'), `${name}-${newId('ApiToken')}`];
    await pool.query('insert into api_token (id, hash, name, project_id, role, created_by) values ($1, $2, $3, $4, $5, $6)', [id, hashToken(secret), name, projectId, role, 'test']);
    return { id, secret };
  }
  const operator = await addToken('admin', 'OPERATOR', null);
  const [{ id: projectId } = { id: '' }] = await pool.query<{ id: string }>('select id from project');

  return {
    url: `${server.url}/graphql`, store: pool, statements, projectId, version, flavor, operator: operator.secret, addToken,
    async addProject(name: string): Promise<string> {
      const id = newId('Project');
      await pool.query('insert into project (id, name) values ($1, $2)', [id, name]);
      return id;
    },
    /** Makes a version of the first datastore PRIVATE; answers its id. */
    async restrictVersion(name: string, projects: string[]): Promise<string> {
      const { id } = catalogue.versions(admin, version.datastoreId, true).find((one) => one.name === name)!;
      await domain.catalogueChanges.updateVersion(admin, { datastoreVersionId: id, visibility: 'PRIVATE', projects });
      return id;
    },
    /** Many at once: a fleet of ten thousand is made in a second. */
    async addInstances(count: number, project = projectId): Promise<string[]> {
      const ids = Array.from({ length: count }, () => newId('Instance'));
      await pool.query(
        `insert into instance (id, project_id, name, datastore, track, version_id, build_version, flavor_id, volume_gb, volume_type, host_id, region, zone, intent, status, conditions, endpoints, task, fault, agent, tags, management_secret)
         select id, $2, 'i-' || right(id, 20), $3, $4, $5, '17.6', $6, 1, 'directory', 'host_1', 'local', 'local', 'RUNNING', 'ACTIVE', $7, $8, case when n % 4 = 0 then $9::jsonb end, case when n % 5 = 0 then $10::jsonb end, $11, '[]', ''
         from unnest($1::text[]) with ordinality as given(id, n)`,
        [ids, project, version.datastore, version.name, version.id, flavor.id,
          JSON.stringify([{ type: 'IsolationShared', status: 'TRUE', reason: 'OrdinaryUser', message: 'agent and engine share one user', since: '2026-01-01T00:00:00.000Z' }]),
          JSON.stringify([{ role: 'PRIMARY', host: '127.0.0.1', port: 5432, uri: 'postgresql://127.0.0.1:5432/postgres', tls: true }]),
          JSON.stringify({ id: newId('Operation'), kind: 'instance.restart', state: 'RUNNING', step: 'stop', progress: 0.5, attempt: 1, actor: 'token:test', cancellable: true, deadline: '2026-01-01T00:00:00.000Z', createdAt: '2026-01-01T00:00:00.000Z', startedAt: null, finishedAt: null }),
          JSON.stringify({ code: 'ENGINE.FAILED_TO_START', message: 'it did not', at: '2026-01-01T00:00:00.000Z', operationId: newId('Operation') }), JSON.stringify({ capabilities: ['DATABASES', 'USERS', 'GRANTS', 'ROOT', 'TLS'] })]);
      return ids;
    },
    async addConfiguration(name: string, project = projectId): Promise<string> {
      const id = newId('Configuration');
      await pool.query(`insert into configuration (id, project_id, name, datastore, track, version_id) values ($1, $2, $3, $4, $5, $6)`, [id, project, name, version.datastore, version.name, version.id]);
      await pool.query(`insert into configuration_revision (configuration_id, revision, values, actor, change) values ($1, 1, '[{"name":"work_mem","value":"4096","kind":"LITERAL"}]', 'token:test', 'CREATED')`, [id]);
      return id;
    },
    async addOperation(subjectId: string, project = projectId): Promise<string> {
      const id = newId('Operation');
      await pool.query(
        `insert into operation (id, kind, workflow_version, subject_id, project_id, actor, state, lock_mode, input, cancellable, deadline) values ($1, 'instance.restart', 1, $2, $3, 'token:test', 'FAILED', 'EXCLUSIVE', '{}', true, now())`,
        [id, subjectId, project]);
      return id;
    },
    async post(query: string, { variables = {}, token = operator.secret }: { variables?: object; token?: string } = {}): Promise<{ status: number; body: any }> {
      const answer = await fetch(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` }, body: JSON.stringify({ query, variables }) });
      return { status: answer.status, body: await answer.json() };
    },
    async close(): Promise<void> {
      await server.close();
      operations.close();
      await feed.close();
      await pool.close();
    },
  };
}
