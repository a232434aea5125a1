import { type CallOptions as GrpcOptions, credentials, type ClientUnaryCall, Metadata, type ServiceError } from '@grpc/grpc-js';
import { CofferError } from '../../../kernel/errors.ts';
import { HostComputeClient, type Subject } from '../../../proto/generated/coffer/compute/v1/compute.ts';
import type { CallOptions, ComputeStrategy, EngineRequest, HostFacts } from '../../spi/compute.ts';
import type { EngineBuild } from '../../spi/engine-source.ts';
import { buildFromWire, errorOfStatus, factsFromWire, guestToWire } from './wire.ts';

export interface ProcessComputeOptions {
  /** `homePaths(settings.home).computeSocket` */
  socketPath: string;
}

/** Milliseconds after which a call is given up; the caller's signal may be earlier. */
const timeouts = { connectMs: 3_000, lookMs: 5_000, changeMs: 60_000, /** with the programs for it, the first time */ volumeMs: 180_000, stopMs: 180_000, installMs: 45 * 60_000 };
const reconnectMs = 250;

type Unary<Request, Response> = (request: Request, metadata: Metadata, options: Partial<GrpcOptions>, callback: (error: ServiceError | null, response: Response) => void) => ClientUnaryCall;

/** Guests as processes of one host, through the compute role of that host. */
export function createProcessCompute({ socketPath }: ProcessComputeOptions): ComputeStrategy & { close(): void } {
  const client = new HostComputeClient(`unix:${socketPath}`, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': reconnectMs, 'grpc.max_reconnect_backoff_ms': reconnectMs * 4,
    'grpc.use_local_subchannel_pool': 1,
  });

  /** A compute role that is just being started again costs a moment, not a failure. */
  function connected(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      client.waitForReady(Date.now() + timeouts.connectMs, (error) => {
        if (error) reject(new CofferError('HOST.UNREACHABLE', `${what}: the compute role does not answer`, { cause: error }));
        else resolve();
      });
    });
  }

  async function call<Request, Response>(method: Unary<Request, Response>, what: string, request: Request, timeoutMs: number, signal: AbortSignal): Promise<Response> {
    await connected(what);
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(cancelled(what, signal));
      // A client that was closed throws here; the executor of a promise turns that into a rejection.
      const running = method.call(client, request, new Metadata(), { deadline: Date.now() + timeoutMs }, (error, response) => {
        signal.removeEventListener('abort', abort);
        if (!error) resolve(response);
        else reject(signal.aborted ? cancelled(what, signal) : errorOfStatus(error, what));
      });
      const abort = (): void => running.cancel();
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  return {
    async facts(signal) {
      const found = await call(client.facts, 'looking at the host', {}, timeouts.lookMs, signal);
      const volumeTypes = found.volumeTypes.map(({ name, problem = null }) => ({ name, problem }));
      return { ...found, isolation: found.isolation === 'users' ? 'users' : 'shared', volumeTypes } satisfies HostFacts;
    },
    async listBuilds(signal) {
      return (await call(client.listBuilds, 'listing engine builds', {}, timeouts.lookMs, signal)).builds.map(buildFromWire);
    },
    async ensureEngine(request, options) {
      await connected(`installing ${request.datastore} ${request.track}`);
      return ensureEngine(client, request, options);
    },
    async createVolume({ instanceId, sizeGb, type = '' }, options) {
      await call(client.createVolume, 'making the volume', { subject: subjectOf(instanceId, options), sizeGb, type }, timeouts.volumeMs, options.signal);
    },
    async growVolume({ instanceId, sizeGb }, options) {
      return factsFromWire((await call(client.growVolume, 'growing the volume', { subject: subjectOf(instanceId, options), sizeGb }, timeouts.volumeMs, options.signal)).facts);
    },
    async createGuest(spec, options) {
      const request = { ...guestToWire(spec), subject: subjectOf(spec.instanceId, options) };
      return factsFromWire((await call(client.createGuest, 'making the guest', request, timeouts.changeMs, options.signal)).facts);
    },
    async changeGuest(instanceId, change, options) {
      const request = { flavor: change.flavor, volumeGb: change.volumeGb, build: change.build, subject: subjectOf(instanceId, options) };
      return factsFromWire((await call(client.changeGuest, 'changing the guest', request, timeouts.changeMs, options.signal)).facts);
    },
    async inspect(instanceId, signal) {
      return factsFromWire((await call(client.inspect, 'looking at the guest', { instanceId }, timeouts.lookMs, signal)).facts);
    },
    async reenrol(instanceId, enrolment, options) {
      await call(client.reenrol, 'enrolling the agent again', { subject: subjectOf(instanceId, options), enrolment }, timeouts.changeMs, options.signal);
    },
    async stopGuest(instanceId, options) {
      await call(client.stopGuest, 'stopping the guest', { subject: subjectOf(instanceId, options) }, timeouts.stopMs, options.signal);
    },
    async destroy(instanceId, options) {
      await call(client.destroy, 'removing the guest', { subject: subjectOf(instanceId, options) }, timeouts.stopMs, options.signal);
    },
    close: () => client.close(),
  };
}

const subjectOf = (instanceId: string, { fence, operationId }: CallOptions): Subject => ({ instanceId, operationId, fence });
const cancelled = (what: string, signal: AbortSignal): unknown =>
  signal.reason instanceof CofferError ? signal.reason : new CofferError('OPERATION.CANCELLED', `${what} was cancelled`);

function ensureEngine(client: HostComputeClient, { datastore, track, refresh = false }: EngineRequest, options: Pick<CallOptions, 'signal' | 'progress'>): Promise<EngineBuild> {
  const { promise, resolve, reject } = Promise.withResolvers<EngineBuild>();
  const { signal } = options;
  const what = `installing ${datastore} ${track}`;
  if (signal.aborted) return Promise.reject(cancelled(what, signal));
  const stream = client.ensureEngine({ datastore, track, refresh }, { deadline: Date.now() + timeouts.installMs });
  const abort = (): void => stream.cancel();
  signal.addEventListener('abort', abort, { once: true });
  stream.on('data', ({ event }) => {
    if (event?.$case === 'progress') options.progress?.(event.value.fraction, event.value.message);
    if (event?.$case === 'build') resolve(buildFromWire(event.value));
  });
  stream.on('error', (error: ServiceError) => reject(signal.aborted ? cancelled(what, signal) : errorOfStatus(error, what)));
  stream.on('end', () => reject(new CofferError('HOST.UNREACHABLE', `${what}: the host ended without an answer`)));
  return promise.finally(() => signal.removeEventListener('abort', abort));
}
