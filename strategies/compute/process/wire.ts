/** Between the contract and the protocol, both ways: the client here and the server in `compute/rpc` agree by it. */
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { catalogue, CofferError, type ErrorCode } from '../../../kernel/errors.ts';
import type * as wire from '../../../proto/generated/coffer/compute/v1/compute.ts';
import type { EngineBuild } from '../../spi/engine-source.ts';
import type { Enrolment, GuestChange, GuestFacts, GuestSpec, HostFacts, ListedBuild } from '../../spi/compute.ts';

const codeKey = 'coffer-code';
const remedyKey = 'coffer-remedy-bin';

const statusByCode: Partial<Record<ErrorCode, status>> = {
  'AGENT.FENCED': status.FAILED_PRECONDITION, 'INPUT.INVALID': status.INVALID_ARGUMENT, 'RESOURCE.NOT_FOUND': status.NOT_FOUND,
  'ADMISSION.NO_DISK': status.RESOURCE_EXHAUSTED, 'ADMISSION.NO_MEMORY': status.RESOURCE_EXHAUSTED, 'SOURCE.UNAVAILABLE': status.UNAVAILABLE,
  'HOST.UNREACHABLE': status.UNAVAILABLE, 'OPERATION.CANCELLED': status.CANCELLED,
};

export interface StatusAnswer { code: status; details: string; metadata: Metadata }

/** For the caller's eyes: it is the control plane of the same installation. */
export function statusOfError(error: unknown): StatusAnswer {
  const metadata = new Metadata();
  if (error instanceof CofferError) {
    metadata.set(codeKey, error.code);
    if (error.remedy !== null) metadata.set(remedyKey, Buffer.from(error.remedy));
    return { code: statusByCode[error.code] ?? status.INTERNAL, details: error.message, metadata };
  }
  if (error instanceof Error && error.name === 'AbortError') return { code: status.CANCELLED, details: 'the call was cancelled', metadata };
  return { code: status.INTERNAL, details: error instanceof Error ? error.message : String(error), metadata };
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(catalogue, code);

export function errorOfStatus(error: ServiceError, what: string): CofferError {
  const code = String(error.metadata?.get(codeKey)[0] ?? '');
  const remedy = error.metadata?.get(remedyKey)[0];
  if (isErrorCode(code)) return new CofferError(code, error.details, { cause: error, ...(remedy ? { remedy: remedy.toString() } : {}) });
  if (error.code === status.CANCELLED) return new CofferError('OPERATION.CANCELLED', `${what} was cancelled`, { cause: error });
  if (error.code === status.DEADLINE_EXCEEDED) return new CofferError('HOST.UNREACHABLE', `${what}: the host did not answer in time`, { cause: error });
  if (error.code === status.UNAVAILABLE) return new CofferError('HOST.UNREACHABLE', `${what}: the compute role does not answer`, { cause: error });
  return new CofferError('INTERNAL', `${what}: ${error.details}`, { cause: error });
}

export const buildToWire = (build: ListedBuild): wire.EngineBuild => ({ ...build, offered: build.offered, packages: build.packages.map((one) => ({ ...one })) });
const sourceKinds = ['host', 'debian', 'archive'] as const satisfies EngineBuild['source'][];
export const buildFromWire = ({ offered, ...build }: wire.EngineBuild): ListedBuild =>
  ({ ...build, source: sourceKinds.find((kind) => kind === build.source) ?? 'debian', ...(offered === undefined ? {} : { offered }) });

export const hostFactsToWire = ({ volumeTypes = [], ...facts }: HostFacts): wire.FactsResponse =>
  ({ ...facts, volumeTypes: volumeTypes.map(({ name, problem }) => ({ name, problem: problem ?? undefined })) });

export const factsToWire = (facts: GuestFacts): wire.GuestFacts =>
  ({ ...facts, volumeGb: facts.volumeGb, agentPid: facts.agentPid ?? undefined, limitsUnenforced: facts.limitsUnenforced ?? undefined });
export function factsFromWire(facts: wire.GuestFacts | undefined): GuestFacts {
  const states = ['absent', 'starting', 'running', 'stopped'] as const;
  return {
    state: states.find((state) => state === facts?.state) ?? 'absent', agentPid: facts?.agentPid ?? null, enginePids: facts?.enginePids ?? [],
    isolation: facts?.isolation === 'users' ? 'users' : 'shared', limitsUnenforced: facts?.limitsUnenforced ?? null,
    ...(facts?.volumeGb === undefined ? {} : { volumeGb: facts.volumeGb }),
  };
}

export const guestToWire = ({ flavor, instanceId: _, ...rest }: GuestSpec): Omit<wire.CreateGuestRequest, 'subject'> => ({ ...rest, vcpus: flavor.vcpus, memoryMb: flavor.memoryMb });
export function guestFromWire(request: wire.CreateGuestRequest): GuestSpec {
  const { datastore, track, buildId, volumeGb, ports, bind, advertise } = request;
  return {
    instanceId: request.subject?.instanceId ?? '', datastore, track, buildId, volumeGb, ports, bind, advertise,
    flavor: { vcpus: request.vcpus, memoryMb: request.memoryMb }, enrolment: enrolmentFromWire(request.enrolment),
  };
}
export const changeFromWire = ({ flavor, volumeGb, build }: wire.ChangeGuestRequest): GuestChange =>
  ({ ...(flavor ? { flavor } : {}), ...(volumeGb === undefined ? {} : { volumeGb }), ...(build ? { build } : {}) });
export function enrolmentFromWire(enrolment: wire.Enrolment | undefined): Enrolment {
  if (!enrolment) throw new CofferError('INPUT.INVALID', 'enrolment is missing');
  return { token: enrolment.token, trustDomain: enrolment.trustDomain, identityCa: enrolment.identityCa, enrolAddress: enrolment.enrolAddress, conductorAddress: enrolment.conductorAddress };
}
