/**
 * The conductor: where agents enrol, renew and report. Two ports, because a server either asks every caller for a
 * certificate or none: one with mutual TLS, one with server TLS for enrolment alone.
 */
import { Server, status, type ServerOptions } from '@grpc/grpc-js';
import type { Clock } from '../../kernel/clock.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import { ConductorService, EnrolmentService } from '../../proto/generated/coffer/conductor/v1/conductor.ts';
import type { Capability } from '../../strategies/spi/capability.ts';
import type { Pki } from '../pki/pki.ts';
import type { Store } from '../store/tx.ts';
import { createEnrol, createIssueEngineCertificate, createRenew } from './conductor-service.ts';
import type { Gateways } from './gateways.ts';
import { requireAgent } from './peer.ts';
import { createAgentRecords, type Seen } from './records.ts';
import { serveReports, type ReportCall, type ReportStream } from './report-stream.ts';
import { RotatingServerCredentials } from './server-credentials.ts';
import { defaultConductorSettings, type ConductorSettings } from './settings.ts';
import { StatusError } from './status-error.ts';

const SHUTDOWN_MS = 2_000;
const DISCONNECT_ATTEMPTS = 20;
const DISCONNECT_RETRY_MS = 1_000;

export interface ConductorDeps {
  store: Store;
  pki: Pki;
  gateways(): Gateways;
  log: Log;
  gatewayId: string;
  /** of this gateway, to compare with an agent's */
  release: string;
  /** capabilities in the datastore's manifest; undefined when its plugin is not loaded */
  capabilitiesOf(datastore: string): readonly Capability[] | undefined;
  clock?: Clock;
  settings?: Partial<ConductorSettings>;
}

export interface Conductor {
  /** Answers the addresses agents are told. Needs an open PKI. */
  start(): Promise<{ address: string; enrolAddress: string }>;
  stop(): Promise<void>;
  connectedAgents(): number;
}

export function createConductor(deps: ConductorDeps): Conductor {
  const { store, pki, log, clock = systemClock } = deps;
  const settings = { ...defaultConductorSettings, ...deps.settings };
  const records = createAgentRecords({ store, clock, gatewayId: deps.gatewayId, release: deps.release, capabilitiesOf: deps.capabilitiesOf });
  const streams = new Map<string, ReportStream>();
  const seen = new Map<string, Seen>();
  const timers = new Set<NodeJS.Timeout>();
  const servers: Server[] = [];
  const undo: (() => void)[] = [];
  let isStopping = false;

  const after = (ms: number, work: () => Promise<void>): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work().catch((error: unknown) => log.warn({ error: String(error) }, 'could not note that an agent went'));
    }, ms);
    timers.add(timer);
  };

  function opened(stream: ReportStream): void {
    streams.get(stream.instanceId)?.end(new StatusError(status.ABORTED, 'a newer stream of this agent took over'));
    streams.set(stream.instanceId, stream);
    if (pki.isRevoked(stream.serial)) stream.end(revoked());
    if (isStopping) stream.end(stopping());
  }
  function closed(stream: ReportStream, lastHeardMs: number, attempt = 1): void {
    if (streams.get(stream.instanceId) === stream) streams.delete(stream.instanceId);
    seen.delete(stream.instanceId);
    if (isStopping) return;
    records.disconnect(stream.instanceId, stream.incarnation, lastHeardMs).then(
      (wasOurs) => { if (wasOurs) after(Math.max(0, lastHeardMs + settings.disconnectGraceMs + 20 - clock.now()), async () => { await records.recompute(stream.instanceId); }); },
      (error: unknown) => {
        log.warn({ instanceId: stream.instanceId, error: String(error) }, 'could not note that an agent went');
        if (attempt < DISCONNECT_ATTEMPTS) after(DISCONNECT_RETRY_MS, async () => closed(stream, lastHeardMs, attempt + 1));
      },
    );
  }
  async function flushSeen(): Promise<void> {
    const batch = [...seen.values()];
    seen.clear();
    const lost = await records.noteSeen(batch).catch((error: unknown) => {
      log.warn({ agents: batch.length, error: String(error) }, 'could not note that agents were heard');
      return [];
    });
    // Marked as gone meanwhile (we were thought dead): their next report puts the record right, or ends the stream.
    for (const id of lost) streams.get(id)?.forget();
  }

  const report = (call: ReportCall): void => serveReports(call, {
    records, clock, log, heartbeatMs: settings.heartbeatMs,
    authenticate: () => requireAgent(call, { pki, clock }),
    conductorAddresses: async () => (await deps.gateways().conductors()).map((conductor) => conductor.address),
    onOpen: opened, onClose: closed, onSeen: (item) => seen.set(item.instanceId, item),
  });

  async function listen(server: Server, credentials: RotatingServerCredentials, port: number): Promise<number> {
    servers.push(server);
    undo.push(pki.onCredentials((next) => credentials.rotate(next)));
    return new Promise((resolve, reject) => {
      server.bindAsync(`${bracket(settings.bind)}:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
  }

  return {
    async start() {
      const service = { store, pki, clock, log, records, advertiseHost: settings.advertiseHost };
      const conductor = new Server(serverOptions(pki.settings.leafTtlMs));
      conductor.addService(ConductorService, { renew: createRenew(service), issueEngineCertificate: createIssueEngineCertificate(service), report });
      const enrolment = new Server(serverOptions(pki.settings.leafTtlMs));
      enrolment.addService(EnrolmentService, { enrol: createEnrol(service) });

      const conductorPort = await listen(conductor, new RotatingServerCredentials(pki.credentials(), true), settings.conductorPort);
      const enrolPort = await listen(enrolment, new RotatingServerCredentials(pki.credentials(), false), settings.enrolPort);
      undo.push(pki.onRevoked((serial) => {
        for (const stream of streams.values()) if (stream.serial === serial) stream.end(revoked());
      }));
      const flush = setInterval(() => void flushSeen(), settings.seenFlushMs);
      undo.push(() => clearInterval(flush));
      return { address: `${bracket(settings.advertiseHost)}:${conductorPort}`, enrolAddress: `${bracket(settings.advertiseHost)}:${enrolPort}` };
    },
    async stop() {
      isStopping = true;
      for (const cleanUp of undo.splice(0)) cleanUp();
      for (const timer of timers) clearTimeout(timer);
      for (const stream of [...streams.values()]) stream.end(stopping());
      await flushSeen();
      await Promise.all(servers.map(shutDown));
      await records.disconnectAll().catch((error: unknown) => log.warn({ error: String(error) }, 'could not note that our agents went; another gateway will'));
    },
    connectedAgents: () => streams.size,
  };
}

const revoked = (): StatusError => new StatusError(status.UNAUTHENTICATED, 'the certificate was revoked');
const stopping = (): StatusError => new StatusError(status.UNAVAILABLE, 'this gateway stops; use another one');
const bracket = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);

function serverOptions(leafTtlMs: number): ServerOptions {
  return {
    'grpc.max_receive_message_length': 64 * 1024, 'grpc.max_concurrent_streams': 16,
    'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 5_000,
    // A connection is made anew well before the certificate it was made with ends.
    'grpc.max_connection_age_ms': Math.floor(leafTtlMs / 4), 'grpc.max_connection_age_grace_ms': 10_000,
  };
}

async function shutDown(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => { server.forceShutdown(); resolve(); }, SHUTDOWN_MS);
    server.tryShutdown(() => { clearTimeout(timer); resolve(); });
  });
}
