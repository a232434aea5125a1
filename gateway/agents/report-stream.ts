/**
 * One agent's report stream: Hello, then observations, each judged in turn. Of reports that pile up while the store is
 * busy those that tell another state of the engine are kept and of the others the newest, so neither a slow store nor a
 * chatty agent fills the memory, and no fall of an engine is passed over.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { Hello, Observation, ReportRequest, ReportResponse } from '../../proto/generated/coffer/conductor/v1/conductor.ts';
import { isNews, type ObservationDoc } from '../domain/instance/observation.ts';
import { toObservationDoc } from './observation.ts';
import type { AgentPeer } from './peer.ts';
import type { AgentRecords, Seen } from './records.ts';
import { MISSED_HEARTBEATS } from './settings.ts';
import { StatusError, toStatus } from './status-error.ts';

export type ReportCall = ServerDuplexStream<ReportRequest, ReportResponse>;

const HELLO_TIMEOUT_MS = 10_000;
const RETRY_DELAY_MS = 250;
/** Acks are dropped while an agent does not read. */
const UNREAD_LIMIT_BYTES = 64 * 1024;
/** A fall, its start and its recovery may wait with what came before; more changes than that are told by the latest. */
const WAITING_LIMIT = 4;
/** News of one agent that are written without a pause, and the pause after that: ten a second, come what may. */
const NEWS_BURST = 20;
const NEWS_PAUSE_MS = 100;
const NEWS_WINDOW_MS = 10_000;

export interface ReportStreamDeps {
  records: AgentRecords;
  clock: Clock;
  log: Log;
  heartbeatMs: number;
  authenticate(): Promise<AgentPeer>;
  conductorAddresses(): Promise<string[]>;
  onOpen(stream: ReportStream): void;
  onSeen(seen: Seen): void;
  /** once, whatever ended it */
  onClose(stream: ReportStream, lastHeardMs: number): void;
}

export interface ReportStream {
  readonly instanceId: string;
  readonly incarnation: number;
  readonly serial: string;
  /** Ends the stream with a status the agent can act on. */
  end(error: StatusError): void;
  /** The next report is written whether or not it is news. */
  forget(): void;
}

export function serveReports(call: ReportCall, deps: ReportStreamDeps): void {
  const { records, clock } = deps;
  let stream: ReportStream | undefined;
  let volumeBytes = 0;
  let phase: 'hello' | 'opening' | 'open' | 'closed' = 'hello';
  let accepted: ObservationDoc | null = null;
  let pending: Observation[] = [];
  let isBusy = false;
  let lastHeardMs = clock.now();
  let newsTimes: number[] = [];
  let timer = setTimeout(() => end(new StatusError(status.INVALID_ARGUMENT, 'no Hello came')), HELLO_TIMEOUT_MS);

  call.on('data', (message: ReportRequest) => hear(message));
  call.on('end', () => end(null));
  for (const event of ['cancelled', 'close', 'error'] as const) call.on(event, () => close());

  function hear({ report }: ReportRequest): void {
    if (phase === 'closed') return;
    lastHeardMs = clock.now();
    if (phase === 'hello') {
      if (report?.$case !== 'hello') return end(new StatusError(status.INVALID_ARGUMENT, 'the first message of a report stream is Hello'));
      phase = 'opening';
      open(report.value).catch((error: unknown) => fail(error));
    } else if (report?.$case === 'observation') {
      if (phase === 'open') watchSilence();
      pending = withReport(pending, report.value);
      work();
    } else {
      end(new StatusError(status.INVALID_ARGUMENT, 'only observations follow Hello'));
    }
  }

  async function open(hello: Hello): Promise<void> {
    const peer = await deps.authenticate();
    // Invariant: an agent speaks for the instance in its certificate and for no other.
    if (hello.instanceId !== peer.instanceId) throw new StatusError(status.PERMISSION_DENIED, 'the certificate is that of another instance');
    const connected = await records.connect(hello, peer.serial);
    if (!connected.ok) throw new StatusError(connected.code === 'gone' ? status.NOT_FOUND : status.FAILED_PRECONDITION, connected.code === 'gone' ? connected.message : `AGENT.REFUSED: ${connected.message}`);
    const { incarnation } = connected;
    volumeBytes = connected.volumeBytes;
    stream = { instanceId: peer.instanceId, incarnation, serial: peer.serial, end, forget: () => { accepted = null; } };
    if (isClosed()) return deps.onClose(stream, lastHeardMs);
    const conductorAddresses = await deps.conductorAddresses();
    if (isClosed()) return;
    phase = 'open';
    deps.onOpen(stream);
    watchSilence();
    call.write({ message: { $case: 'welcome', value: { incarnation, heartbeatMs: deps.heartbeatMs, conductorAddresses } } });
    work();
  }

  /** One at a time; what comes meanwhile waits in `pending`. */
  function work(): void {
    if (isBusy || phase !== 'open') return;
    isBusy = true;
    drain().catch((error: unknown) => fail(error)).finally(() => { isBusy = false; });
  }
  async function drain(): Promise<void> {
    while (phase === 'open' && stream) {
      const seen = pending.shift();
      if (!seen) return;
      if (seen.incarnation === stream.incarnation) await judge(stream, toObservationDoc(seen, stream.incarnation, clock.now()));
      if (call.writableLength < UNREAD_LIMIT_BYTES) call.write({ message: { $case: 'ack', value: { counter: seen.counter } } });
    }
  }
  async function judge(own: ReportStream, next: ObservationDoc): Promise<void> {
    if (accepted !== null && next.counter <= accepted.counter) return;
    if (accepted !== null && !isNews(accepted, next, volumeBytes)) {
      accepted = { ...accepted, counter: next.counter };
      return deps.onSeen({ instanceId: own.instanceId, incarnation: own.incarnation, counter: next.counter, atMs: clock.now() });
    }
    await pauseBetweenNews();
    const outcome = await records.accept(own.instanceId, next, () => !isClosed()).catch(async (error: unknown) => {
      deps.log.warn({ instanceId: own.instanceId, error: String(error) }, 'could not write a report; trying again');
      await delay(RETRY_DELAY_MS);
      return 'again' as const;
    });
    if (outcome === 'accepted') accepted = next;
    else if (outcome === 'superseded') end(new StatusError(status.ABORTED, 'a newer stream of this agent took over'));
    else if (outcome === 'gone') end(new StatusError(status.NOT_FOUND, 'the instance does not exist any more'));
    else if (outcome === 'again' && phase === 'open') {
      return judge(own, next);
    }
  }
  async function pauseBetweenNews(): Promise<void> {
    newsTimes = [...newsTimes.filter((at) => at > Date.now() - NEWS_WINDOW_MS), Date.now()];
    if (newsTimes.length > NEWS_BURST) await delay(NEWS_PAUSE_MS);
  }

  function watchSilence(): void {
    clearTimeout(timer);
    const silence = deps.heartbeatMs * MISSED_HEARTBEATS;
    timer = setTimeout(() => end(new StatusError(status.DEADLINE_EXCEEDED, `nothing was heard for ${silence} ms`)), silence);
  }

  function fail(error: unknown): void {
    const { code, details } = toStatus(error);
    if (code === status.INTERNAL) deps.log.error({ instanceId: stream?.instanceId, error: String(error) }, 'a report stream failed');
    else deps.log.info({ instanceId: stream?.instanceId, code: status[code], details }, 'a report stream was refused');
    end(new StatusError(code, details));
  }
  function end(error: StatusError | null): void {
    if (phase === 'closed') return;
    close();
    if (error) call.emit('error', { code: error.code, details: error.details });
    else call.end();
  }
  function close(): void {
    if (phase === 'closed') return;
    phase = 'closed';
    clearTimeout(timer);
    if (stream) deps.onClose(stream, lastHeardMs);
  }
  function isClosed(): boolean {
    return phase === 'closed';
  }
}

/** What waits, oldest first. Pure. */
export function withReport(waiting: readonly Observation[], next: Observation): Observation[] {
  const last = waiting.at(-1);
  if (last && next.counter <= last.counter) return [...waiting];
  const isReplaced = last !== undefined && (last.engine === next.engine || waiting.length >= WAITING_LIMIT);
  return [...(isReplaced ? waiting.slice(0, -1) : waiting), next];
}
