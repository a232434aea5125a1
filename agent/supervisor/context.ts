import { join } from 'node:path';
import type { AllowanceKeeper } from '../allowance.ts';
import type { AgentBoot } from '../../kernel/guest-record.ts';
import type { Log } from '../../kernel/log.ts';
import type { GuestContext } from '../../strategies/spi/guest.ts';
import { tlsFiles } from '../identity/engine-tls-files.ts';
import type { SecretKeeper } from '../state/secrets.ts';
import type { StateKeeper } from '../state/agent-state.ts';
import { createEngineHandle } from './engine-handle.ts';
import type { EngineProcess } from './engine-process.ts';

export interface CallFrame { signal: AbortSignal; deadline: Date; operationId: string; progress?(fraction: number, message: string): void }
/** Makes what a plugin's method gets. */
export type ContextFactory = (frame: CallFrame) => GuestContext;

export interface ContextParts { boot: AgentBoot; allowance: Pick<AllowanceKeeper, 'current'>; state: StateKeeper; secrets: SecretKeeper; engine: EngineProcess; log: Log }

export function createContextFactory({ boot, allowance, state, secrets, engine, log }: ContextParts): ContextFactory {
  const fixed = {
    instanceId: boot.instanceId, track: boot.track, version: boot.build.version,
    paths: {
      data: join(boot.paths.volume, 'data'), config: boot.paths.config, run: boot.paths.run, logs: boot.paths.logs, tls: boot.paths.tls,
      prefix: boot.build.prefix, bin: boot.build.bin,
    },
    tls: tlsFiles(boot.paths.tls),
    network: { bind: boot.bind, advertise: boot.advertise, ports: boot.ports },
    agentUser: boot.agentUser, isolated: boot.isolation === 'users',
  };
  return (frame) => ({
    ...fixed,
    flavor: allowance.current().flavor, volumeGb: allowance.current().volumeGb,
    sizing: state.current().inForce.sizing, parameters: state.current().inForce.parameters,
    managementSecret: secrets.managementSecret(),
    engine: createEngineHandle({ boot, engine, state, signal: frame.signal }),
    log: log.child({ operation: frame.operationId }),
    signal: frame.signal, deadline: frame.deadline, operationId: frame.operationId,
    progress: frame.progress ?? (() => undefined),
  });
}

/** A frame for the agent's own calls. */
export function ownFrame(purpose: string, timeoutMs: number, signal?: AbortSignal): CallFrame {
  const timeout = AbortSignal.timeout(timeoutMs);
  return { signal: signal ? AbortSignal.any([signal, timeout]) : timeout, deadline: new Date(Date.now() + timeoutMs), operationId: purpose };
}
