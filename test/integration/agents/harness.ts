/** Gateways and agents of a test: real sockets, real certificates, a real store; only the engine is told, not run. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { credentials, Metadata, Server, ServerCredentials, type ChannelCredentials, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Clock } from '../../../kernel/clock.ts';
import { newId } from '../../../kernel/ids.ts';
import { silentLog } from '../../../kernel/log.ts';
import { createAgents, type Agents } from '../../../gateway/agents/agents.ts';
import { createConductor, type Conductor } from '../../../gateway/agents/conductor.ts';
import { createGateways, type Gateways } from '../../../gateway/agents/gateways.ts';
import { createIssueEnrolment, type IssueEnrolment } from '../../../gateway/agents/issue-enrolment.ts';
import type { ConductorSettings } from '../../../gateway/agents/settings.ts';
import { identityCheck } from '../../../gateway/pki/identity.ts';
import { createPki, type Pki } from '../../../gateway/pki/pki.ts';
import type { PkiSettings } from '../../../gateway/pki/settings.ts';
import { createCsr, createKey } from '../../../gateway/pki/x509.ts';
import { createSealer, type Sealer } from '../../../gateway/store/seal.ts';
import type { PgStore } from '../../../gateway/store/store.ts';
import type { Store, Tx } from '../../../gateway/store/tx.ts';
import { GuestAgentService, type GuestAgentServer } from '../../../proto/generated/coffer/agent/v1/agent.ts';
import { ConductorClient, EnrolmentClient, type Hello, type Observation, type ReportRequest, type ReportResponse } from '../../../proto/generated/coffer/conductor/v1/conductor.ts';
import type { Capability } from '../../../strategies/spi/capability.ts';
import type { Enrolment } from '../../../strategies/spi/compute.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { createTestStore } from '../../support/store.ts';

export const RELEASE = '0.1.0-test';
export const testSealer = (): Sealer => createSealer(randomBytes(32));

/** A clock that can be moved. */
export type MovableClock = Clock & { advance(ms: number): void };
export function movableClock(): MovableClock {
  let offsetMs = 0;
  return { now: () => Date.now() + offsetMs, advance(ms) { offsetMs += ms; } };
}

export interface TestGateway {
  id: string; pki: Pki; conductor: Conductor; gateways: Gateways; agents: Agents; issueEnrolment: IssueEnrolment; address: string; enrolAddress: string;
  stop(): Promise<void>;
}
export interface GatewayOptions { store: Store; clock?: Clock; pki?: Partial<PkiSettings>; settings?: Partial<ConductorSettings>; id?: string; release?: string; capabilities?: Record<string, readonly Capability[]> }

/** All gateways of a test are of one installation. */
const sealer = testSealer();

export async function startGateway({ store, clock = { now: Date.now }, ...options }: GatewayOptions): Promise<TestGateway> {
  const id = options.id ?? `gw-${randomBytes(3).toString('hex')}`;
  const pki = createPki({ store, sealer, log: silentLog, gatewayId: id, clock, ...(options.pki ? { settings: options.pki } : {}) });
  await pki.open();
  let gateways: Gateways;
  const conductor = createConductor({
    store, pki, gateways: () => gateways, log: silentLog, gatewayId: id, release: options.release ?? RELEASE, clock,
    capabilitiesOf: (name) => ({ testdb: ['TLS', 'USERS'] as const, ...options.capabilities })[name],
    settings: { heartbeatMs: 1_000, seenFlushMs: 200, ...options.settings },
  });
  const { address, enrolAddress } = await conductor.start();
  gateways = createGateways({ store, clock, self: { id, address, enrolAddress, roles: ['conductor'] } });
  await gateways.beat();
  const agents = createAgents({ store, pki, log: silentLog });
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    agents.close();
    await conductor.stop();
    await gateways.leave();
    pki.close();
  };
  return {
    id, pki, conductor, gateways, agents, address, enrolAddress, issueEnrolment: createIssueEnrolment({ pki, gateways }),
    /** Once, however often it is called. */
    stop: () => (stopped ??= stop()),
  };
}

export interface GatewayWorld { store: PgStore; clock: MovableClock; gateway: TestGateway }
/**
 * Each test of a file has a store and a gateway of its own, which it is given here, with a clock that is so far behind. Answers
 * what is to be done after the test, the last first.
 */
export function useGateway(give: (world: GatewayWorld) => void, behindMs = 0): (() => unknown)[] {
  let server: TestPostgres;
  const cleanUps: (() => unknown)[] = [];
  beforeAll(async () => { server = await startTestPostgres(); });
  afterAll(() => server.stop());
  beforeEach(async () => {
    const { store } = await createTestStore(server);
    cleanUps.push(() => store.close());
    const clock = movableClock();
    clock.advance(-behindMs);
    const gateway = await startGateway({ store, clock });
    cleanUps.push(() => gateway.stop());
    give({ store, clock, gateway });
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });
  return cleanUps;
}

/** A built instance without an agent so far. */
export async function insertInstance(tx: Tx, over: Record<string, unknown> = {}): Promise<string> {
  const id = newId('Instance');
  const row: Record<string, unknown> = {
    id, project_id: 'proj_1', name: `db-${id.slice(-8)}`, datastore: 'testdb', track: '1', version_id: 'dsv_1', build_id: 'testdb-1', flavor_id: 'flv_1', volume_gb: 1,
    volume_type: 'directory', host_id: 'host_1', region: 'local', zone: 'local', intent: 'RUNNING', status: 'UNKNOWN', prepared: true, management_secret: Buffer.from('x'),
    endpoints: JSON.stringify([{ role: 'PRIMARY', host: '127.0.0.1', port: 5000, uri: 'x', tls: true }]), ...over,
  };
  const names = Object.keys(row);
  await tx.query(`insert into instance (${names.join(',')}) values (${names.map((_, i) => `$${i + 1}`).join(',')})`, Object.values(row));
  return id;
}

export interface AgentIdentity { instanceId: string; certificateChain: string; privateKey: string; identityCa: string; trustDomain: string }

export async function enrol(enrolment: Enrolment, instanceId: string, key?: Awaited<ReturnType<typeof createKey>>): Promise<AgentIdentity> {
  const { keys, privateKeyPem } = key ?? (await createKey());
  const client = new EnrolmentClient(enrolment.enrolAddress, credentials.createSsl(Buffer.from(enrolment.identityCa), null, null, { checkServerIdentity: identityCheck(enrolment.trustDomain, { kind: 'gateway' }) }));
  try {
    const csr = await createCsr(keys, 'whatever');
    const answer = await new Promise<{ certificateChain: string; identityCa: string }>((resolve, reject) => {
      client.enrol({ instanceId, token: enrolment.token, csr }, new Metadata(), { deadline: Date.now() + 5_000 }, (error, response) => (error ? reject(error) : resolve(response)));
    });
    return { instanceId, ...answer, privateKey: privateKeyPem, trustDomain: enrolment.trustDomain };
  } finally {
    client.close();
  }
}

export const channelCredentials = (identity: AgentIdentity): ChannelCredentials => credentials.createSsl(
  Buffer.from(identity.identityCa), Buffer.from(identity.privateKey), Buffer.from(identity.certificateChain), { checkServerIdentity: identityCheck(identity.trustDomain, { kind: 'gateway' }) },
);
/** Every connection a new one: nothing is shared between tests, or between certificates. */
const fresh = { 'grpc.use_local_subchannel_pool': 1 };
export const conductorClient = (address: string, identity: AgentIdentity): ConductorClient => new ConductorClient(address, channelCredentials(identity), fresh);

export const hello = (instanceId: string, over: Partial<Hello> = {}): Hello =>
  ({ instanceId, agentVersion: RELEASE, protocols: ['1'], capabilities: ['TLS', 'USERS'], datastore: 'testdb', track: '1', buildId: 'testdb-1', address: '127.0.0.1:9', ...over });
export const observation = (incarnation: number, counter: number, over: Partial<Observation> = {}): Observation => ({
  incarnation, counter, prepared: true, wanted: 'RUNNING', engine: 'ok', crashes: 0, logTail: [], volumeUsedBytes: 1, managementLost: false, isolation: 'users', observedAtMs: Date.now(), rootEnabled: false, ...over,
});

export interface Reporter {
  client: ConductorClient;
  stream: ClientDuplexStream<ReportRequest, ReportResponse>;
  incarnation: number;
  conductors: string[];
  /** Resolves when the conductor has acted on it. */
  report(over?: Partial<Observation>): Promise<void>;
  send(value: Observation): void;
  /** how the conductor ended the stream */
  ended: Promise<ServiceError>;
  close(): void;
}

/** Opens the report stream, or rejects with the conductor's status. */
export async function openReports(address: string, identity: AgentIdentity, over: Partial<Hello> = {}): Promise<Reporter> {
  const client = conductorClient(address, identity);
  const stream = client.report();
  const acks = new Map<number, () => void>();
  const ended = new Promise<ServiceError>((resolve) => stream.on('error', (error: ServiceError) => resolve(error)));
  let counter = 0;
  stream.write({ report: { $case: 'hello', value: hello(identity.instanceId, over) } });
  const first = await Promise.race([once(stream, 'data').then(([message]) => message as ReportResponse), ended]);
  if (first instanceof Error) {
    client.close();
    throw first;
  }
  if (first.message?.$case !== 'welcome') throw new Error('no Welcome');
  const { incarnation, conductorAddresses } = first.message.value;
  stream.on('data', ({ message }: ReportResponse) => { if (message?.$case === 'ack') acks.get(message.value.counter)?.(); });
  const send = (value: Observation): void => { stream.write({ report: { $case: 'observation', value } }); };
  return {
    client, stream, incarnation, conductors: conductorAddresses, ended, send,
    report(values = {}) {
      const value = observation(incarnation, ++counter, values);
      counter = value.counter;
      const acknowledged = new Promise<void>((resolve) => acks.set(value.counter, resolve));
      send(value);
      return acknowledged;
    },
    close() {
      stream.cancel();
      client.close();
    },
  };
}

/** An agent's own server, for calls of the gateway. */
export async function serveAgent(identity: AgentIdentity, handlers: Partial<GuestAgentServer>): Promise<{ address: string; stop(): void }> {
  const server = new Server();
  const refuse = (_call: unknown, callback: (error: { code: number; details: string }) => void): void => callback({ code: 12, details: 'not here' });
  const all = Object.fromEntries(Object.keys(GuestAgentService).map((name) => [name, refuse]));
  server.addService(GuestAgentService, { ...all, ...handlers } as unknown as GuestAgentServer);
  const port = await new Promise<number>((resolve, reject) => server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(
    Buffer.from(identity.identityCa), [{ private_key: Buffer.from(identity.privateKey), cert_chain: Buffer.from(identity.certificateChain) }], true,
  ), (error, bound) => (error ? reject(error) : resolve(bound))));
  return { address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

export interface Seen { status: string; conditions: { type: string; reason: string }[]; revision: number; agent_connected: boolean; agent_gateway: string | null; incarnation: string; report_counter: string; engine_ca: string | null; observation: Record<string, unknown> | null; agent: { refused: string | null; capabilities: string[] } | null }
export const instanceRow = async (tx: Tx, id: string): Promise<Seen> => (await tx.query<Seen>('select * from instance where id = $1', [id]))[0]!;
export interface SeenEvent { doc: { status: string; revision: number; conditions: { type: string; reason: string }[] }; at: Date }
export const eventsOf = (tx: Tx, id: string): Promise<SeenEvent[]> => tx.query<SeenEvent>('select doc, at from event where subject = $1 order by id', [id]);

/** Waits for an event of the instance that satisfies `is`; woken by the log's own notification. */
export async function waitForEvent(store: Store, id: string, is: (event: SeenEvent) => boolean, timeoutMs = 10_000): Promise<SeenEvent> {
  let wake = (): void => {};
  const unlisten = store.listen('coffer_event', () => wake());
  const timeout = AbortSignal.timeout(timeoutMs);
  timeout.addEventListener('abort', () => wake());
  try {
    for (;;) {
      const news = new Promise<void>((resolve) => { wake = resolve; });
      const found = (await eventsOf(store, id)).find(is);
      if (found) return found;
      if (timeout.aborted) throw new Error(`no such event of ${id}; there are: ${JSON.stringify((await eventsOf(store, id)).map((e) => [e.doc?.status, e.doc?.conditions]))}`);
      await news;
    }
  } finally {
    unlisten();
  }
}
