/** What a command needs, and what its outcome means to a workflow. Pure. */
import { status, type ServiceError } from '@grpc/grpc-js';
import { CofferError, type ErrorCode } from '../../kernel/errors.ts';
import type { CommandFault, Outcome, RunRequest } from '../../proto/generated/coffer/agent/v1/agent.ts';
import type { Capability } from '../../strategies/spi/capability.ts';
import type { EngineState } from '../domain/instance/observation.ts';
import { isServiceError } from './status-error.ts';

export type Command = NonNullable<RunRequest['command']>;

const needs: Record<Command['$case'], Capability | null> = {
  initialise: null, configure: null, start: null, stop: null, restart: null, repair: null, rotateCertificate: 'TLS',
  createDatabases: 'DATABASES', deleteDatabase: 'DATABASES', createUsers: 'USERS', updateUser: 'USERS', deleteUser: 'USERS',
  grant: 'GRANTS', revoke: 'GRANTS', enableRoot: 'ROOT', disableRoot: 'ROOT', pluginAction: null, checkResize: 'RESIZE',
  checkUpgrade: 'UPGRADE', keepData: 'UPGRADE', runUpgrade: 'UPGRADE', finishUpgrade: 'UPGRADE', revertUpgrade: 'UPGRADE', dropKept: 'UPGRADE',
};
/** Sizing alone every agent takes. */
const hasGroup = (command: Command): boolean => (command.$case === 'configure' || command.$case === 'initialise') && command.value.configuration !== '';
export const capabilityFor = (command: Command): Capability | null => (hasGroup(command) ? 'CONFIGURATION' : needs[command.$case]);

/** How the engine is seen once the command has succeeded; null where it may be anything. */
export const seenAfter = (command: Command): readonly EngineState[] | null =>
  command.$case === 'start' || command.$case === 'restart' ? ['ok'] : command.$case === 'stop' ? ['down'] : null;

export function requireCapability(capability: Capability | null, agent: { capabilities: readonly string[]; version: string }): void {
  if (capability === null || agent.capabilities.includes(capability)) return;
  throw new CofferError('CAPABILITY.UNSUPPORTED', `the agent (${agent.version}) lacks ${capability}`, { details: { capability } });
}

/** Final answers about the very thing asked for: for the caller to read in the outcome. All other faults are thrown. */
const answers = new Set(['EXISTS', 'MISSING', 'REFUSED']);
const faultCodes: Partial<Record<string, ErrorCode>> = {
  RETRYABLE: 'ENGINE.UNAVAILABLE', FENCED: 'AGENT.FENCED', UNSUPPORTED: 'CAPABILITY.UNSUPPORTED', FAILED_TO_START: 'ENGINE.FAILED_TO_START',
  CANCELLED: 'OPERATION.CANCELLED', DEADLINE: 'OPERATION.DEADLINE_EXCEEDED',
};

export function requireDone(outcome: Outcome): Outcome {
  if (!outcome.fault || answers.has(outcome.fault.code)) return outcome;
  throw toError(outcome.fault);
}
const toError = (fault: CommandFault): CofferError => new CofferError(faultCodes[fault.code] ?? 'OPERATION.STEP_FAILED', fault.message === '' ? `the agent reported ${fault.code}` : fault.message);

/** Facts for programs that agents send along with a status. */
const FAULT = 'coffer-fault';
const factOf = (error: ServiceError, key: string): string | null => error.metadata?.get(key)[0]?.toString() ?? null;

/** The connection or the agent went, not the command: it may still run, and asking again attaches to it. */
const broken = new Set<status>([status.UNAVAILABLE, status.CANCELLED, status.RESOURCE_EXHAUSTED]);
/** May be a connection that broke in an unusual way; may be a bug that will be there the next time as well. */
const doubtful = new Set<status>([status.UNKNOWN, status.INTERNAL, status.ABORTED, status.DATA_LOSS]);
const DOUBTFUL_ATTEMPTS = 5;
export const isBroken = (error: unknown, attempt = 1): boolean =>
  isServiceError(error) && factOf(error, FAULT) === null && (broken.has(error.code) || (doubtful.has(error.code) && attempt <= DOUBTFUL_ATTEMPTS));

export function fromStatus(error: unknown, instanceId: string): unknown {
  if (!isServiceError(error)) return error;
  const said = error.details === '' ? status[error.code] : error.details;
  const options = { cause: error };
  // The agent is well and speaks for its engine.
  if (factOf(error, FAULT) !== null) return new CofferError(factOf(error, FAULT) === 'REFUSED' ? 'ENGINE.REFUSED' : 'ENGINE.UNAVAILABLE', said, options);
  switch (error.code) {
    case status.FAILED_PRECONDITION: return new CofferError('AGENT.FENCED', `the agent of ${instanceId} refused the call: ${said}`, options);
    case status.UNIMPLEMENTED: return new CofferError('CAPABILITY.UNSUPPORTED', `the agent of ${instanceId} does not know this call: ${said}`, options);
    case status.UNAUTHENTICATED: case status.PERMISSION_DENIED: case status.NOT_FOUND: case status.INVALID_ARGUMENT:
      return new CofferError('AGENT.REFUSED', `the agent of ${instanceId} refused the call: ${said}`, options);
    case status.DEADLINE_EXCEEDED: return new CofferError('AGENT.UNREACHABLE', `the agent of ${instanceId} did not answer in time`, options);
    default: return new CofferError('AGENT.UNREACHABLE', `the agent of ${instanceId} cannot be reached: ${said}`, options);
  }
}
