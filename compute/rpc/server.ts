import { chmod, chown, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { type handleUnaryCall, Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';
import { CofferError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { type EnsureEngineRequest, type EnsureEngineResponse, type HostComputeServer, HostComputeService, type Subject } from '../../proto/generated/coffer/compute/v1/compute.ts';
import { buildToWire, changeFromWire, enrolmentFromWire, factsToWire, guestFromWire, hostFactsToWire, statusOfError } from '../../strategies/compute/process/wire.ts';
import type { CallOptions, ComputeStrategy } from '../../strategies/spi/compute.ts';
import type { Owner } from '../files.ts';
import { validateChange, validateGuest, validateVolumeSize } from './validate.ts';

export interface ComputeServer { close(): Promise<void> }

/** Serves on a socket that only `caller` may open (null: only ourselves). */
export async function serveCompute(options: { compute: ComputeStrategy; socketPath: string; caller: Owner | null; ports: { first: number; last: number }; log: Log }): Promise<ComputeServer> {
  await removeStaleSocket(options.socketPath);
  const server = new Server();
  server.addService(HostComputeService, serviceOf(options.compute, options.ports, options.log));
  const previous = process.umask(0o177); // the socket is born without rights for others
  try {
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${options.socketPath}`, ServerCredentials.createInsecure(), (error) => { if (error) reject(error); else resolve(); });
    });
  } finally {
    process.umask(previous);
  }
  await chmod(options.socketPath, 0o600);
  if (options.caller) await chown(options.socketPath, options.caller.uid, options.caller.gid);
  return {
    close: async () => {
      server.forceShutdown();
      await rm(options.socketPath, { force: true });
    },
  };
}

async function removeStaleSocket(path: string): Promise<void> {
  const answers = await new Promise<boolean>((resolve) => {
    const probe = createConnection(path, () => { probe.destroy(); resolve(true); });
    probe.on('error', () => resolve(false));
  });
  if (answers) throw new Error(`another compute role serves on ${path}`);
  await rm(path, { force: true });
}

function serviceOf(compute: ComputeStrategy, ports: { first: number; last: number }, log: Log): HostComputeServer {
  const unary = <Request, Response>(name: string, serve: (request: Request, signal: AbortSignal) => Promise<Response>): handleUnaryCall<Request, Response> =>
    (call, callback) => {
      serve(call.request, signalOf(call)).then(
        (response) => callback(null, response),
        (error: unknown) => { tell(log, name, error); callback(statusOfError(error)); });
    };
  return {
    facts: unary('facts', async (_, signal) => hostFactsToWire(await compute.facts(signal))),
    listBuilds: unary('listBuilds', async (_, signal) => ({ builds: (await compute.listBuilds(signal)).map(buildToWire) })),
    ensureEngine: (call) => void streamEngine(compute, call, log),
    createVolume: unary('createVolume', async (request, signal) => {
      const sizeGb = validateVolumeSize(request.sizeGb);
      await compute.createVolume({ instanceId: request.subject?.instanceId ?? '', sizeGb, type: request.type }, optionsOf(request.subject, signal));
      return {};
    }),
    growVolume: unary('growVolume', async (request, signal) => {
      const sizeGb = validateVolumeSize(request.sizeGb);
      return { facts: factsToWire(await compute.growVolume({ instanceId: request.subject?.instanceId ?? '', sizeGb }, optionsOf(request.subject, signal))) };
    }),
    createGuest: unary('createGuest', async (request, signal) =>
      ({ facts: factsToWire(await compute.createGuest(validateGuest(guestFromWire(request), ports), optionsOf(request.subject, signal))) })),
    changeGuest: unary('changeGuest', async (request, signal) =>
      ({ facts: factsToWire(await compute.changeGuest(request.subject?.instanceId ?? '', validateChange(changeFromWire(request)), optionsOf(request.subject, signal))) })),
    inspect: unary('inspect', async (request, signal) => ({ facts: factsToWire(await compute.inspect(request.instanceId, signal)) })),
    reenrol: unary('reenrol', async (request, signal) => {
      await compute.reenrol(request.subject?.instanceId ?? '', enrolmentFromWire(request.enrolment), optionsOf(request.subject, signal));
      return {};
    }),
    stopGuest: unary('stopGuest', async (request, signal) => {
      await compute.stopGuest(request.subject?.instanceId ?? '', optionsOf(request.subject, signal));
      return {};
    }),
    destroy: unary('destroy', async (request, signal) => {
      await compute.destroy(request.subject?.instanceId ?? '', optionsOf(request.subject, signal));
      return {};
    }),
  };
}

async function streamEngine(compute: ComputeStrategy, call: ServerWritableStream<EnsureEngineRequest, EnsureEngineResponse>, log: Log): Promise<void> {
  const progress = (fraction: number, message: string): void => { call.write({ event: { $case: 'progress', value: { fraction, message } } }); };
  try {
    const build = await compute.ensureEngine(call.request, { signal: signalOf(call), progress });
    call.write({ event: { $case: 'build', value: buildToWire(build) } });
    call.end();
  } catch (error) {
    tell(log, 'ensureEngine', error);
    call.emit('error', statusOfError(error));
  }
}

/** Aborted when the caller is gone, has cancelled, or its deadline has passed. */
function signalOf(call: Pick<ServerUnaryCall<unknown, unknown>, 'on'>): AbortSignal {
  const abort = new AbortController();
  call.on('cancelled', () => abort.abort(new CofferError('OPERATION.CANCELLED', 'the caller cancelled')));
  return abort.signal;
}

function optionsOf(subject: Subject | undefined, signal: AbortSignal): CallOptions {
  if (!subject?.fence || subject.operationId === '') throw new CofferError('INPUT.INVALID', 'subject, operation or fence is missing');
  return { signal, fence: subject.fence, operationId: subject.operationId };
}

function tell(log: Log, call: string, error: unknown): void {
  if (error instanceof CofferError) log.info({ call, code: error.code, reason: error.message }, 'a call was refused');
  else log.error({ call, reason: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'a call failed');
}
