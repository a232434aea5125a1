/**
 * Tells a conductor what is seen: on every change at once, otherwise at every heartbeat. Loses nothing but time when
 * none answers: it tries the next address within a second, and supervision never waits for it.
 */
import { type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import { backoffMs } from '../../kernel/backoff.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import { ConductorClient, type Hello, type ReportRequest, type ReportResponse, type Welcome } from '../../proto/generated/coffer/conductor/v1/conductor.ts';
import { channelOptions, gatewayCredentials } from '../identity/calls.ts';
import type { IdentityKeeper } from '../identity/identity.ts';
import type { AddressBook } from './address-book.ts';
import { isNews, type Sight } from './observation.ts';

/** A conductor that understood and said no will say so again for a while. */
const refusals = new Set<number | undefined>([status.UNAUTHENTICATED, status.PERMISSION_DENIED, status.NOT_FOUND, status.FAILED_PRECONDITION]);
const refusedDelayMs = 5_000;
const reconnect = { attempts: Number.MAX_SAFE_INTEGER, firstDelayMs: 50, maxDelayMs: 1_000 };
const welcomeTimeoutMs = 5_000;
const [shortestHeartbeatMs, longestHeartbeatMs] = [100, 60_000];
/** Acknowledgements that may be missing before a conductor counts as gone. */
const silentHeartbeats = 3;
const leastSilenceMs = 5_000;

export interface Reporter {
  begin(): void;
  /** Something may have changed. */
  changed(): void;
  /** The identity did: a new stream is opened, the old one ends after it. */
  reconnect(): void;
  end(): void;
}

export interface ReporterParts {
  trustDomain: string; identity: IdentityKeeper; addresses: AddressBook; hello(): Hello; look(): Sight; clock: Clock; log: Log;
}

type ReportStream = ClientDuplexStream<ReportRequest, ReportResponse>;
interface Session { client: ConductorClient; stream: ReportStream; welcome: Welcome | undefined; counter: number; acked: number; lastAckMs: number; told: Sight | undefined; timer: NodeJS.Timeout | undefined }

export function createReporter({ trustDomain, identity, addresses, hello, look, clock, log }: ReporterParts): Reporter {
  let session: Session | undefined;
  /** replaced, and closed when the new one is welcome */
  let retiring: Session[] = [];
  let attempt = 0;
  let turn = 0;
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;

  const close = (one: Session): void => {
    clearTimeout(one.timer);
    one.stream.cancel();
    one.client.close();
  };
  const retire = (): void => {
    retiring.forEach(close);
    retiring = [];
  };
  const retry = (isRefused = false): void => {
    clearTimeout(timer);
    attempt++;
    if (!hasEnded) timer = setTimeout(connect, isRefused ? refusedDelayMs : backoffMs(reconnect, attempt, Math.random()));
  };
  const lost = (one: Session, reason: string, code?: number): void => {
    if (session !== one) return;
    session = undefined;
    turn++;
    close(one);
    log[attempt === 0 ? 'warn' : 'debug']({ reason }, 'the conductor is not reached; the next one is tried');
    retry(refusals.has(code));
  };

  const send = (one: Session): void => {
    if (!one.welcome) return;
    const sight = look();
    one.told = sight;
    one.counter++;
    one.stream.write({ report: { $case: 'observation', value: { ...sight, incarnation: one.welcome.incarnation, counter: one.counter, observedAtMs: clock.now() } } });
    const heartbeatMs = Math.min(longestHeartbeatMs, Math.max(shortestHeartbeatMs, one.welcome.heartbeatMs));
    clearTimeout(one.timer);
    one.timer = setTimeout(() => {
      const silentMs = performance.now() - one.lastAckMs;
      if (one.acked < one.counter && silentMs > Math.max(leastSilenceMs, silentHeartbeats * heartbeatMs)) lost(one, `no acknowledgement for ${Math.round(silentMs)} ms`);
      else send(one);
    }, heartbeatMs);
  };

  const hear = (one: Session, response: ReportResponse): void => {
    one.lastAckMs = performance.now();
    if (response.message?.$case === 'ack') one.acked = Math.max(one.acked, response.message.value.counter);
    if (response.message?.$case !== 'welcome') return;
    const isFirst = one.welcome === undefined;
    one.welcome = response.message.value;
    addresses.learn(one.welcome.conductorAddresses);
    if (!isFirst) return;
    attempt = 0;
    retire();
    log.info({ incarnation: one.welcome.incarnation }, 'connected to a conductor');
    send(one);
  };

  function connect(): void {
    const own = identity.usable();
    const known = addresses.list();
    const address = known[turn % Math.max(1, known.length)];
    if (hasEnded || !own || !address) return retry();
    const client = new ConductorClient(address, gatewayCredentials(trustDomain, own.identityCa, own), { ...channelOptions, 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 5_000 });
    const stream = client.report();
    const one: Session = { client, stream, welcome: undefined, counter: 0, acked: 0, lastAckMs: performance.now(), told: undefined, timer: undefined };
    session = one;
    one.timer = setTimeout(() => lost(one, `no welcome from ${address} within ${welcomeTimeoutMs} ms`), welcomeTimeoutMs);
    stream.on('data', (response: ReportResponse) => session === one && hear(one, response));
    stream.on('error', (error: ServiceError) => lost(one, error.message, error.code));
    stream.on('end', () => lost(one, 'the stream was ended'));
    stream.write({ report: { $case: 'hello', value: hello() } });
  }

  return {
    begin: () => connect(),
    changed() {
      if (session?.welcome && isNews(session.told, look())) send(session);
    },
    reconnect() {
      clearTimeout(timer);
      if (session) {
        clearTimeout(session.timer);
        retiring.push(session);
      }
      session = undefined;
      attempt = 0;
      connect();
    },
    end() {
      hasEnded = true;
      clearTimeout(timer);
      retire();
      if (session) close(session);
    },
  };
}
